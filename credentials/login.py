"""Gets tokens under a lease: however many workers need one, one of them asks, the others wait and read."""

import datetime
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from credentials.connection import first_token
from credentials.fields import SecretUnreadableError
from credentials.health import mark_failed
from credentials.models import Credential, Kept
from integrations import errors
from integrations.contract import Token

logger = logging.getLogger(__name__)

LEASE = datetime.timedelta(seconds=60)
MARGIN = datetime.timedelta(minutes=2)
PATIENCE = 30.0
PAUSE = 0.05
CHANGED = "The credential changed while we logged in."
KEYS_LOST = (
    "The stored secrets of this credential cannot be read with the present encryption keys. "
    "Put the key that they were written with back into FERNET_KEYS, or replace the secrets."
)


def read(credential_id: UUID) -> Credential:
    """The credential with its secrets. errors.Misconfigured when it is gone, cannot be decrypted, or its kind is unknown."""
    try:
        credential = Credential.objects.get(pk=credential_id)
        _ = credential.declaration, credential.secrets, credential.tokens
    except Credential.DoesNotExist:
        raise errors.Misconfigured("The credential no longer exists. Connect another one.") from None
    except SecretUnreadableError as lost:
        mark_failed(credential, KEYS_LOST)
        raise errors.Misconfigured(KEYS_LOST, code="SECRETS_UNREADABLE") from lost
    except KeyError as kind:
        raise errors.Misconfigured(f"No installed package knows the credential kind {kind}.") from None
    return credential


def demand_usable(credential: Credential) -> None:
    """errors.Misconfigured with the known reason: a login that was refused is not tried again until a person acts."""
    if not credential.usable:
        reason = credential.status_reason or f"The credential {credential.name} is not connected."
        raise errors.Misconfigured(reason, code=credential.status)


def logged_in(credential_id: UUID, rejected: int | None = None) -> Credential:
    """The credential with a token that lasts two more minutes and is newer than the serial `rejected`.

    errors.Misconfigured when the login is refused (the credential is then marked) or not usable, errors.Retry when there is none yet.
    """
    credential = read(credential_id)
    demand_usable(credential)
    return credential if credential.serial != rejected and fresh(credential) else renewed(credential)


def renewed(credential: Credential) -> Credential:
    """The credential, as just read, with a new token: obtained here, or by another worker meanwhile."""
    return _obtain(credential) if _lease(credential) else _wait(credential)


def fresh(credential: Credential) -> bool:
    return credential.tokens_expire_at is not None and credential.tokens_expire_at - timezone.now() > MARGIN


def _lease(credential: Credential) -> bool:
    """Takes the lease unless somebody holds it, or has held it since `credential` was read."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    same = Credential.objects.filter(free, pk=credential.pk, fence=credential.fence, serial=credential.serial)
    taken = same.update(lease_until=now + LEASE, fence=credential.fence + 1)
    credential.fence += taken
    return bool(taken)


def _obtain(credential: Credential) -> Credential:
    ours = Credential.objects.filter(pk=credential.pk, fence=credential.fence)
    unchanged = Credential.objects.filter(pk=credential.pk, serial=credential.serial)
    try:
        token = _ask(credential)
    except errors.DeliveryError as failure:
        if isinstance(failure, errors.Misconfigured):
            if not unchanged.exists():
                raise errors.Retry(CHANGED) from failure
            mark_failed(credential, failure.sentence)
        ours.update(lease_until=None, fence=credential.fence + 1)
        raise
    values: dict[str, Any] = {"tokens": msgspec.to_builtins(token), "tokens_expire_at": token.expires_at}
    if token.refresh_expires_at:
        values["expires_at"] = token.refresh_expires_at
    _record(credential, values, ours, unchanged)
    logger.info("Credential %s: new token until %s", credential.pk, token.expires_at)
    return credential


def _record(credential: Credential, values: dict[str, Any], ours: QuerySet[Credential], unchanged: QuerySet[Credential]) -> None:
    """Also after our lease ran out, unless something newer is stored: a refresh token that is lost may be the only one that works."""
    risen = {**values, "serial": F("serial") + 1}
    if not ours.update(lease_until=None, **risen) and not unchanged.update(**risen):
        raise errors.Retry(CHANGED)
    for name, value in values.items():
        setattr(credential, name, value)
    credential.refresh_from_db(fields=["serial"])


def _ask(credential: Credential) -> Kept:
    kind, token = credential.declaration, credential.token
    if kind.refresh is None or token is None or not token.refresh:
        return Kept(**vars(first_token(kind, credential.settings, credential.secrets)))
    return _refreshed(partial(kind.refresh, credential.settings, credential.secrets), token)


def _refreshed(refresh: Callable[[Token], Token], token: Kept) -> Kept:
    """With the newest refresh token; with the one before it, once, when that is refused."""
    try:
        return _kept(refresh(token), token)
    except errors.Misconfigured as refused:
        if not token.previous:
            raise
        older = replace(token, refresh=token.previous, previous="")
        try:
            return _kept(refresh(older), older)
        except errors.Misconfigured:
            raise refused from None


def _kept(new: Token, used: Kept) -> Kept:
    """The new token, with the refresh token that it was got with to fall back on."""
    rotated = bool(new.refresh) and new.refresh != used.refresh
    return Kept(
        value=new.value,
        expires_at=new.expires_at,
        refresh=new.refresh or used.refresh,
        refresh_expires_at=new.refresh_expires_at or used.refresh_expires_at,
        previous=used.refresh if rotated else used.previous,
    )


def _wait(before: Credential) -> Credential:
    """For the worker that holds the lease. It also ends when that worker gave up, so that a refused login is not tried N times."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        time.sleep(PAUSE)
        now = read(before.pk)
        if before.usable:
            demand_usable(now)
        if now.serial != before.serial and now.token is not None:
            return now
        if now.lease_until is None:
            break
    raise errors.Retry(f"Another worker is logging in with {before.name}; the next try uses its token.")
