"""How the row of a credential comes to be and changes. No HTTP."""

from typing import Any

import msgspec
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from credentials import health
from credentials.connection import Connection, FormErrors
from credentials.models import Credential
from integrations import errors
from integrations.contract import CredentialKind

Status = Credential.Status


def forget(credential: Credential) -> None:
    """Everything secret, and what goes with it."""
    credential.secrets, credential.tokens, credential.tokens_expire_at = {}, None, None
    credential.new_key, credential.new_certificate = None, ""
    credential.certificate, credential.expires_at, credential.status_reason = "", None, ""


def blank(kind: CredentialKind, name: str, system: str, user: User | None) -> Credential:
    """A new credential, not stored yet. FormErrors when its name is missing, too long or taken."""
    name = name.strip()
    if not name:
        raise FormErrors({"name": "The name is missing. People choose credentials by their name."})
    if len(name) > 200:
        raise FormErrors({"name": "A name has at most 200 characters."})
    if Credential.objects.filter(name=name).exists():
        raise FormErrors({"name": _taken(name)})
    return Credential(name=name, kind=kind.kind, system=system_of(kind, system), created_by=user)


def _taken(name: str) -> str:
    return f'Another credential is called "{name}". Choose another name, or replace the secrets of that one.'


def system_of(kind: CredentialKind, system: str) -> str:
    """The chosen system, or the kind's first. FormErrors when the kind does not log in there."""
    if system and system not in kind.systems:
        raise FormErrors({"system": f"{kind.kind} logs in to {' or '.join(kind.systems)}, not to {system}."})
    return system or kind.systems[0]


def same_books(credential: Credential, tenant: str) -> None:
    """errors.Misconfigured when the tenant is not the one that the credential stands for."""
    if credential.tenant and credential.tenant != tenant:
        raise errors.Misconfigured(
            f"This login opens the books of {tenant}, but {credential.name} stands for {credential.tenant}. "
            "Create another credential for other books.",
            code="OTHER_BOOKS",
        )


def overwrite(credential: Credential, connection: Connection, user: User | None, again: str = "replaced secrets") -> Credential:
    """Takes over a login that worked. errors.Misconfigured when it opens other books; `again` is the verb for a connected credential."""
    same_books(credential, connection.verified.tenant)
    verb = "connected" if credential.status in (Status.DRAFT, Status.DISCONNECTED) else again
    with transaction.atomic():
        before = health.facts(locked(credential))
        adopt(credential, connection)
        credential.save()
        health.announce(credential, verb, user, before)
    return credential


def locked(credential: Credential) -> Credential:
    """Takes the row, so that no worker can record a token that it got with the old secrets; what was stored until now."""
    now = Credential.objects.select_for_update().get(pk=credential.pk)
    credential.fence, credential.serial, credential.lease_until = now.fence + 1, now.serial + 1, None
    return now


def adopt(credential: Credential, connection: Connection) -> None:
    forget(credential)
    values: dict[str, Any] = {
        "settings": dict(connection.settings),
        "secrets": dict(connection.secrets),
        "tokens": msgspec.to_builtins(connection.token),
        "tokens_expire_at": connection.token.expires_at,
        "certificate": connection.certificate,
        "expires_at": connection.expires_at,
        "tenant": connection.verified.tenant,
        "status": Status.VERIFIED,
        "last_verified_at": timezone.now(),
        "note": connection.verified.note,
        "currencies": list(connection.verified.currencies),
    }
    for name, value in values.items():
        setattr(credential, name, value)


def insert(credential: Credential, user: User | None) -> Credential:
    try:
        with transaction.atomic():
            credential.save(force_insert=True)
            health.announce(credential, "created", user, {})
    except IntegrityError:
        raise FormErrors({"name": _taken(credential.name)}) from None
    return credential
