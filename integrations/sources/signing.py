"""What the hooks of sources have in common: HMAC-SHA-256 signatures, their age, and the credential that holds the secrets. Pure."""

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence

from integrations.contract import CredentialField, CredentialKind, Forged, SetupStep, Token, Verified
from integrations.sources.typed import Check, Values, cleaned, one_word

TOLERANCE = dt.timedelta(minutes=5)


def signature(secret: str, signed: bytes) -> str:
    """64 small hexadecimal digits."""
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def demand_signed(given: str, secrets: Sequence[str], signed: bytes) -> None:
    """Forged unless one of the secrets makes this signature. Every secret is tried, each in constant time."""
    matches = [hmac.compare_digest(signature(secret, signed).encode(), given.encode()) for secret in secrets]
    if not any(matches):
        raise Forged("The signature is not one that our secrets make.")


def demand_fresh(signed_at: dt.datetime, now: dt.datetime) -> None:
    if abs(now - signed_at) > TOLERANCE:
        raise Forged("The signature is older than five minutes, or from the future.")


def secret_kind(
    *,
    kind: str,
    label: str,
    vendor: str,
    whose: CredentialField,
    check: Check,
    secret: tuple[str, str],
    setup: tuple[SetupStep, ...],
    stored: Callable[[str], str] = str,
) -> CredentialKind:
    """The credential for the secrets that sign a vendor's hooks: `whose` hooks they are, which is the tenant as `stored` writes it, and
    a `secret` (label, help) with a second one that stays valid while the first is replaced."""
    fields = (
        whose,
        CredentialField(name="secret", label=secret[0], help=secret[1], secret=True),
        CredentialField(
            name="previousSecret",
            label=f"Previous {secret[0].lower()}",
            help="Still valid while the secret is replaced.",
            secret=True,
            required=False,
        ),
    )
    checks = {whose.name: check, "secret": one_word(secret[0], vendor), "previousSecret": one_word(f"Previous {secret[0].lower()}", vendor)}

    def clean(settings: Values, secrets: Values) -> tuple[Values, Values]:
        kept, hidden = cleaned(fields, checks, settings, secrets)
        return {whose.name: stored(kept[whose.name])}, hidden

    def verify(settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Verified:
        return Verified(tenant=settings[whose.name])

    return CredentialKind(
        kind=kind,
        label=label,
        systems=(vendor,),
        fields=fields,
        clean=clean,
        obtain=_never,
        verify=verify,
        authorise=lambda settings, secrets, token: {},
        setup=setup,
    )


def _never(settings: Mapping[str, str], secrets: Mapping[str, str]) -> Token:
    raise NotImplementedError("Nobody logs in with a signing secret.")
