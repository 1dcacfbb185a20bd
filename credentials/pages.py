"""What the credential pages show, as plain values for the templates."""

from collections.abc import Iterator
from typing import Any, NamedTuple

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
    """One step of the set-up page; `into` is the label of the field here that takes what is copied there."""

    step: SetupStep
    into: str


def address(action: str, credential: Credential) -> str:
    return reverse(f"admin:credentials_credential_{action}", args=[credential.pk])


def next_address(request: HttpRequest, otherwise: str) -> str:
    """Where the person came from, if it is one of our pages."""
    wanted = request.GET.get("next", "")
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if wanted and allowed else otherwise


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
    return [Step(step, labels.get(step.copies, step.copies)) for step in kind.setup]


def kinds_by_system(only: str = "") -> dict[str, list[tuple[CredentialKind, str]]]:
    """System label -> kinds that log in there, each with the system's name."""
    found: dict[str, list[tuple[CredentialKind, str]]] = {}
    for kind in registry.credential_kinds():
        for name in kind.systems:
            if only in ("", name):
                found.setdefault(registry.system_label(name), []).append((kind, name))
    return found


def known(credential: Credential) -> list[tuple[str, str]]:
    """Label and value of everything that is not secret; of a secret only that it is there."""
    kind = declared(credential)
    shown = [(field, credential.settings.get(field.name) or "none") for field in (kind.fields if kind else ())]
    return [(field.label, _secret_words(credential, field) if field.secret else value) for field, value in shown]


def _secret_words(credential: Credential, field: CredentialField) -> str:
    if credential.status in (Credential.Status.VERIFIED, Credential.Status.AUTH_FAILED):
        return "stored, never shown"
    return "made here, not connected yet" if field.kind == "private_key" and credential.new_certificate else "none stored"


def certificate_facts(certificate: str) -> dict[str, Any] | None:
    if not certificate:
        return None
    return {"fingerprint": key_pair.fingerprint(certificate), "expires_at": key_pair.expires_at(certificate)}


def notices(credential: Credential, may_connect: bool) -> list[Notice]:
    """Standing facts, the worst first; buttons only for those who may press them."""
    found = list(_notices(credential))
    return found if may_connect else [notice | {"button": None} for notice in found]


def _notices(credential: Credential) -> Iterator[Notice]:
    connect = address("connect", credential)
    if unreadable(credential):
        yield _notice("red", "The secrets cannot be read.", KEYS_LOST, "Replace secrets", connect)
    elif credential.status == Credential.Status.AUTH_FAILED:
        text = f"{credential.status_reason} Its integrations wait; nothing is lost."
        yield _notice("red", "The login failed.", text, "Replace secrets", connect)
    elif credential.status == Credential.Status.DISCONNECTED:
        text = "Its secrets are deleted. Its integrations wait until it is connected again."
        yield _notice("", "This credential is disconnected.", text, "Connect credential", connect)
    elif credential.status == Credential.Status.DRAFT:
        text = "Its key pair is ready: upload the certificate, then enter what you get for it."
        yield _notice("amber", "This credential is not connected yet.", text, "Connect credential", connect)
    elif credential.new_certificate:
        text = "The present login goes on until the new one is connected."
        yield _notice("blue", "A new key pair waits.", text, "Connect it", connect)
    else:
        yield from _expiry(credential, connect)


def _expiry(credential: Credential, connect: str) -> Iterator[Notice]:
    if credential.expires_at is None or credential.state not in (State.EXPIRES_SOON, State.EXPIRED):
        return
    date = f"{credential.expires_at.day} {credential.expires_at:%b %Y}"
    days = (credential.expires_at.date() - timezone.now().date()).days
    left = "today" if days < 1 else "tomorrow" if days == 1 else f"in {days} days"
    renew = ("Make a new key pair", f"{connect}?key=generate")
    if credential.state == State.EXPIRED:
        text = f"It ended on {date}; the next login will be refused. Make a new key pair and upload its certificate."
        yield _notice("red", "The certificate has expired.", text, *renew)
    else:
        text = f"It ends on {date}. Make a new key pair before then; the present login goes on until the new one is connected."
        yield _notice("amber", f"The certificate expires {left}.", text, *renew)


def _notice(tone: str, title: str, text: str, label: str, url: str) -> Notice:
    return {"tone": tone, "title": title, "text": text, "button": {"label": label, "url": url}}
