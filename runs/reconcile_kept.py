"""Comparisons as people keep them: asked for, made by a worker, explained row by row, signed off, and outdated by a later one."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from integrations.contract import changed
from integrations.errors import DeliveryError
from integrations.models import IntegrationConfig
from runs import lease, periods_calendar
from runs.build import Kit
from runs.models import Difference, Explanation, Reconciliation
from runs.periods_calendar import Spans
from runs.reconcile import Row, compare
from runs.reconcile_sums import MATCHED, Sums, kind_of

ABANDONED = dt.timedelta(minutes=10)
MOST_TRIES = 3
AT_ONCE = 500
State = Reconciliation.State
UNDER_WAY = (State.WAITING, State.READING)


class NotPossibleError(Exception):
    """The message says why, and what to do."""


def ask(integration: IntegrationConfig, start: dt.date, end: dt.date, user: User | None) -> Reconciliation:
    """A comparison to be made, or the one that is under way."""
    window = {"integration": integration, "start": start, "end": end}
    try:
        with transaction.atomic():
            return Reconciliation.objects.create(**window, asked_by=user)
    except IntegrityError:
        return Reconciliation.objects.get(**window, state__in=UNDER_WAY)


def work(record: Reconciliation, heard: Callable[[], None] = lambda: None) -> bool:
    """Makes a comparison that nobody makes; whether it came to an end. One whose worker died is made from its start by another."""
    if not _take(record):
        return False
    try:
        kit = Kit.of(record.integration)
        calendar = Spans(periods_calendar.read(kit).periods)
        return _compared(record, kit, calendar, heard)
    except DeliveryError as error:
        return _end(record, State.FAILED, failure=error.sentence)
    except ValueError as error:
        return _end(record, State.FAILED, failure=f"{error}. Connect its credential, then compare again.")


def abandoned() -> list[int]:
    """Comparisons that wait longer than they should, or whose worker is gone. What died three times is given up."""
    gone = [each for each in Reconciliation.objects.filter(state__in=UNDER_WAY) if _is_abandoned(each)]
    for each in gone:
        if each.tries >= MOST_TRIES:
            _mine(each).update(
                state=State.FAILED, finished_at=timezone.now(), failure="It stopped three times before its end. Compare again."
            )
    return [each.pk for each in gone if each.tries < MOST_TRIES]


def _is_abandoned(record: Reconciliation) -> bool:
    if record.state == State.READING and lease.is_dead(record.owner):
        return True
    return (record.seen_at or record.asked_at) < timezone.now() - ABANDONED


def _mine(record: Reconciliation) -> Any:
    """The record as long as nobody took it since it was read."""
    return Reconciliation.objects.filter(pk=record.pk, owner=record.owner, tries=record.tries, state__in=UNDER_WAY)


def _take(record: Reconciliation) -> bool:
    if record.state == State.READING and not _is_abandoned(record):
        return False
    taken = {"state": State.READING, "owner": lease.me(), "seen_at": timezone.now(), "tries": F("tries") + 1, "compared": 0}
    if not _mine(record).filter(state=record.state).update(**taken):
        return False
    record.refresh_from_db()
    record.rows.all().delete()
    return True


def _compared(record: Reconciliation, kit: Kit, calendar: Spans, heard: Callable[[], None]) -> bool:
    sums, digest, differing, compared = Sums(calendar), _Digest(), list[Difference](), 0
    for compared, row in enumerate(compare(kit, record.start, record.end, calendar, heard), 1):
        sums.add(row)
        if kind_of(row) != MATCHED:
            differing.append(_difference(record, row, sums))
            digest.add(differing[-1].mark)
        if compared % AT_ONCE == 0:
            Difference.objects.bulk_create(differing)
            differing.clear()
            heard()
            if not _mine(record).update(compared=compared, seen_at=timezone.now()):
                return False
    Difference.objects.bulk_create(differing)
    told = sums.told()
    digest.add(json.dumps(told, sort_keys=True))
    matched = sum(each.counts.get(MATCHED, 0) for each in sums.by.values())
    return _end(record, State.DONE, sums=told, matched=matched, compared=compared, digest=digest.text)


class _Digest:
    """Of parts in any order."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, part: str) -> None:
        self._sum ^= int.from_bytes(hashlib.sha256(part.encode()).digest())

    @property
    def text(self) -> str:
        return f"{self._sum:064x}"


def _difference(record: Reconciliation, row: Row, sums: Sums) -> Difference:
    bill, held = row.bill or row.belongs_to, row.held
    made = Difference(
        reconciliation=record,
        kind=kind_of(row),
        bill=bill,
        account=(str(bill.account) if bill else held.customer if held else "")[:300],
        currency=row.currency or (held.currency if held else ""),
        owed=row.owed,
        subsidiary=held.subsidiary if held else row.subsidiary,
        period=sums.period_there(row) or sums.period_owed(row),
        why=row.why,
        settled=row.settled,
    )
    if held is not None:
        made.held, made.held_currency, made.date = held.total, held.currency or row.currency, held.date
        made.external_id, made.number, made.url = held.external_id, held.number, held.url
    made.mark = _mark(made)
    return made


def _mark(made: Difference) -> str:
    facts = (made.kind, made.bill_id, made.external_id, made.owed, made.held, made.currency, made.held_currency, made.date, made.period)
    return hashlib.sha256("|".join(map(_plain, facts)).encode()).hexdigest()


def _plain(fact: Any) -> str:
    return f"{fact.normalize():f}" if hasattr(fact, "normalize") else str(fact)


def _end(record: Reconciliation, state: str, **facts: Any) -> bool:
    """Keeps the outcome if the comparison is still ours; only the newest of its days stays, and those that somebody signed."""
    if not _mine(record).update(state=state, finished_at=timezone.now(), **facts):
        return False
    record.refresh_from_db()
    older = others(record).filter(pk__lt=record.pk).exclude(state__in=UNDER_WAY)
    superseded = older.filter(signed_off_at=None)
    (superseded if state == State.DONE else superseded.filter(state=State.FAILED)).delete()
    if state == State.DONE:
        for signed in older.filter(signed_off_at__isnull=False, outdated_at=None).exclude(digest=record.digest):
            _outdate(signed, "sign-off outdated", None, {"compared": record.finished_at.isoformat() if record.finished_at else ""})
    return True


def others(record: Reconciliation) -> Any:
    """Comparisons of the same days."""
    same = Reconciliation.objects.filter(integration=record.integration_id, start=record.start, end=record.end)
    return same.exclude(pk=record.pk)


def newest(integration: IntegrationConfig, start: dt.date, end: dt.date) -> Iterable[Reconciliation]:
    rows = Reconciliation.objects.filter(integration=integration, start=start, end=end)
    return rows.select_related("integration__credential", "integration__current_version", "asked_by", "signed_off_by").order_by("-pk")


# --- what people say to it --------------------------------------------------------------------------------------------------------------


def explain(row: Difference, text: str, user: User | None) -> None:
    """Says why a difference is right as it is; said again, the later words count."""
    integration = row.reconciliation.integration
    found, _ = Explanation.objects.update_or_create(integration=integration, mark=row.mark, defaults={"text": text, "who": user})
    changed.send(
        Explanation, actor=user, subject=row.reconciliation, verb="explained", before=None, after={"row": str(row), "text": found.text}
    )


def take_back(row: Difference, user: User | None) -> None:
    """The difference is open again. NotPossibleError while the comparison is signed off."""
    record = row.reconciliation
    if signature(record):
        raise NotPossibleError("The comparison is signed off. Take the sign-off back first.")
    for found in Explanation.objects.filter(integration=record.integration_id, mark=row.mark):
        changed.send(Explanation, actor=user, subject=record, verb="took back an explanation", before={"text": found.text}, after=None)
        found.delete()


def signature(record: Reconciliation) -> Reconciliation | None:
    """The comparison of the same days that carries a name which still holds for this one."""
    holds = Q(signed_off_at__isnull=False, outdated_at=None, digest=record.digest)
    same = Reconciliation.objects.filter(holds, integration=record.integration_id, start=record.start, end=record.end)
    return same.select_related("signed_off_by").order_by("-pk").first()


def sign_off(record: Reconciliation, user: User | None, note: str = "") -> None:
    """Freezes a comparison with a person's name. NotPossibleError while rows are open or a newer comparison is there."""
    if record.state != State.DONE or others(record).filter(pk__gt=record.pk).exclude(state=State.FAILED).exists():
        raise NotPossibleError("A newer comparison has taken its place. Look at that one, then sign off.")
    if count := record.open_rows().count():
        raise NotPossibleError(
            f"{count:,} row{'s are' if count > 1 else ' is'} neither fixed nor explained. Fix or explain every row, then sign off."
        )
    free = Reconciliation.objects.filter(Q(signed_off_at=None) | Q(outdated_at__isnull=False), pk=record.pk)
    if signature(record) or not free.update(signed_off_by=user, signed_off_at=timezone.now(), note=note, outdated_at=None):
        raise NotPossibleError("It is signed off already.")
    after = {"matched": record.matched, "differences": record.rows.count(), "note": note}
    changed.send(Reconciliation, actor=user, subject=record, verb="signed off", before=None, after=after)


def withdraw(record: Reconciliation, user: User | None) -> None:
    """Takes a name back. NotPossibleError where there is none."""
    if record.signed_off_at is None or record.outdated_at is not None:
        raise NotPossibleError("It is not signed off.")
    _outdate(record, "took back the sign-off", user, None)


def _outdate(record: Reconciliation, verb: str, user: User | None, after: dict[str, Any] | None) -> None:
    before = {"signed off by": str(record.signed_off_by), "signed off": record.signed_off_at.isoformat() if record.signed_off_at else ""}
    Reconciliation.objects.filter(pk=record.pk).update(outdated_at=timezone.now())
    changed.send(Reconciliation, actor=user, subject=record, verb=verb, before=before, after=after)
