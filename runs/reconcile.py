"""Compares a period's Bills with what the destination holds, document by document, to the cent. Changes nothing."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing import store
from billing.models import Bill
from integrations.contract import Held, Sought
from integrations.models import IntegrationConfig
from runs.build import Kit
from runs.models import Delivery, IntegrationRun
from runs.select import Selector, chunks
from runs.slots import MAIN

AROUND = dt.timedelta(days=62)
"""A Bill's own date and its document's lie at most so far apart."""


class Verdict(StrEnum):
    MATCHED = "matched"
    MISSING = "missing"
    EXTRA = "extra"
    DIFFERS = "differs"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One Bill beside its document; either may be absent. Amounts are signed, each in its own currency; `why` is a sentence."""

    verdict: Verdict
    bill: Bill | None = None
    held: Held | None = None
    owed: Decimal | None = None
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if bill := self.bill:
            told |= {"bill": bill.uid, "number": bill.number, "account": str(bill.account), "owed": self.owed, "currency": bill.currency}
        if held := self.held:
            told |= {"external_id": held.external_id, "document": held.number, "held": held.total, "held_currency": held.currency}
            told |= {"date": held.date, "url": held.url}
        return told | {"why": self.why}


@dataclass
class Reconciliation:
    """`rows` that do not match, in the order missing, differs, extra; money per currency: what the Bills owe and what is there."""

    matched: int = 0
    rows: list[Row] = field(default_factory=list)
    owed: dict[str, Decimal] = field(default_factory=dict)
    there: dict[str, Decimal] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        return not self.rows

    def of(self, verdict: Verdict) -> list[Row]:
        return [row for row in self.rows if row.verdict is verdict]

    def as_json(self) -> dict[str, Any]:
        told = {verdict.value: [row.as_json() for row in self.of(verdict)] for verdict in Verdict if verdict is not Verdict.MATCHED}
        return {"matched": self.matched} | told | {"owed": self.owed, "there": self.there}


@dataclass(frozen=True)
class _Owed:
    """A Bill of the period that must stand at the destination, with what it owes and what we know of its document."""

    bill: Bill
    amount: Decimal
    delivery: Delivery | None

    @property
    def key(self) -> str:
        return self.delivery.key if self.delivery and self.delivery.key else self.bill.uid

    @property
    def sent(self) -> Delivery | None:
        return self.delivery if self.delivery and self.delivery.delivered else None


def reconcile(integration: IntegrationConfig, start: dt.date, end: dt.date) -> Reconciliation:
    """Bills whose documents are dated from the one day to the other, both included. errors.DeliveryError when nobody answers.

    ValueError when the integration is not connected.
    """
    kit = Kit.of(integration)
    listed = list(kit.client.listing(start, end))
    owed = list(_owed(kit, start, end))
    rows = [*_beside(kit, owed, listed), *_extra(kit, owed, listed)]
    order = list(Verdict)
    found = Reconciliation(matched=sum(row.verdict is Verdict.MATCHED for row in rows))
    found.rows = sorted((row for row in rows if row.verdict is not Verdict.MATCHED), key=lambda row: order.index(row.verdict))
    for each in owed:
        found.owed[each.bill.currency] = found.owed.get(each.bill.currency, Decimal(0)) + each.amount
    for held in (row.held for row in rows if row.held is not None and row.held in listed):
        found.there[held.currency] = found.there.get(held.currency, Decimal(0)) + (held.total or Decimal(0))
    return found


# --- what must be there ----------------------------------------------------------------------------------------------------------------


def _owed(kit: Kit, start: dt.date, end: dt.date) -> Iterator[_Owed]:
    """The Bills of the period that went through this integration, or should have."""
    near = Bill.objects.filter(bill_date__gte=start - AROUND, bill_date__lte=end + AROUND, current_revision__isnull=False)
    selector = Selector.of(kit.integration)
    for chunk in chunks(near.select_related("account", "source", "current_revision").order_by("id")):
        documents = store.load([bill.current_revision for bill in chunk if bill.current_revision])
        deliveries = {each.bill_id: each for each in _deliveries(kit).filter(bill__in=chunk)}
        for bill in chunk:
            document = documents[bill.current_revision_id or 0]
            delivery = deliveries.get(bill.pk)
            if start <= (document.invoice_date or document.bill_date) <= end and _expected(kit, bill, delivery, selector):
                yield _Owed(bill, _amount(bill, delivery), delivery)


def _deliveries(kit: Kit) -> Any:
    books = {"system": kit.integration.system, "tenant": kit.tenant, "slot": MAIN}
    return Delivery.objects.filter(**books).select_related("revision", "bill__account")


def _expected(kit: Kit, bill: Bill, delivery: Delivery | None, selector: Selector) -> bool:
    if delivery and delivery.delivered:
        return delivery.integration_id == kit.integration.pk and bill.status != Bill.Status.VOID
    return not selector.not_wanted(bill)


def _amount(bill: Bill, delivery: Delivery | None) -> Decimal:
    """What was posted of the current revision; the Bill's own total while that is not posted."""
    posted = delivery is not None and delivery.delivered and delivery.revision_id == bill.current_revision_id
    return delivery.total if posted and delivery and delivery.total is not None else bill.total


# --- what is there ----------------------------------------------------------------------------------------------------------------------


def _beside(kit: Kit, owed: Sequence[_Owed], listed: Iterable[Held]) -> Iterator[Row]:
    """Each Bill beside the document under its key; a document that is not of the period is asked for."""
    by_key = {held.key: held for held in reversed(list(listed)) if held.key}
    unlisted = [each for each in owed if each.key not in by_key]
    elsewhere = _elsewhere(kit, [each.sent for each in unlisted if each.sent])
    reasons = _reasons(kit, [each.bill for each in unlisted])
    for each in owed:
        held = by_key.get(each.key)
        if held is not None:
            yield _compared(kit, each, held)
        elif there := elsewhere.get(each.key):
            why = f"It is dated {there.date:%-d %b %Y} there, outside the period." if there.date else "It has no date there."
            yield Row(verdict=Verdict.DIFFERS, bill=each.bill, held=there, owed=each.amount, why=why)
        else:
            why = _gone(each.sent) or reasons.get(each.bill.pk) or "It has not been sent yet."
            yield Row(verdict=Verdict.MISSING, bill=each.bill, owed=each.amount, why=why)


def _compared(kit: Kit, owed: _Owed, held: Held) -> Row:
    same = held.total is not None and held.total == owed.amount and held.currency in ("", owed.bill.currency)
    if same:
        return Row(verdict=Verdict.MATCHED, bill=owed.bill, held=held, owed=owed.amount)
    return Row(verdict=Verdict.DIFFERS, bill=owed.bill, held=held, owed=owed.amount, why=_changed(kit, owed))


def _changed(kit: Kit, owed: _Owed) -> str:
    label, current, sent = kit.integration.system_label, owed.bill.current_revision, owed.sent
    if sent is None:
        return f"{label} holds a document under this Bill's id that we did not send."
    if sent.revision and current and sent.revision.number < current.number:
        return f"{label} holds revision {sent.revision.number} of {current.number}."
    return f"It was changed in {label} after we posted it."


def _elsewhere(kit: Kit, deliveries: Sequence[Delivery]) -> Mapping[str, Held]:
    """Documents that we posted and that are not dated in the period."""
    wanted = [Sought(each.kind, each.key, number=each.number, external_id=each.external_id, since=each.created_at) for each in deliveries]
    return kit.client.held(wanted) if wanted else {}


def _gone(sent: Delivery | None) -> str:
    return f"It was posted as {sent.number or sent.external_id} and is not there any more." if sent else ""


def _reasons(kit: Kit, bills: Sequence[Bill]) -> dict[int, str]:
    """What the newest run of each Bill says."""
    runs = IntegrationRun.objects.filter(integration=kit.integration, bill__in=bills).order_by("dt_created")
    return {bill: error for bill, error in runs.values_list("bill_id", "error") if error}


def _extra(kit: Kit, owed: Iterable[_Owed], listed: Sequence[Held]) -> Iterator[Row]:
    """Documents of the period that no Bill of it accounts for. Those of another integration are its own to compare."""
    wanted, seen = {each.key for each in owed}, set[str]()
    ours = {each.key: each for each in _deliveries(kit).filter(key__in=[held.key for held in listed if held.key])}
    for held in listed:
        known = ours.get(held.key) if held.key else None
        if held.key in wanted and held.key not in seen:
            seen.add(held.key)
        elif known is None or known.integration_id == kit.integration.pk:
            yield Row(verdict=Verdict.EXTRA, held=held, why=_unaccounted(kit, held, known, held.key in seen))


def _unaccounted(kit: Kit, held: Held, known: Delivery | None, double: bool) -> str:
    label = kit.integration.system_label
    if double:
        return f"{label} holds another document under the same id."
    if known is None:
        return f"Made in {label} by somebody else, not by this integration."
    if known.bill.status == Bill.Status.VOID:
        return f"Its Bill {known.bill} is void."
    return f"Its Bill {known.bill} is dated outside the period."
