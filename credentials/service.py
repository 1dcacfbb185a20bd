"""Everything that a person or a command does to a credential. Whatever changes secrets is verified at the vendor first."""

import logging
from collections.abc import Callable, Mapping
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from credentials import health, key_pair, storing
from credentials.connection import connect, private_key_field, split, verified
from credentials.fields import SecretUnreadableError
from credentials.login import KEYS_LOST, read, renewed
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import CredentialKind

logger = logging.getLogger(__name__)

Status = Credential.Status


def create(
    kind: CredentialKind, name: str, data: Mapping[str, str], system: str = "", user: User | None = None, certificate: str = ""
) -> Credential:
    """A new credential, logged in and verified. FormErrors, errors.Misconfigured or errors.Retry: then nothing is stored."""
    credential = storing.blank(kind, name, system, user)
    storing.adopt(credential, connect(kind, credential.system, data, certificate))
    return storing.insert(credential, user)


def put(kind: CredentialKind, name: str, data: Mapping[str, str], system: str = "", certificate: str = "") -> Credential:
    """Like `create`, but a credential of the same name, kind and tenant gets the new secrets. No name: what it opens."""
    system = storing.system_of(kind, system)
    connection = connect(kind, system, data, certificate)
    opens = kind.label if registry.signs_hooks(kind) else registry.system_label(system)
    name = name.strip() or f"{opens} {connection.verified.tenant}".strip()
    same = Credential.objects.filter(name=name, kind=kind.kind, system=system, tenant__in=("", connection.verified.tenant)).first()
    if same is not None:
        return storing.overwrite(same, connection, None)
    credential = storing.blank(kind, name, system, None)
    storing.adopt(credential, connection)
    return storing.insert(credential, None)


def create_draft(kind: CredentialKind, name: str, data: Mapping[str, str], system: str = "", user: User | None = None) -> Credential:
    """A credential with a new key pair that the vendor does not know yet. Keeps the settings in `data` as typed. FormErrors."""
    credential = storing.blank(kind, name, system, user)
    credential.settings = split(kind, data)[0]
    storing.insert(credential, user)
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
        data, certificate = {**data, **waiting(credential)}, credential.new_certificate
    return storing.overwrite(credential, connect(kind, credential.system, data, certificate), user)


def verify(credential: Credential, user: User | None = None) -> Credential:
    """Logs in again with a new token and asks whose books it opens. errors.Misconfigured marks it as failed, errors.Retry does not."""
    if credential.status in (Status.DRAFT, Status.DISCONNECTED):
        raise errors.Misconfigured(f"{credential.name} is not connected. Connect it first.")
    current = renewed(read(credential.pk))
    token = current.token
    if token is None:
        raise errors.Retry("The credential changed while it was tested.")
    try:
        found = verified(current.declaration, current.system, current.settings, current.secrets, token)
        storing.same_books(current, found.tenant)
    except errors.Misconfigured as refused:
        health.mark_failed(current, refused.sentence)
        raise
    health.mark_verified(current, found, user)
    return current


def disconnect(credential: Credential, user: User | None = None) -> str:
    """Forgets its secrets and gives its login back to the vendor. Its integrations wait until it is connected again.

    "", or a sentence when the vendor did not take the login back.
    """
    with transaction.atomic():
        now = storing.locked(credential)
        give_back = _revoking(now)
        storing.forget(credential)
        credential.status = Status.DISCONNECTED
        credential.save()
        health.announce(credential, "disconnected", user, health.facts(now))
    return _given_back(credential, give_back)


def delete(credential: Credential, user: User | None = None) -> str:
    """Only an unused one: django.db.models.ProtectedError otherwise. Gives its login back and answers as `disconnect` does."""
    with transaction.atomic():
        now = storing.locked(credential)
        give_back = _revoking(now)
        health.announce(credential, "deleted", user, health.facts(now))
        credential.delete()
    return _given_back(now, give_back)


def waiting(credential: Credential) -> dict[str, str]:
    """What waits to be connected, {field name: value}. errors.Misconfigured when no key opens it."""
    try:
        return credential.new_key or {}
    except SecretUnreadableError:
        raise errors.Misconfigured(KEYS_LOST, code="SECRETS_UNREADABLE") from None


def _revoking(credential: Credential) -> Callable[[], None] | None:
    """Gives the stored login back when called; None where its kind has no way to, or there is none that can be read."""
    try:
        kind, settings, secrets, token = credential.declaration, credential.settings, credential.secrets, credential.token
    except (KeyError, SecretUnreadableError):
        return None
    return partial(kind.revoke, settings, secrets, token) if kind.revoke and token else None


def _given_back(credential: Credential, give_back: Callable[[], None] | None) -> str:
    try:
        if give_back:
            give_back()
    except errors.DeliveryError as failure:
        logger.warning("Credential %s: the login was not given back: %s", credential.pk, failure.code)
        label = credential.system_label
        return f"{label} did not take the login back, so it may still be valid there: {failure.sentence} Remove this connection in {label}."
    return ""
