"""The customers of a batch of Bills: found once at the destination, then pinned as mappings by internal id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from billing import bill as canonical
from billing.bill import Ref
from billing.document import party_digest
from billing.models import Source
from integrations.contract import CustomerRow, Customers, CustomersBy, CustomerStep, Fault, Lookup, Match, Options, Rule, Transport
from integrations.errors import Refused
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs import customer_faults as faults
from runs.customer_pins import SLOT, pin_to, table_of
from runs.models import Delivery

Origin = ExternalMapping.Origin
Rows = Mapping[str, Sequence[CustomerRow]]


@dataclass(frozen=True)
class Books:
    """Whose customers are asked for, and how."""

    integration: IntegrationConfig
    customers: Customers
    options: Options
    transport: Transport
    tenant: str

    @property
    def table(self) -> str:
        return table_of(self.integration)

    def ask(self, by: CustomersBy, values: Iterable[str]) -> Rows:
        wanted = list(dict.fromkeys(value for value in values if value))
        return self.customers.ask(self.transport, self.tenant, by, wanted) if wanted else {}


@dataclass(frozen=True)
class Case:
    """One Bill's Account: the external id that its customer gets, and the customer that it is mapped to, if any."""

    source: Source
    bill: canonical.Bill
    key: str
    mapped: Match | None = None

    @property
    def who(self) -> Ref:
        account = self.bill.account
        return Ref(id=account.id, code=account.code, name=account.name)

    @property
    def given(self) -> Mapping[CustomersBy, str]:
        return {"external_id": self.key, "email": self.bill.account.email}


@dataclass(frozen=True)
class Found:
    """What the customer needs before the Bill can go, or why the Bill cannot; `pinned` when a mapping was made just now."""

    step: CustomerStep = CustomerStep.NONE
    fault: Fault | None = None
    pinned: bool = False


def find(books: Books, bills: Sequence[tuple[Source, canonical.Bill]], lookups: Mapping[int, Lookup]) -> list[Found]:
    """One answer for each Bill, in order; one question for each way to find a customer. Exactly one active match becomes a mapping.

    Raises errors.Retry or errors.Misconfigured when the destination cannot be asked.
    """
    ways = books.customers.by(books.options)
    if not ways:
        return [Found()] * len(bills)
    cases = [_case(books, source, bill, lookups[source.pk]) for source, bill in bills]
    sent = _sent(books, cases)
    open_ones = [case for case in cases if _customer_sent(case, sent) is None]
    try:
        rows: dict[CustomersBy, Rows] = {way: books.ask(way, (case.given[way] for case in _asking(open_ones, way))) for way in ways}
        rows["id"] = books.ask("id", (case.mapped.id for case in open_ones if case.mapped))
    except Refused as refused:
        return [Found(fault=faults.refused(refused)) if case in open_ones else _changed(case, sent) for case in cases]
    told: dict[tuple[int, str], Found] = {}
    return [_of(books, case, sent, rows, told) for case in cases]


def _asking(cases: Iterable[Case], way: CustomersBy) -> list[Case]:
    """A mapped customer is only compared with whoever holds our external id."""
    return [case for case in cases if way == "external_id" or case.mapped is None]


def _case(books: Books, source: Source, bill: canonical.Bill, lookup: Lookup) -> Case:
    case = Case(source, bill, books.customers.key(bill.account.id, "" if source.slug == source.platform else source.slug))
    return replace(case, mapped=lookup.find(books.table, ["Account"], {"Account": case.who}, bill.invoice_date or bill.bill_date))


def _sent(books: Books, cases: Iterable[Case]) -> dict[tuple[str, str], str]:
    """What of which Account was last written to a customer: its digest by (external id of ours, the customer's id)."""
    accounts = {case.bill.account.id for case in cases}
    written = Delivery.objects.filter(system=books.integration.system, tenant=books.tenant, slot=SLOT, bill__account__uid__in=accounts)
    found = written.exclude(origin="").order_by("settled_by__dt_completed")
    return {(key, number): digest for key, number, digest in found.values_list("key", "external_id", "slice_digest")}


def _customer_sent(case: Case, sent: Mapping[tuple[str, str], str]) -> str | None:
    return sent.get((case.key, case.mapped.id)) if case.mapped else None


def _changed(case: Case, sent: Mapping[tuple[str, str], str]) -> Found:
    same = _customer_sent(case, sent) == party_digest(case.bill)
    return Found() if same else Found(CustomerStep.UPDATE)


def _of(
    books: Books,
    case: Case,
    sent: Mapping[tuple[str, str], str],
    rows: Mapping[CustomersBy, Rows],
    told: dict[tuple[int, str], Found],
) -> Found:
    if _customer_sent(case, sent) is not None:
        return _changed(case, sent)
    if case.mapped is not None:
        return _claim(books, case, case.mapped, rows)
    account = (case.source.pk, case.bill.account.id)
    if account not in told:
        told[account] = _match(books, case, rows)
    return told[account]


def _claim(books: Books, case: Case, mapped: Match, rows: Mapping[CustomersBy, Rows]) -> Found:
    """A mapped customer gets our external id unless it, or another customer, has one; a person's mapping holds all the same."""
    row = next((row for row in rows["id"].get(mapped.id, ()) if row.active), None)
    holders = [other.id for other in rows["external_id"].get(case.key, ())]
    if row is None or any(holder != row.id for holder in holders):
        return Found()
    if row.external_id not in ("", case.key):
        return Found(fault=faults.taken(books.table, case.who, row, case.key)) if mapped.rule is Rule.MATCH else Found()
    return Found(CustomerStep.CLAIM)


def _match(books: Books, case: Case, rows: Mapping[CustomersBy, Rows]) -> Found:
    for way in books.customers.by(books.options):
        if found := list(rows[way].get(case.given[way], ())):
            return _chosen(books, case, way, found)
    return Found(CustomerStep.CREATE if books.customers.creates(books.options) else CustomerStep.ABSENT)


def _chosen(books: Books, case: Case, way: CustomersBy, found: Sequence[CustomerRow]) -> Found:
    active = [row for row in found if row.active]
    if not active:
        return Found(fault=faults.inactive(books.table, case.who, found[0], books.customers.reactivate))
    if len(active) > 1:
        return Found(fault=faults.ambiguous(books.table, case.who, case.given[way], active))
    [row] = active
    if row.external_id not in ("", case.key):
        return Found(fault=faults.taken(books.table, case.who, row, case.key))
    other = pin_to(books.integration, books.tenant, case.source, case.bill.account.id, row, Origin.MATCHED)
    if other is not None:
        return Found(fault=faults.other_account(books.table, case.who, row, other.entity_id))
    return Found(CustomerStep.CLAIM, pinned=True)
