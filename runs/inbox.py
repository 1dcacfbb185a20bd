"""What sources post to us: verified, stored once in the transaction that acknowledges it, and bounded. What is refused is only counted."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django_q.tasks import async_task

from billing.models import Source as StoredSource
from credentials import hand_out
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import Arrived, Forged, Hook, Source
from runs.models import HookCount, Inbound

LONGEST = 200
STATUSES = {
    "received": 200,
    "repeated": 200,
    "unreadable": 400,
    "forged": 401,
    "unknown": 404,
    "no secret": 404,
    "oversized": 413,
    "busy": 429,
}
"""How a post may end, and the answer's status."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Post:
    """One post as it came in. `length` is what its sender says, `read` gives at most so many bytes."""

    headers: Mapping[str, str]
    length: int
    read: Callable[[int], bytes]


def receive(slug: str, post: Post) -> str:
    """Stores what a source posted; how it ended, a key of STATUSES. Only "received" and "repeated" are acknowledged."""
    source = _declared(slug)
    if source is None or source.hook is None:
        count("", "unknown")
        return "unknown"
    end = _received(slug, source, source.hook, post)
    if end != "received":
        count(slug, end)
    return end


def count(slug: str, kind: str) -> None:
    today = timezone.now().date()
    counted, _ = HookCount.objects.get_or_create(slug=slug, day=today, kind=kind)
    HookCount.objects.filter(pk=counted.pk).update(count=F("count") + 1)


def backlog(stored: StoredSource) -> int:
    """How many events wait, counted no further than they may."""
    return Inbound.objects.filter(source=stored, state=Inbound.State.WAITING)[: settings.INBOX_BACKLOG].count()


def secrets_of(hook: Hook, tenant: str) -> list[str]:
    """Every signing secret that may speak for a tenant: two are valid while one is being replaced."""
    fitting = Credential.objects.filter(kind=hook.kind.kind, status=Credential.Status.VERIFIED)
    if tenant:
        fitting = fitting.filter(Q(tenant=tenant) | Q(tenant=""))
    return [secret for pk in fitting.values_list("pk", flat=True) for secret in _secrets(pk) if secret]


def _secrets(pk: object) -> list[str]:
    try:
        return list(hand_out.secrets(pk).values())  # type: ignore[arg-type]
    except errors.Misconfigured as unreadable:
        log.warning("The signing secret %s cannot be used: %s", pk, unreadable.sentence)
        return []


def _declared(slug: str) -> Source | None:
    stored = StoredSource.objects.filter(slug=slug).values_list("platform", flat=True).first()
    try:
        return registry.source(stored or slug)
    except KeyError:
        return None


def _received(slug: str, source: Source, hook: Hook, post: Post) -> str:
    tenant = StoredSource.objects.filter(slug=slug).values_list("tenant", flat=True).first() or ""
    secrets = secrets_of(hook, tenant)
    if not secrets:
        return "no secret"
    body = b"" if post.length > hook.largest else post.read(hook.largest + 1)
    if post.length > hook.largest or len(body) > hook.largest:
        return "oversized"
    try:
        arrived = _fitting(hook.read(post.headers, body, secrets, timezone.now()), tenant)
    except Forged as forged:
        log.info("A post to the hook of %s was refused: %s", slug, forged)
        return "forged"
    except ValueError as unreadable:
        log.warning("A post to the hook of %s could not be read: %s", slug, unreadable)
        return "unreadable"
    return _store(slug, source, arrived)


def _fitting(arrived: Arrived, tenant: str) -> Arrived:
    """Forged when it speaks of other books; ValueError when no column can hold it."""
    if tenant and arrived.tenant and arrived.tenant != tenant:
        raise Forged(f"It speaks of {arrived.tenant}.")
    for text in (arrived.event_id, arrived.type, arrived.subject, arrived.tenant):
        if len(text) > LONGEST or not text.isprintable():
            raise ValueError("One of its texts is too long or has control characters.")
    if not arrived.event_id:
        raise ValueError("It has no id.")
    return arrived


@transaction.atomic
def _store(slug: str, source: Source, arrived: Arrived) -> str:
    stored, _ = StoredSource.objects.get_or_create(slug=slug, defaults={"platform": source.platform, "name": source.label})
    if Inbound.objects.filter(source=stored, event_id=arrived.event_id).exists():
        return "repeated"
    waiting = backlog(stored)
    if waiting >= settings.INBOX_BACKLOG:
        return "busy"
    facts = {"type": arrived.type, "subject": arrived.subject, "tenant": arrived.tenant}
    _, new = Inbound.objects.get_or_create(source=stored, event_id=arrived.event_id, defaults=facts)
    if not new:
        return "repeated"
    if not waiting:
        wake(stored.pk)
    return "received"


def wake(source: int) -> None:
    """Asks a worker to work on a source's events, once the transaction is committed."""
    transaction.on_commit(lambda: async_task("runs.intake_tasks.work_inbox", source))
