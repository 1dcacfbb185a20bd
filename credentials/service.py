"""Everything that a person or a command does to a credential. Whatever changes secrets is verified at the vendor first."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from credentials import health, key_pair
from credentials.connection import Connection, FormErrors, connect, private_key_field, split
from credentials.fields import SecretUnreadableError
from credentials.login import KEYS_LOST, read, renewed
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import CredentialKind

Status = Credential.Status


def create(
    kind: CredentialKind, name: str, data: Mapping[str, str], system: str = "", user: User | None = None, certificate: str = ""
) -> Credential:
    """A new credential, logged in and verified. FormErrors, errors.Misconfigured or errors.Retry: then nothing is stored."""
    credential = _blank(kind, name, system, user)
    _adopt(credential, connect(kind, data, certificate))
    return _insert(credential, user)


def put(kind: CredentialKind, name: str, data: Mapping[str, str], system: str = "", certificate: str = "") -> Credential:
    """Like `create`, but a credential of the same name, kind and tenant gets the new secrets. No name: what it opens."""
    system = _system(kind, system)
    connection = connect(kind, data, certificate)
    opens = kind.label if registry.signs_hooks(kind) else registry.system_label(system)
    name = name.strip() or f"{opens} {connection.verified.tenant}".strip()
    same = Credential.objects.filter(name=name, kind=kind.kind, system=system, tenant__in=("", connection.verified.tenant)).first()
    if same is not None:
        return _overwrite(same, connection, None)
    credential = _blank(kind, name, system, None)
    _adopt(credential, connection)
    return _insert(credential, None)


def create_draft(kind: CredentialKind, name: str, data: Mapping[str, str], system: str = "", user: User | None = None) -> Credential:
    """A credential with a new key pair that the vendor does not know yet. Keeps the settings in `data` as typed. FormErrors."""
    credential = _blank(kind, name, system, user)
    credential.settings = split(kind, data)[0]
    _insert(credential, user)
    make_key_pair(credential, user)
    return credential


def make_key_pair(credential: Credential, user: User | None = None) -> None:
    """A new key pair beside the present one, which goes on until the new one is connected. Takes about a second."""
    pair = key_pair.generate(credential.name)
    credential.new_key = {private_key_field(credential.declaration): pair.private_key}
    credential.new_certificate = pair.certificate
    credential.save(update_fields=["new_key", "new_certificate"])
    health.announce(credential, "made a key pair", user, health.facts(credential))


def replace_secrets(credential: Credential, data: Mapping[str, str], user: User | None = None, certificate: str = "") -> Credential:
    """Connects it with new data; the waiting new key is used where `data` has no private key.

    FormErrors, errors.Misconfigured or errors.Retry: then the stored login stays as it was.
    """
    kind = credential.declaration
    if credential.new_certificate and not data.get(private_key_field(kind)):
        data, certificate = {**data, **_waiting_key(credential)}, credential.new_certificate
    return _overwrite(credential, connect(kind, data, certificate), user)


def verify(credential: Credential, user: User | None = None) -> Credential:
    """Logs in again with a new token and asks whose books it opens. errors.Misconfigured marks it as failed, errors.Retry does not."""
    if credential.status in (Status.DRAFT, Status.DISCONNECTED):
        raise errors.Misconfigured(f"{credential.name} is not connected. Connect it first.")
    current = renewed(read(credential.pk))
    token = current.token
    if token is None:
        raise errors.Retry("The credential changed while it was tested.")
    try:
        verified = current.declaration.verify(current.settings, current.secrets, token)
        _same_books(current, verified.tenant)
    except errors.Misconfigured as refused:
        health.mark_failed(current, refused.sentence)
        raise
    health.mark_verified(current, verified, user)
    return current


def disconnect(credential: Credential, user: User | None = None) -> None:
    """Forgets its secrets and tokens. Its integrations wait until it is connected again."""
    with transaction.atomic():
        before = _locked(credential)
        _forget(credential)
        credential.status = Status.DISCONNECTED
        credential.save()
        health.announce(credential, "disconnected", user, before)


def delete(credential: Credential, user: User | None = None) -> None:
    """Only an unused one: django.db.models.ProtectedError otherwise."""
    with transaction.atomic():
        health.announce(credential, "deleted", user, health.facts(credential))
        credential.delete()


def _waiting_key(credential: Credential) -> dict[str, str]:
    try:
        return credential.new_key or {}
    except SecretUnreadableError:
        raise errors.Misconfigured(KEYS_LOST, code="SECRETS_UNREADABLE") from None


def _forget(credential: Credential) -> None:
    credential.secrets, credential.tokens, credential.tokens_expire_at = {}, None, None
    credential.new_key, credential.new_certificate = None, ""
    credential.certificate, credential.expires_at, credential.status_reason = "", None, ""


def _blank(kind: CredentialKind, name: str, system: str, user: User | None) -> Credential:
    name = name.strip()
    if not name:
        raise FormErrors({"name": "The name is missing. People choose credentials by their name."})
    if len(name) > 200:
        raise FormErrors({"name": "A name has at most 200 characters."})
    if Credential.objects.filter(name=name).exists():
        raise FormErrors({"name": _taken(name)})
    return Credential(name=name, kind=kind.kind, system=_system(kind, system), created_by=user)


def _taken(name: str) -> str:
    return f'Another credential is called "{name}". Choose another name, or replace the secrets of that one.'


def _system(kind: CredentialKind, system: str) -> str:
    if system and system not in kind.systems:
        raise FormErrors({"system": f"{kind.kind} logs in to {' or '.join(kind.systems)}, not to {system}."})
    return system or kind.systems[0]


def _same_books(credential: Credential, tenant: str) -> None:
    if credential.tenant and credential.tenant != tenant:
        raise errors.Misconfigured(
            f"This login opens the books of {tenant}, but {credential.name} stands for {credential.tenant}. "
            "Create another credential for other books.",
            code="OTHER_BOOKS",
        )


def _overwrite(credential: Credential, connection: Connection, user: User | None) -> Credential:
    _same_books(credential, connection.verified.tenant)
    verb = "connected" if credential.status in (Status.DRAFT, Status.DISCONNECTED) else "replaced secrets"
    with transaction.atomic():
        before = _locked(credential)
        _adopt(credential, connection)
        credential.save()
        health.announce(credential, verb, user, before)
    return credential


def _locked(credential: Credential) -> dict[str, Any]:
    """Takes the row, so that no worker can record a token that it got with the old secrets; the facts until now."""
    now = Credential.objects.select_for_update().get(pk=credential.pk)
    credential.fence, credential.serial, credential.lease_until = now.fence + 1, now.serial + 1, None
    return health.facts(now)


def _adopt(credential: Credential, connection: Connection) -> None:
    _forget(credential)
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
    }
    for name, value in values.items():
        setattr(credential, name, value)


def _insert(credential: Credential, user: User | None) -> Credential:
    try:
        with transaction.atomic():
            credential.save(force_insert=True)
            health.announce(credential, "created", user, {})
    except IntegrityError:
        raise FormErrors({"name": _taken(credential.name)}) from None
    return credential
