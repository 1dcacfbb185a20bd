"""The customers of a batch of Bills: found once at the destination, then pinned as mappings by internal id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from billing import bill as canonical
from billing.bill import Ref
from billing.document import party_digest
from billing.models import Account, Source
from integrations.contract import CustomerRow, Customers, CustomersBy, CustomerStep, Fault, Lookup, Match, Options, Rule, Transport
from integrations.errors import Refused
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs import customer_faults as faults
from runs.customer_pins import SLOT, pin_to, table_of
from runs.models import Delivery

Origin = ExternalMapping.Origin
Rows = Mapping[str, Sequence[CustomerRow]]
Sent = Mapping[tuple[str, str], str]
"""What of which Account was last written to a customer: its digest by our external id and the customer's id."""


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
    unsent = [case for case in cases if case.mapped is None or (case.key, case.mapped.id) not in sent]
    try:
        rows = _ask(books, ways, unsent)
    except Refused as refused:
        told = Found(fault=faults.refused(refused))
        return [told if case in unsent else Found(_step(case, case.mapped.id if case.mapped else "", sent)) for case in cases]
    finder = _Finder(books, ways, sent, rows)
    return [finder.find(case) for case in cases]


def _case(books: Books, source: Source, bill: canonical.Bill, lookup: Lookup) -> Case:
    case = Case(source, bill, books.customers.key(bill.account.id, "" if source.slug == source.platform else source.slug))
    return replace(case, mapped=lookup.find(books.table, ["Account"], {"Account": case.who}, bill.invoice_date or bill.bill_date))


def _sent(books: Books, cases: Sequence[Case]) -> Sent:
    sources, uids = {case.source.pk for case in cases}, {case.bill.account.id for case in cases}
    accounts = Account.objects.filter(source__in=sources, uid__in=uids)
    written = Delivery.objects.filter(system=books.integration.system, tenant=books.tenant, slot=SLOT, bill__account__in=accounts)
    written = written.exclude(origin="").order_by("settled_by__dt_completed")
    return {(key, number): digest for key, number, digest in written.values_list("key", "external_id", "slice_digest")}


def _ask(books: Books, ways: Iterable[CustomersBy], cases: Sequence[Case]) -> dict[CustomersBy, Rows]:
    """A mapped customer is only compared with whoever holds our external id."""
    rows = {way: books.ask(way, (case.given[way] for case in cases if way == "external_id" or case.mapped is None)) for way in ways}
    return rows | {"id": books.ask("id", (case.mapped.id for case in cases if case.mapped))}


def _step(case: Case, number: str, sent: Sent) -> CustomerStep:
    """What a customer of the Account, by its id, lacks of what the Account says."""
    digest = sent.get((case.key, number))
    if digest is None:
        return CustomerStep.CLAIM
    return CustomerStep.NONE if digest == party_digest(case.bill) else CustomerStep.UPDATE


@dataclass(frozen=True)
class _Finder:
    """What was sent before and what was asked now, for the Bills of one batch; an Account that was looked for is not looked for twice."""

    books: Books
    ways: Sequence[CustomersBy]
    sent: Sent
    rows: Mapping[CustomersBy, Rows]
    told: dict[tuple[int, str], Found] = field(default_factory=dict)

    def find(self, case: Case) -> Found:
        if case.mapped is not None and (case.key, case.mapped.id) in self.sent:
            return Found(_step(case, case.mapped.id, self.sent))
        if case.mapped is not None:
            return self._mapped(case, case.mapped)
        account = (case.source.pk, case.bill.account.id)
        if account not in self.told:
            self.told[account] = self._looked_for(case)
        return self.told[account]

    def _mapped(self, case: Case, mapped: Match) -> Found:
        """It gets our external id unless it, or another customer, has one; a person's mapping holds all the same."""
        row = next((row for row in self.rows["id"].get(mapped.id, ()) if row.active), None)
        holders = [other.id for other in self.rows["external_id"].get(case.key, ())]
        if row is None or any(holder != row.id for holder in holders):
            return Found()
        if row.external_id in ("", case.key):
            return Found(CustomerStep.CLAIM)
        return Found(fault=faults.taken(self.books.table, case.who, row, case.key)) if mapped.rule is Rule.MATCH else Found()

    def _looked_for(self, case: Case) -> Found:
        for way in self.ways:
            if found := list(self.rows[way].get(case.given[way], ())):
                return self._chosen(case, way, found)
        return Found(CustomerStep.CREATE if self.books.customers.creates(self.books.options) else CustomerStep.ABSENT)

    def _chosen(self, case: Case, way: CustomersBy, found: Sequence[CustomerRow]) -> Found:
        table, active = self.books.table, [row for row in found if row.active]
        if not active:
            return Found(fault=faults.inactive(table, case.who, found[0], self.books.customers.reactivate))
        if len(active) > 1:
            return Found(fault=faults.ambiguous(table, case.who, case.given[way], active))
        [row] = active
        if row.external_id not in ("", case.key):
            return Found(fault=faults.taken(table, case.who, row, case.key))
        other = pin_to(self.books.integration, self.books.tenant, case.source, case.bill.account.id, row, Origin.MATCHED)
        if other is not None:
            return Found(fault=faults.other_account(table, case.who, row, other.entity_id))
        return Found(_step(case, row.id, self.sent), pinned=True)
