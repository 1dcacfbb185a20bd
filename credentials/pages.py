"""What the credential pages show, as plain values for the templates."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from credentials import key_pair
from credentials.fields import SecretUnreadableError
from credentials.login import KEYS_LOST
from credentials.models import Credential, State
from integrations import registry
from integrations.contract import CredentialField, CredentialKind, SetupStep

Notice = dict[str, Any]
LIST = "admin:credentials_credential_changelist"


class Step(NamedTuple):
    """One step of the set-up page; `into` is the label of the field here that takes what is copied there, `download` where files are."""

    step: SetupStep
    into: str
    download: str = ""


def address(action: str, credential: Credential) -> str:
    return reverse(f"admin:credentials_credential_{action}", args=[credential.pk])


def next_address(request: HttpRequest, otherwise: str) -> str:
    """Where the person came from, if it is one of our pages."""
    wanted = request.GET.get("next", "")
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and allowed else otherwise


def with_next(address: str, back: str) -> str:
    return f"{address}?{urlencode({'next': back})}" if back else address


def onward(request: HttpRequest, address: str) -> str:
    """An address that still knows where the person came from."""
    return with_next(address, next_address(request, ""))


def declared(credential: Credential) -> CredentialKind | None:
    """The kind, or None when its package is gone."""
    try:
        return credential.declaration
    except KeyError:
        return None


def unreadable(credential: Credential) -> bool:
    try:
        _ = credential.secrets, credential.new_key
    except SecretUnreadableError:
        return True
    return False


def steps(kind: CredentialKind) -> list[Step]:
    labels = {field.name: field.label for field in kind.fields}
    return [
        Step(
            step,
            labels.get(step.copies, step.copies),
            reverse("admin:credentials_credential_setup_files", args=[kind.kind, place]) if step.files else "",
        )
        for place, step in enumerate(kind.setup)
    ]


def kinds_by_system(only: str = "") -> dict[str, list[tuple[CredentialKind, str]]]:
    """System label -> kinds that log in there, each with the system's name."""
    found: dict[str, list[tuple[CredentialKind, str]]] = {}
    for kind in registry.credential_kinds():
        for name in kind.systems:
            if only in ("", name):
                found.setdefault(registry.system_label(name), []).append((kind, name))
    return found


def known(credential: Credential) -> list[tuple[str, str]]:
    """Label and value of everything that is not secret; of a secret that a person gave only that it is there."""
    kind = declared(credential)
    shown = [field for field in (kind.fields if kind else ()) if not field.from_consent or _given_beside_books(credential, field)]
    return [(field.label, _known(credential, field)) for field in shown]


def _given_beside_books(credential: Credential, field: CredentialField) -> bool:
    return not field.secret and credential.settings.get(field.name, "") not in ("", credential.tenant)


def _known(credential: Credential, field: CredentialField) -> str:
    if not field.secret:
        return credential.settings.get(field.name) or "none"
    if credential.status in (Credential.Status.VERIFIED, Credential.Status.AUTH_FAILED):
        return "stored, never shown"
    if credential.new_certificate and field.kind == "private_key":
        return "made here, not connected yet"
    return "stored, not connected yet" if waits_for_consent(credential) else "none stored"


def consents(credential: Credential) -> bool:
    """Whether a person connects it at the vendor."""
    kind = declared(credential)
    return bool(kind and kind.consent)


def source_use(credential: Credential) -> str:
    """What the source that declares its kind does with it, as a sentence; "" for a destination's."""
    for source in registry.sources():
        if source.hook is not None and source.hook.kind.kind == credential.kind:
            return f"{source.label} signs its events with it: they are checked with this secret."
        if credential.kind in [kind.kind for kind in source.credential_kinds]:
            return f"Bills are read from {source.label} with it."
    return ""


def gives_back(credential: Credential) -> bool:
    """Whether disconnecting it also ends its login at the vendor."""
    kind = declared(credential)
    return bool(kind and kind.revoke) and not unreadable(credential) and credential.token is not None


def same_login(credential: Credential) -> list[Credential]:
    """Other credentials that a person consented to for the same books: a vendor may end them all together."""
    if not gives_back(credential):
        return []
    alike = Credential.objects.filter(kind=credential.kind, tenant=credential.tenant, status=Credential.Status.VERIFIED)
    return list(alike.exclude(pk=credential.pk))


def waits_for_consent(credential: Credential) -> bool:
    """Whether new secrets are given and the vendor has not been asked with them."""
    return consents(credential) and not unreadable(credential) and bool(credential.new_key)


def certificate_facts(certificate: str) -> dict[str, Any] | None:
    if not certificate:
        return None
    return {"fingerprint": key_pair.fingerprint(certificate), "expires_at": key_pair.expires_at(certificate)}


def notices(credential: Credential, may_connect: bool) -> list[Notice]:
    """Standing facts, the worst first; buttons only for those who may press them."""
    found = list(_notices(credential))
    return found if may_connect else [notice | {"button": None} for notice in found]


def _notices(credential: Credential) -> Iterator[Notice]:
    connect, consent = address("connect", credential), address("consent", credential)
    if unreadable(credential):
        yield _notice("red", "The secrets cannot be read.", KEYS_LOST, "Replace secrets", connect)
    elif credential.status == Credential.Status.AUTH_FAILED:
        text = f"{credential.status_reason} Its integrations wait; nothing is lost."
        yield _notice("red", "The login failed.", text, *(("Reconnect", consent) if consents(credential) else ("Replace secrets", connect)))
    elif credential.usable and credential.nearly_used_up:
        yield {
            "tone": "amber",
            "title": f"{credential.system_label} has used most of its API calls.",
            "text": "All integrations of these books share them, so from 80 percent on we send one request at a time.",
            "button": None,
        }
    elif credential.status == Credential.Status.DISCONNECTED and not waits_for_consent(credential):
        text = "Its secrets are deleted. Its integrations wait until it is connected again."
        yield _notice("", "This credential is disconnected.", text, "Connect credential", connect)
    elif credential.status == Credential.Status.DRAFT and not consents(credential):
        text = "Its key pair is ready: upload the certificate, then enter what you get for it."
        yield _notice("amber", "This credential is not connected yet.", text, "Connect credential", connect)
    elif not credential.usable:
        text = f"Its secrets are stored; {credential.system_label} asks you next whose books it may open."
        yield _notice("amber", "This credential is not connected yet.", text, f"Connect to {credential.system_label}", consent)
    elif credential.new_certificate:
        text = "The present login goes on until the new one is connected."
        yield _notice("blue", "A new key pair waits.", text, "Connect it", connect)
    elif waits_for_consent(credential):
        text = f"The present login goes on until you have connected with them at {credential.system_label}."
        yield _notice("blue", "New secrets wait.", text, "Reconnect", consent)
    else:
        yield from _expiry(credential)


def _expiry(credential: Credential) -> Iterator[Notice]:
    if credential.expires_at is None or credential.state not in (State.EXPIRES_SOON, State.EXPIRED):
        return
    date = f"{credential.expires_at.day} {credential.expires_at:%b %Y}"
    days = (credential.expires_at.date() - timezone.now().date()).days
    left = "today" if days < 1 else "tomorrow" if days == 1 else f"in {days} days"
    expired = credential.state == State.EXPIRED
    noun, what, renew = _renewal(credential)
    title = f"The {noun} has expired." if expired else f"The {noun} expires {left}."
    start = f"It ended on {date}; the next login will be refused." if expired else f"It ends on {date}."
    yield _notice("red" if expired else "amber", title, f"{start} {what}", *renew)


def _renewal(credential: Credential) -> tuple[str, str, tuple[str, str]]:
    """What ends, what to do about it, and the button that does it."""
    if consents(credential):
        text = f"Reconnect it: {credential.system_label} asks you again, and the credential and its integrations stay as they are."
        return "connection", text, ("Reconnect", address("consent", credential))
    text = "Make a new key pair and upload its certificate; the present login goes on until the new one is connected."
    return "certificate", text, ("Make a new key pair", f"{address('connect', credential)}?key=generate")


def _notice(tone: str, title: str, text: str, label: str, url: str) -> Notice:
    return {"tone": tone, "title": title, "text": text, "button": {"label": label, "url": url}}
