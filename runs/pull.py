"""Reads a source's API into the store: how far it was read before, what came now, and how far it is read then."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from billing.models import Bill
from billing.models import Source as StoredSource
from credentials import hand_out
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import Fetched, Pull, Transport, Wanted
from integrations.http import Wire
from runs import tasks
from runs.collect import Collector, Report
from runs.intake.found import Found, position
from runs.intake.json_stream import parse
from runs.models import Feed

PROGRESS_EVERY = 500
Tell = Callable[[str, int], None]


@dataclass(frozen=True)
class Pulled:
    """What came of it. With a `failure` the lists were not read to their end: what came before is kept, the watermark stays."""

    report: Report
    watermark: dt.datetime | None
    failure: errors.DeliveryError | None = None


def pull(stored: StoredSource, credential: Credential, start: dt.date | None = None, tell: Tell = lambda text, records: None) -> Pulled:
    """Everything since the watermark, or the Bills dated on or after `start`, into the store; wakes the workers when something is new.

    Only a reading to the end in which every Bill could be kept sets the watermark, and one from a date only where there is none yet.
    errors.Misconfigured when the credential opens the books of another source.
    """
    declared = declaration(stored)
    transport = opened(stored, credential)
    feed, began = _feed(stored, start), timezone.now()
    reading = Reading(declared.fetch(transport, credential.tenant, _wanted(stored, feed, start)), tell)
    collector = Collector(stored)
    collector.take(reading)
    report = collector.report
    complete = reading.failure is None and _kept_all(report) and (start is None or feed.watermark is None)
    _note(feed, reading.failure, report, began if complete else None)
    if report.created or report.revised:
        tasks.wake_all()
    return Pulled(report, feed.watermark, reading.failure)


def declaration(stored: StoredSource) -> Pull:
    """How this source's API is read. errors.Misconfigured when it has none."""
    source = registry.source(stored.platform)
    if source.pull is None:
        raise errors.Misconfigured(f"{source.label} has no API that Bills are pulled from. Import its Bills from files.", code="NO_PULL")
    return source.pull


def opened(stored: StoredSource, credential: Credential) -> Transport:
    """The source's API, logged in. errors.Misconfigured when the credential opens the books of another source."""
    _stand_for(stored, credential)
    return Wire(hand_out.auth(credential.pk), credential.system, declaration(stored).kind.renew_on)


def login(stored: StoredSource, credential_id: str = "") -> Credential:
    """The credential with this id, else the one that opens the source's tenant, else the only one. errors.Misconfigured otherwise."""
    kind = declaration(stored).kind
    usable = (Credential.Status.VERIFIED, Credential.Status.AUTH_FAILED)
    fitting = Credential.objects.filter(kind=kind.kind, status__in=usable)
    if credential_id:
        fitting = _with_id(fitting, credential_id)
    elif stored.tenant:
        fitting = fitting.filter(tenant=stored.tenant)
    found = list(fitting[:2])
    if len(found) == 1:
        return found[0]
    if found:
        raise errors.Misconfigured(f"Several credentials open {stored}. Name one of them by its id.", code="WHICH_CREDENTIAL")
    which = f"with the id “{credential_id}”" if credential_id else f"for {stored.tenant}" if stored.tenant else f"for {stored}"
    raise errors.Misconfigured(f"No {kind.label} {which} is connected. Create one under Credentials.", code="NO_CREDENTIAL")


@dataclass
class Reading:
    """Fetched records as the collector takes them. A failure ends them, so that what came before is kept, and is told afterwards.

    `tell` hears how many records there are by now, every 500.
    """

    fetched: Iterable[Fetched]
    tell: Tell = lambda text, records: None
    failure: errors.DeliveryError | None = None

    def __iter__(self) -> Iterator[Found]:
        counts: Counter[str] = Counter()
        try:
            for record in self.fetched:
                counts[record.collection] += 1
                yield _found(record, counts[record.collection])
                if not counts[record.collection] % PROGRESS_EVERY:
                    self.tell(f"{record.collection}: {counts[record.collection]}", counts.total())
        except errors.DeliveryError as failure:
            self.failure = failure


def _found(record: Fetched, number: int) -> Found:
    try:
        value = parse(record.text)
    except ValueError as error:
        return Found(where=position(record.collection, number, None), collection=record.collection, fault=str(error))
    return Found(where=position(record.collection, number, value), collection=record.collection, value=value, raw=record.text)


def _stand_for(stored: StoredSource, credential: Credential) -> None:
    """From its first pull on a source stands for the books that its credential opens, and is the only one that does."""
    other = StoredSource.objects.filter(platform=stored.platform, tenant=credential.tenant).exclude(pk=stored.pk).first()
    if other is not None:
        raise errors.Misconfigured(
            f"{credential.tenant} is already the source {other}; pulled twice, its Bills would be invoiced twice.", code="OTHER_SOURCE"
        )
    StoredSource.objects.filter(pk=stored.pk, tenant="").update(tenant=credential.tenant)
    stored.refresh_from_db(fields=["tenant"])
    if stored.tenant != credential.tenant:
        raise errors.Misconfigured(
            f"{credential} opens {credential.tenant}, but {stored} stands for {stored.tenant}. Choose its own credential.",
            code="OTHER_BOOKS",
        )


def _feed(stored: StoredSource, start: dt.date | None) -> Feed:
    """The source's feed. No Bills are wanted from before the day that the first pull named, until another names an earlier one."""
    feed, _ = Feed.objects.get_or_create(source=stored)
    if start is not None and (feed.watermark is None or (feed.start is not None and start < feed.start)):
        feed.start = start
        feed.save(update_fields=["start"])
    return feed


def _note(feed: Feed, failure: errors.DeliveryError | None, report: Report, watermark: dt.datetime | None) -> None:
    """What came of a try; a watermark where everything was kept."""
    feed.tried_at = timezone.now()
    feed.failure, feed.rejected = failure.sentence if failure else "", len(report.rejected)
    feed.pulled_at = feed.pulled_at if failure else feed.tried_at
    feed.watermark = watermark or feed.watermark
    feed.save(update_fields=["tried_at", "failure", "rejected", "pulled_at", "watermark"])


def _kept_all(report: Report) -> bool:
    """Whether every Bill that came is stored: one that could not be read has to come again."""
    return report.received == report.created + report.revised + report.unchanged


def _wanted(stored: StoredSource, feed: Feed, start: dt.date | None) -> Wanted:
    def open_before(day: dt.date) -> list[str]:
        bills = Bill.objects.filter(source=stored, status=Bill.Status.PENDING, bill_date__lt=day)
        return list(bills.values_list("uid", flat=True))

    return Wanted(start=start or feed.start, watermark=None if start else feed.watermark, open_before=open_before)


def _with_id(credentials: QuerySet[Credential], text: str) -> QuerySet[Credential]:
    try:
        return credentials.filter(pk=UUID(text))
    except ValueError:
        return credentials.none()
