"""When sources are read: their API every few minutes and when a person asks, their events as they come. Ids only, safe to run twice."""

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from billing.models import Source as StoredSource
from credentials.models import Credential
from integrations import errors, registry
from runs import feeds, file_import, inbox, inbox_work, silence, tasks
from runs.holds import INBOX, READING
from runs.models import Feed, FileImport
from runs.pull import login, pull
from runs.tasks import job

SCHEDULES = (
    {"name": "pulls", "func": "runs.intake_tasks.pull_due", "minutes": 1},
    {"name": "silence", "func": "runs.intake_tasks.watch", "minutes": 10},
)
SECONDS = 60.0
LONGEST = 6 * 3600
OPENED = {"created", "connected", "replaced secrets"}

log = logging.getLogger(__name__)


def work_inbox(source: int) -> int:
    """Works on a source's events for up to a minute; what is left then is another wake-up."""
    with job(f"inbox {source}"):
        settled = inbox_work.work(StoredSource.objects.get(pk=source), SECONDS)
        if settled and inbox_work.due().filter(source=source).exists():
            inbox.wake(source)
        return settled


def wake_idle() -> int:
    """Wakes a worker for each source with events that nobody works on, unless jobs are waiting already. Every few seconds."""
    READING.free_dead()
    INBOX.free_dead()
    waiting = set(inbox_work.due().values_list("source", flat=True).distinct())
    if not waiting or get_broker().queue_size():
        return 0
    held = set(Feed.objects.filter(source__in=waiting).exclude(INBOX.free()).values_list("source", flat=True))
    for source in waiting - held:
        inbox.wake(source)
    return len(waiting - held)


def pull_due() -> int:
    """Wakes one reading per source whose time has come, or that a person asked for; how many."""
    with job("pulls"):
        feeds.meet()
        found = list(due())
        for feed in found:
            wake(feed.source_id)
        for file in file_import.abandoned():
            wake_file(file)
        return len(found)


def watch() -> None:
    """Opens and closes the problems of sources that cannot be read or have fallen silent."""
    with job("silence"):
        for stored in StoredSource.objects.all():
            silence.watch(stored)


def due() -> QuerySet[Feed]:
    """The feeds that nobody reads and whose turn it is."""
    before = timezone.now() - dt.timedelta(minutes=settings.PULL_MINUTES)
    turn = Q(tried_at=None) | Q(tried_at__lte=before) | Q(asked_at__isnull=False)
    return Feed.objects.filter(READING.free() & turn, source__platform__in=pulled_platforms())


def pulled_platforms() -> list[str]:
    return [source.platform for source in registry.sources() if source.pull is not None]


def wake(source: int) -> None:
    """Asks a worker to read a source's API, once the transaction is committed. A first reading may take hours."""
    transaction.on_commit(lambda: async_task("runs.intake_tasks.read", source, timeout=LONGEST))


def read(source: int) -> int:
    """Reads one source's API, from the day that a person asked for if so; how many Bills came."""
    with job(f"pull {source}"):
        stored = StoredSource.objects.get(pk=source)
        feed, _ = Feed.objects.get_or_create(source=stored)
        if not READING.take(feed, began_at=timezone.now(), records=0):
            return 0
        try:
            return _read(stored, feed)
        finally:
            READING.leave(feed, began_at=None)


def _read(stored: StoredSource, feed: Feed) -> int:
    feed.refresh_from_db()
    asked, start = feed.asked_at, feed.asked_start

    def tell(text: str, records: int) -> None:
        READING.keep(feed, records=records)
        tasks.beat(timezone.now())

    try:
        pulled = pull(stored, login(stored), start, tell)
    except errors.DeliveryError as failure:
        feeds.note_failure(feed, failure)
        return 0
    finally:
        Feed.objects.filter(pk=feed.pk, asked_at=asked).update(asked_at=None, asked_start=None)
    if pulled.failure is not None:
        log.warning("Reading %s ended early: %s", stored, pulled.failure.sentence)
    return pulled.report.received


def connected(sender: Any, *, subject: Any, verb: str, **_: Any) -> None:
    """A new login to a billing platform: its source is read at once."""
    if isinstance(subject, Credential) and verb in OPENED and subject.kind in feeds.pull_kinds():
        transaction.on_commit(lambda: async_task("runs.intake_tasks.pull_due"))


def wake_file(file: int) -> None:
    transaction.on_commit(lambda: async_task("runs.intake_tasks.read_file", file, timeout=LONGEST))


def read_file(file: int) -> None:
    """Reads a file that a person gave in the browser."""
    with job(f"file {file}"):
        file_import.work(FileImport.objects.get(pk=file), lambda: tasks.beat(timezone.now()))
