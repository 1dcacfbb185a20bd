"""Compares a period's Bills with what the destination holds, document by document, to the cent. Changes nothing."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.directory import chunks
from billing.models import Bill
from integrations.contract import Held, Sought
from integrations.models import IntegrationConfig
from runs import void
from runs.build import Kit
from runs.models import Delivery, IntegrationRun
from runs.periods_calendar import Spans, spans
from runs.reconcile_owed import Owed, Told, delivered, documents, owed, told
from runs.slots import MAIN


class Verdict(StrEnum):
    MATCHED = "matched"
    MISSING = "missing"
    EXTRA = "extra"
    DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One Bill beside its document; either may be absent. Amounts are signed, each in its own currency; `why` is a sentence.

    A matched one names no Bill, only what it owes on which `day`. `listed`: the document is dated in the period. `other_period`: the
    two agree but for the period; `belongs_to` is then the Bill of a document that is extra. `settled`: why nobody needs to act.
    """

    verdict: Verdict
    bill: Bill | None = None
    held: Held | None = None
    owed: Decimal | None = None
    currency: str = ""
    day: dt.date | None = None
    why: str = ""
    listed: bool = False
    other_period: bool = False
    belongs_to: Bill | None = None
    subsidiary: str = ""
    settled: str = ""

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if bill := self.bill:
            said |= {"bill": bill.uid, "number": bill.number, "account": str(bill.account), "owed": self.owed, "currency": bill.currency}
        if held := self.held:
            said |= {"external_id": held.external_id, "document": held.number, "held": held.total, "held_currency": held.currency}
            said |= {"date": held.date, "url": held.url}
        return said | {"why": self.why}


@dataclass
class Comparison:
    """`rows` that do not match, in the order missing, extra, differs; money per currency: what the Bills owe and what is there."""

    matched: int = 0
    rows: list[Row] = field(default_factory=list)
    owed: dict[str, Decimal] = field(default_factory=dict)
    there: dict[str, Decimal] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        return not self.rows

    def add(self, row: Row) -> None:
        if row.verdict is Verdict.MATCHED:
            self.matched += 1
        else:
            self.rows.append(row)
        if row.owed is not None:
            self.owed[row.currency] = self.owed.get(row.currency, Decimal(0)) + row.owed
        if row.held is not None and row.listed:
            self.there[row.held.currency] = self.there.get(row.held.currency, Decimal(0)) + (row.held.total or Decimal(0))

    def of(self, verdict: Verdict) -> list[Row]:
        return [row for row in self.rows if row.verdict is verdict]

    def as_json(self) -> dict[str, Any]:
        said = {verdict.value: [row.as_json() for row in self.of(verdict)] for verdict in Verdict if verdict is not Verdict.MATCHED}
        return {"matched": self.matched} | said


def reconcile(integration: IntegrationConfig, start: dt.date, end: dt.date) -> Comparison:
    """Bills whose documents are dated from the one day to the other, both included. errors.DeliveryError when nobody answers.

    ValueError when the integration is not connected.
    """
    kit, found = Kit.of(integration), Comparison()
    for row in compare(kit, start, end, spans(integration.system, kit.tenant)):
        found.add(row)
    order = list(Verdict)
    found.rows.sort(key=lambda row: order.index(row.verdict))
    return found


def compare(kit: Kit, start: dt.date, end: dt.date, calendar: Spans, heard: Callable[[], None] = lambda: None) -> Iterator[Row]:
    """Every Bill and every document of the period, matched ones too, each as soon as its verdict is known.

    What the destination lists is never kept, so that 100,000 documents fit; the Bills are, in short. `heard` is called now and then
    before the first row comes.
    """
    look, due = _Look(kit, calendar), dict[str, Owed]()
    for some in chunks(owed(kit, start, end)):
        due |= {each.key: each for each in some}
        heard()
    for listed in chunks(kit.client.listing(start, end)):
        yield from look.listed(due, listed)
    for unlisted in chunks(each for each in due.values() if not each.found):
        yield from look.unlisted(unlisted)


@dataclass(frozen=True)
class _Look:
    """Verdicts on some hundred Bills and documents at a time, in a number of queries that does not grow with them."""

    kit: Kit
    calendar: Spans

    def listed(self, due: Mapping[str, Owed], listed: Sequence[Held]) -> Iterator[Row]:
        """Documents of the period, each beside the Bill under its key."""
        unlike, alone = list[tuple[Owed, Held]](), list[Held]()
        for held in listed:
            each = due.get(held.key) if held.key else None
            if each is None or each.found:
                alone.append(held)
                continue
            each.found = True
            if _same(each, held) and not self._moved(each, held):
                yield _row(each, Verdict.MATCHED, held=held, listed=True)
            else:
                unlike.append((each, held))
        known = told(self.kit, [each.bill for each, _ in unlike])
        yield from (self._unlike(each, held, known[each.bill]) for each, held in unlike)
        yield from self._extra(due, alone)

    def unlisted(self, unlisted: Sequence[Owed]) -> Iterator[Row]:
        """Bills without a document of the period; what was posted is asked for by its key."""
        known = told(self.kit, [each.bill for each in unlisted])
        elsewhere = _elsewhere(self.kit, [sent for each in known.values() if (sent := each.sent)])
        reasons, subsidiaries = _reasons(self.kit, known), _subsidiaries(self.kit, known.values())
        for each in unlisted:
            of = known[each.bill]
            if there := elsewhere.get(each.key):
                yield self._dated_elsewhere(each, there, of)
            else:
                why = _gone(of.sent) or reasons.get(each.bill) or "It has not been sent yet."
                found = subsidiaries.get(of.bill.account_id, "")
                yield _row(each, Verdict.MISSING, bill=of.bill, why=why, subsidiary=found)

    def _moved(self, each: Owed, held: Held) -> bool:
        """Posted into another period than that of its day."""
        meant = self.calendar.name(each.day)
        return bool(meant and held.period) and meant != held.period

    def _unlike(self, each: Owed, held: Held, of: Told) -> Row:
        if not _same(each, held):
            return _row(each, Verdict.DIFFERS, bill=of.bill, held=held, why=self._changed(of), listed=True)
        why = f"Its day, {_day(each.day)}, lies in {self.calendar.name(each.day)}, but it posts to {held.period}."
        return _row(each, Verdict.DIFFERS, bill=of.bill, held=held, why=why, listed=True, other_period=True)

    def _dated_elsewhere(self, each: Owed, there: Held, of: Told) -> Row:
        why = f"It is dated {_day(there.date)} there, outside the period." if there.date else "It has no date there."
        same = _same(each, there)
        settled = self._by_policy(of.sent, there) if same else ""
        return _row(each, Verdict.DIFFERS, bill=of.bill, held=there, why=why, other_period=same, settled=settled)

    def _changed(self, of: Told) -> str:
        label, current, sent = self.kit.integration.system_label, of.bill.current_revision, of.sent
        if sent is None:
            return f"{label} holds a document under this Bill's id that we did not send."
        if sent.revision and current and sent.revision.number < current.number:
            return f"{label} holds revision {sent.revision.number} of {current.number}."
        return f"It was changed in {label} after we posted it."

    def _extra(self, due: Mapping[str, Owed], alone: Sequence[Held]) -> Iterator[Row]:
        """Documents of the period that no Bill of it accounts for. Those of another integration are its own to compare."""
        keys = [held.key for held in alone if held.key]
        ours = {each.key: each for each in documents(self.kit).filter(key__in=keys)} if keys else {}
        credits = self._credits([each.bill_id for each in ours.values() if each.bill.status == Bill.Status.VOID])
        for held in alone:
            known, double = ours.get(held.key) if held.key else None, held.key in due
            if double or known is None or self._own(known):
                yield self._unaccounted(held, known, double, credits)

    def _own(self, known: Delivery) -> bool:
        """What belongs to a document, such as a credit against it, is compared with that document and not by itself."""
        return known.integration_id == self.kit.integration.pk and known.slot in (MAIN, void.CREDIT)

    def _credits(self, bills: Sequence[int]) -> dict[int, str]:
        """The numbers of the documents that credit void Bills in full, by Bill."""
        found = documents(self.kit).filter(slot=void.CREDIT, bill__in=bills).exclude(origin="") if bills else ()
        return {each.bill_id: each.number or each.external_id for each in found}

    def _unaccounted(self, held: Held, known: Delivery | None, double: bool, credits: Mapping[int, str]) -> Row:
        label = self.kit.integration.system_label
        row = Row(verdict=Verdict.EXTRA, held=held, listed=True, belongs_to=known.bill if known else None)
        if double:
            return replace(row, why=f"{label} holds another document under the same id.")
        if known is None:
            return replace(row, why=f"Made in {label} by somebody else, not by this integration.")
        if known.bill.status == Bill.Status.VOID:
            credit = credits.get(known.bill_id)
            settled = f"{credit} credits it in full." if credit and known.slot == MAIN else "It credits the Bill in full." if credit else ""
            return replace(row, why=f"Its Bill {known.bill} is void.", settled=settled)
        why, settled = f"Its Bill {known.bill} is dated outside the period.", self._by_policy(known, held)
        return replace(row, why=why, other_period=True, settled=settled)

    def _by_policy(self, sent: Delivery | None, held: Held) -> str:
        """Said of a document that was given the first open day because its own period was closed."""
        if sent is None or sent.settled_by is None or not held.date or sent.settled_by.post_on != held.date:
            return ""
        return f"Its own period was closed, so it was posted on the first open day, {_day(held.date)}, as {self.kit.integration} says."


def _row(each: Owed, verdict: Verdict, **more: Any) -> Row:
    return Row(verdict=verdict, owed=each.amount, currency=each.currency, day=each.day, **more)


def _same(each: Owed, held: Held) -> bool:
    return held.total is not None and held.total == each.amount and held.currency in ("", each.currency)


def _elsewhere(kit: Kit, deliveries: Sequence[Delivery]) -> Mapping[str, Held]:
    """Documents that we posted and that are not dated in the period."""
    wanted = [Sought(each.kind, each.key, number=each.number, external_id=each.external_id, since=each.created_at) for each in deliveries]
    return kit.client.held(wanted) if wanted else {}


def _gone(sent: Delivery | None) -> str:
    return f"It was posted as {sent.number or sent.external_id} and is not there any more." if sent else ""


def _reasons(kit: Kit, bills: Iterable[int]) -> dict[int, str]:
    """What the newest run of each Bill says."""
    runs = IntegrationRun.objects.filter(integration=kit.integration, bill__in=list(bills)).order_by("dt_created")
    return {bill: error for bill, error in runs.values_list("bill_id", "error") if error}


def _subsidiaries(kit: Kit, bills: Iterable[Told]) -> dict[int, str]:
    """Where the other documents of these Accounts stand, by Account, when that is one place."""
    accounts = {each.bill.account_id for each in bills}
    rows = delivered(kit).filter(bill__account__in=accounts).exclude(subsidiary="").order_by()
    places: dict[int, set[str]] = {}
    for account, subsidiary in rows.values_list("bill__account", "subsidiary").distinct():
        places.setdefault(account, set()).add(subsidiary)
    return {account: next(iter(found)) for account, found in places.items() if len(found) == 1}


def _day(day: dt.date) -> str:
    return f"{day:%-d %b %Y}"
