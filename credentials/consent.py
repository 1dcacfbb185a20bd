"""Connecting by a person's consent at the vendor: the authorisation code of RFC 6749 section 4.1, with PKCE (RFC 7636) where asked for."""

import base64
import hashlib
import secrets as randomness
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.urls import reverse

from credentials import health, service, storing
from credentials.connection import Connection, cleaned, kept, verified
from credentials.models import Credential
from integrations import errors
from integrations.contract import Consent, CredentialKind, Redeemed

KEY = "credentials.consents"
MOST_OPEN = 5
LIFETIME = 60 * 60


@dataclass(frozen=True, kw_only=True)
class Started:
    """A consent that was asked for in this session: for which credential, and where the person goes afterwards. `at` in seconds."""

    credential: str
    verifier: str
    back: str
    at: float


def redirect_uri() -> str:
    """Where every vendor sends people back to; their administrators enter it there."""
    return f"{django_settings.BASE_URL}{reverse('admin:credentials_credential_callback')}"


def create(kind: CredentialKind, name: str, data: Mapping[str, str], system: str = "", user: User | None = None) -> Credential:
    """A credential that waits for consent, with its data stored encrypted. FormErrors."""
    credential = storing.blank(kind, name, system, user)
    credential.settings, _ = cleaned(kind, data, before_consent=True)
    credential.new_key = _asked(kind, data)
    return storing.insert(credential, user)


def prepare(credential: Credential, data: Mapping[str, str], user: User | None = None) -> None:
    """Keeps new data for the next consent; the present login goes on until then. FormErrors."""
    credential.new_key = _asked(credential.declaration, data)
    credential.save(update_fields=["new_key"])
    health.announce(credential, "gave new secrets", user, health.facts(credential))


def login_data(credential: Credential) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and secrets to consent with: what waits, else those of the present login. FormErrors for what has to be given first."""
    kind = credential.declaration
    stored = {**credential.settings, **credential.secrets, **service.waiting(credential)}
    return cleaned(kind, {each.name: stored.get(each.name, "") for each in kind.fields if not each.from_consent}, before_consent=True)


def start(session: SessionBase, credential: Credential, back: str) -> str:
    """The address of the vendor's authorise page, with a state that only this session can bring back, once, within an hour."""
    kind = credential.declaration
    if kind.consent is None:
        raise LookupError(f"{kind.kind} is not connected by consent")
    state, verifier = randomness.token_urlsafe(32), randomness.token_urlsafe(64) if kind.pkce else ""
    started = Started(credential=str(credential.pk), verifier=verifier, back=back, at=time.time())
    latest = list(session.get(KEY, {}).items())[1 - MOST_OPEN :]
    session[KEY] = {**dict(latest), state: asdict(started)}
    return kind.consent(*login_data(credential), Consent(state=state, redirect_uri=redirect_uri(), challenge=_challenge(verifier)))


def finish(session: SessionBase, state: str) -> Started | None:
    """What was started with a state, once; None when this session did not start it or it was too long ago."""
    open_ones = dict(session.get(KEY, {}))
    found = open_ones.pop(state, None)
    session[KEY] = open_ones
    return Started(**found) if found and time.time() - found["at"] < LIFETIME else None


def redeem(credential: Credential, started: Started, code: str, answer: Mapping[str, str], user: User | None = None) -> Credential:
    """Connects it with what the vendor sent back; errors.Misconfigured, also for other books, or errors.Retry: then all stays as it was."""
    kind = credential.declaration
    if kind.redeem is None:
        raise LookupError(f"{kind.kind} is not connected by consent")
    settings, secrets = login_data(credential)
    redeemed = Redeemed(code=code, redirect_uri=redirect_uri(), verifier=started.verifier, answer=answer)
    found, token = kind.redeem(settings, secrets, redeemed)
    settings = {**settings, **found}
    login = Connection(
        settings=settings,
        secrets=kept(kind, secrets),
        token=token,
        verified=verified(kind, credential.system, settings, secrets, token),
        expires_at=token.refresh_expires_at,
    )
    return storing.overwrite(credential, login, user, again="reconnected")


def refusal(label: str, error: str, description: str) -> errors.Refused:
    """Why the vendor sent the person back without a code (RFC 6749 section 4.1.2.1), in words."""
    if error == "access_denied":
        return errors.Refused(f"{label} was not connected, because the permission was not given there. Nothing changed here.", code=error)
    if error in ("server_error", "temporarily_unavailable"):
        return errors.Refused(f"{label} could not connect just now. Nothing changed here; try again in a few minutes.", code=error)
    words = f' It said: "{description or error}".' if description or error else ""
    return errors.Refused(f"{label} sent no permission back, so nothing changed here.{words}", code=error)


def _asked(kind: CredentialKind, data: Mapping[str, str]) -> dict[str, str]:
    settings, secrets = cleaned(kind, data, before_consent=True)
    return {each.name: {**settings, **secrets}.get(each.name, "") for each in kind.fields if not each.from_consent}


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() if verifier else ""
