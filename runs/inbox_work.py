"""Works on what sources posted: reads the current state of what each event is about, so that no order of arrival matters."""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.models import Source as StoredSource
from integrations import errors, registry
from integrations.contract import Arrived, Hook, Transport
from runs import tasks
from runs.collect import Collector
from runs.holds import INBOX
from runs.models import Feed, Inbound, Status
from runs.pull import Reading, login, opened
from runs.retry import Policy

BATCH = 50
PATIENCE = Policy(Status.AWAITING_RETRY, tries=12, first=10, longest=900)
State = Inbound.State


def due() -> QuerySet[Inbound]:
    return Inbound.objects.filter(Q(next_try_at=None) | Q(next_try_at__lte=timezone.now()), state=State.WAITING)


def work(stored: StoredSource, seconds: float) -> int:
    """How many events were settled. One process at a time works on a source, so that an older state is never stored after a newer."""
    feed, _ = Feed.objects.get_or_create(source=stored)
    if not INBOX.take(feed):
        return 0
    end, settled = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < end and INBOX.keep(feed) and (batch := list(due().filter(source=stored).order_by("id")[:BATCH])):
            settled += _work_on(stored, batch)
    finally:
        INBOX.leave(feed)
    return settled


@dataclass
class _Api:
    """A source's API, logged in."""

    hook: Hook
    transport: Transport
    tenant: str


def _work_on(stored: StoredSource, batch: list[Inbound]) -> int:
    try:
        api = _opened(stored)
        return sum(_settle(stored, api, events) for events in _by_subject(batch))
    except (errors.Retry, errors.Misconfigured) as failure:
        _put_off(batch, failure)
        return 0


def _opened(stored: StoredSource) -> _Api:
    """errors.Misconfigured when nobody can log in there."""
    hook = registry.source(stored.platform).hook
    if hook is None:
        raise errors.Misconfigured(f"{stored} posts no events any more.", code="NO_HOOK")
    credential = login(stored)
    return _Api(hook, opened(stored, credential), credential.tenant)


def _by_subject(batch: list[Inbound]) -> Iterator[list[Inbound]]:
    """Events about the same thing together: one look at its current state serves them all."""
    about: dict[str, list[Inbound]] = defaultdict(list)
    for event in batch:
        about[event.subject].append(event)
    yield from about.values()


def _settle(stored: StoredSource, api: _Api, events: list[Inbound]) -> int:
    """Raises errors.Retry or errors.Misconfigured where the source may answer later."""
    newest = events[-1]
    arrived = Arrived(event_id=newest.event_id, type=newest.type, subject=newest.subject, tenant=newest.tenant)
    reading = Reading(api.hook.fetch(api.transport, api.tenant, arrived) if newest.subject else ())
    collector = Collector(stored)
    collector.take(reading)
    if collector.report.created or collector.report.revised:
        tasks.wake_all()
    if isinstance(reading.failure, errors.Retry | errors.Misconfigured):
        raise reading.failure
    rejected = " ".join(each.why for each in collector.report.rejected)
    _end(events, reading.failure.sentence if reading.failure else rejected)
    return len(events)


def _end(events: list[Inbound], error: str) -> None:
    state = State.FAILED if error else State.DONE
    Inbound.objects.filter(pk__in=[event.pk for event in events]).update(state=state, error=error, done_at=timezone.now())


def _put_off(batch: list[Inbound], failure: errors.Retry | errors.Misconfigured) -> None:
    """Those of the batch that are still unsettled wait, ever longer; at last they fail: the next pull finds what they were about."""
    asked = failure.after if isinstance(failure, errors.Retry) and failure.after else dt.timedelta()
    for event in Inbound.objects.filter(pk__in=[event.pk for event in batch], state=State.WAITING):
        event.tries += 1
        event.error = failure.sentence
        event.next_try_at = timezone.now() + max(asked, PATIENCE.wait(event.tries))
        if event.tries >= PATIENCE.tries:
            event.state, event.done_at = State.FAILED, timezone.now()
        event.save(update_fields=["tries", "error", "next_try_at", "state", "done_at"])
