"""What is known of a credential: that it logs in, or why it does not."""

import datetime
import logging
from typing import Any

from django.utils import timezone

from credentials.models import Credential
from integrations.contract import Usage, Verified, changed

logger = logging.getLogger(__name__)

Status = Credential.Status


def facts(credential: Credential) -> dict[str, Any]:
    """What the history keeps of a credential. No secret, no token, no vendor's id of a login."""
    names = ("name", "system", "kind", "tenant", "status")
    return {name: getattr(credential, name) for name in names} | {"expires_at": _iso(credential.expires_at)}


def _iso(when: datetime.datetime | None) -> str | None:
    return when.isoformat() if when else None


def announce(credential: Credential, verb: str, actor: Any, before: dict[str, Any]) -> None:
    changed.send(sender=Credential, actor=actor, subject=credential, verb=verb, before=before, after=facts(credential))


def mark_failed(credential: Credential, reason: str) -> None:
    """The login was refused; `reason` is the sentence that people read. Ignored when somebody has verified the credential since."""
    same = Credential.objects.filter(pk=credential.pk, last_verified_at=credential.last_verified_at)
    before = facts(credential)
    news = same.filter(status=Status.VERIFIED).update(status=Status.AUTH_FAILED, status_reason=reason)
    if not news and not same.filter(status=Status.AUTH_FAILED).update(status_reason=reason):
        return
    credential.status, credential.status_reason = Status.AUTH_FAILED, reason
    if news:
        logger.warning("Credential %s: the login failed", credential.pk)
        announce(credential, "failed", None, before)


def note_usage(credential: Credential, usage: Usage) -> None:
    """How much of the vendor's allowance of calls is used up."""
    read = {"calls_used": usage.used, "calls_allowed": usage.limit, "calls_read_at": timezone.now()}
    Credential.objects.filter(pk=credential.pk).update(**read)
    for name, value in read.items():
        setattr(credential, name, value)


def mark_verified(credential: Credential, verified: Verified, actor: Any = None) -> None:
    """It logs in. Ignored when its secrets have changed since `credential` was read."""
    before, now = facts(credential), timezone.now()
    told = {"tenant": verified.tenant, "note": verified.note, "currencies": list(verified.currencies)}
    good = {"status": Status.VERIFIED, "status_reason": "", "last_verified_at": now} | told
    if Credential.objects.filter(pk=credential.pk, serial=credential.serial).update(**good):
        for name, value in good.items():
            setattr(credential, name, value)
        announce(credential, "verified", actor, before)
