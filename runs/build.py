"""From claimed runs to documents: loads what a batch needs in a fixed number of queries, builds and guards each Bill."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec

from billing import bill as canonical
from billing import store
from billing.models import Bill, Source
from credentials import hand_out
from integrations import guard, registry
from integrations.contract import Auth, Client, Destination, Document, Fault, Held, Lookup, Plan, Stamp
from integrations.http import Wire
from integrations.models import IntegrationConfig
from mappings import lookup as mapping_lookup
from mappings.lookup import MappingLookup, ReadTable, Scope
from runs import customers, void
from runs.customer_pins import SLOT as CUSTOMER
from runs.meter import Meter
from runs.models import Delivery, IntegrationRun
from runs.slots import CHAIN, MAIN


@dataclass(frozen=True)
class Kit:
    """What one integration's batch works with: its destination, the options version, and a client under its login."""

    integration: IntegrationConfig
    destination: Destination
    options: Mapping[str, Any]
    login: Auth
    client: Client
    tenant: str
    wire: Meter

    @classmethod
    def of(cls, integration: IntegrationConfig) -> "Kit":
        credential = integration.credential
        if credential is None:
            raise ValueError(f"{integration} is not connected")
        destination = registry.destination(integration.system)
        login = hand_out.auth(credential.pk)
        wire = Meter(Wire(login, integration.system), destination.usage)
        client = destination.connect(wire, credential.tenant, integration.options)
        return cls(integration, destination, integration.options, login, client, credential.tenant, wire)


@dataclass(frozen=True)
class Built:
    """One run's plan, and why it must not be sent, if so. `there`: what the destination holds under its key."""

    run: IntegrationRun
    plan: Plan
    fault: Fault | None
    there: Held | None = None

    @property
    def done(self) -> bool:
        """Another Bill's run has seen to the customer that they share."""
        return self.fault is None and not self.plan.documents

    @property
    def document(self) -> Document:
        return self.plan.documents[0]


def build(kit: Kit, runs: Sequence[IntegrationRun]) -> list[Built]:
    return [_built(kit, run, bill, plan, fault) for run, bill, plan, fault in _planned(kit, runs)]


def plans(kit: Kit, runs: Sequence[IntegrationRun]) -> list[tuple[IntegrationRun, Plan, Fault | None]]:
    """All documents that the Bills of these runs become, and our own reason not to send any of them."""
    return [(run, plan, fault) for run, _, plan, fault in _planned(kit, runs)]


def _planned(kit: Kit, runs: Sequence[IntegrationRun]) -> Iterator[tuple[IntegrationRun, canonical.Bill, Plan, Fault | None]]:
    bills = _bills(runs) | _credits(runs)
    owned = [(run.bill.source_id, bills[run.revision_id]) for run in runs]
    lookups = lookups_for(kit.integration, kit.options, owned, kit.client.catalogue)
    looked = _customers(kit, [(run, bills[run.revision_id]) for run in runs], lookups)
    if any(found.pinned for found in looked.values()):
        lookups = lookups_for(kit.integration, kit.options, owned, kit.client.catalogue)
    standing = _standing(kit, {run.bill_id: bills[run.revision_id] for run in runs})
    for run in runs:
        bill, customer = _dated(bills[run.revision_id], run), looked.get(run.pk, customers.Found())
        stamp = stamp_of(run.bill.source, run.revision.number, run.delivery.generation + 1, standing.get(run.bill_id))
        plan, fault = plan_for(kit.destination, bill, kit.options, lookups[run.bill.source_id], replace(stamp, customer=customer.step))
        yield run, bill, plan, customer.fault or fault


def _customers(
    kit: Kit, pairs: Sequence[tuple[IntegrationRun, canonical.Bill]], lookups: Mapping[int, Lookup]
) -> dict[UUID, customers.Found]:
    """What the customers of Bills need first, asked when it is told what they become and when it is done."""
    if kit.destination.customers is None:
        return {}
    asked = [(run, bill) for run, bill in pairs if run.delivery.slot in (CHAIN, CUSTOMER)]
    books = customers.Books(kit.integration, kit.destination.customers, kit.options, kit.wire, kit.tenant)
    found = customers.find(books, [(run.bill.source, bill) for run, bill in asked], lookups)
    return {run.pk: each for (run, _), each in zip(asked, found, strict=True)}


def _standing(kit: Kit, bills: Mapping[int, canonical.Bill]) -> dict[int, dict[str, str]]:
    """What stands in the tenant's books of the Bills that become several documents: the destination's id by Bill and slot."""
    chained = kit.destination.chained
    wanted = [pk for pk, bill in bills.items() if chained is not None and chained(bill, kit.options)]
    found: dict[int, dict[str, str]] = {}
    there = Delivery.objects.filter(system=kit.integration.system, tenant=kit.tenant, bill__in=wanted).exclude(origin="") if wanted else ()
    for delivery in there:
        found.setdefault(delivery.bill_id, {})[delivery.slot] = delivery.external_id
    return found


def _bills(runs: Sequence[IntegrationRun]) -> dict[int, canonical.Bill]:
    """By revision. A run brings the Account along, unless its revision is an older one that names another."""
    bills = {run.revision_id: store.with_account(run.revision, run.bill.account) for run in runs}
    others = [run.revision for run in runs if bills[run.revision_id].account.id != run.bill.account.uid]
    return bills | store.load(others)


def _credits(runs: Sequence[IntegrationRun]) -> dict[int, canonical.Bill]:
    """What the runs of voided Bills send instead, by revision."""
    found = {run.revision_id: void.credited(run) for run in runs if run.delivery.slot == void.CREDIT}
    return {revision: bill for revision, bill in found.items() if bill is not None}


def lookups_for(
    integration: IntegrationConfig, options: Mapping[str, Any], bills: Sequence[tuple[int, canonical.Bill]], read_table: ReadTable | None
) -> dict[int, MappingLookup]:
    """One lookup per source of these (source, Bill) pairs."""
    tenant = integration.credential.tenant if integration.credential else ""
    found: dict[int, MappingLookup] = {}
    for source in {source for source, _ in bills}:
        scope = Scope(
            system=integration.system,
            tenant=tenant,
            integration=integration.pk,
            source=source,
            linked_only=bool(options.get("enforceExternalMappingsForConfig")),
            custom_fields=options.get("customFieldMapping") or {},
        )
        found[source] = mapping_lookup.load(scope, [bill for owner, bill in bills if owner == source], read_table)
    return found


def _built(kit: Kit, run: IntegrationRun, bill: canonical.Bill, plan: Plan, fault: Fault | None) -> Built:
    """The run's own document of the plan, and why it must not go."""
    run.version = kit.integration.current_version
    if bill.status == Bill.Status.VOID and (voided := void.in_place(kit.integration, run.delivery, plan)) is not None:
        run.explanation, run.amount = explain(voided), voided.target
        return Built(run, voided, None)
    if bill.status == Bill.Status.VOID:
        noun = kit.destination.nouns.get(run.delivery.kind, "document")
        return Built(run, Plan(documents=(), target=bill.total), void.fault(run, kit.destination.label, noun))
    slot = MAIN if run.delivery.slot == void.CREDIT else run.delivery.slot
    own = tuple(document for document in plan.documents if document.slot == slot)
    run.explanation = explain(replace(plan, documents=own))
    run.amount = own[0].total if own else plan.target
    seen_to = slot == CUSTOMER and not own
    return Built(run, replace(plan, documents=own), fault or (None if seen_to else _unsendable(own)))


def _unsendable(own: Sequence[Document]) -> Fault | None:
    """Why a run's own document cannot go though its Bill can: the Bill no longer has it, or a setting is missing."""
    if not own:
        return Fault(
            code="NOT_NEEDED",
            next="person",
            title="Nothing was sent: the Bill no longer has what this run was to post.",
            why="Its source or the integration's options have changed since the run was made.",
            remedy="Cancel this run; what stands at the destination stays as it is.",
        )
    if not own[0].lacks:
        return None
    remedy = "Choose it in the integration's options, then Retry."
    return Fault(code="MISSING_SETTING", next="person", title=f"Nothing was sent: {own[0].lacks}", remedy=remedy, entity=own[0].kind)


def _dated(bill: canonical.Bill, run: IntegrationRun) -> canonical.Bill:
    """The Bill as it posts: on the open day that the run was given, if the date of what it posts lies in a closed period."""
    if run.post_on is None:
        return bill
    _, _, uid = run.delivery.slot.partition(":")
    moved = tuple(replace(each, date=run.post_on) if each.uid == uid else each for each in bill.movements)
    return replace(bill, movements=moved) if moved != bill.movements else replace(bill, invoice_date=run.post_on)


def stamp_of(source: Source, revision: int, generation: int, standing: Mapping[str, str] | None = None) -> Stamp:
    """Bills of a source that is not its platform's default one are told apart at the destination."""
    return Stamp(
        source=source.slug,
        revision=revision,
        generation=generation,
        default_source=source.slug == source.platform,
        site=source.tenant or source.slug,
        standing=standing or {},
    )


def _unbuildable(bill: canonical.Bill, error: Exception) -> Fault:
    return Fault(
        code="INVALID_BILL",
        next="person",
        title=f"Nothing was sent: {bill.title} cannot be made into a document.",
        why=str(error),
        remedy="Correct the Bill at its source; the new revision is sent by itself.",
        detail=type(error).__name__,
    )


def plan_for(
    destination: Destination, bill: canonical.Bill, options: Mapping[str, Any], lookup: Lookup, stamp: Stamp
) -> tuple[Plan, Fault | None]:
    """What a Bill becomes, and our own reason not to send it: no document can be made of it, a mapping is missing, the sums differ,
    the customer has another currency."""
    try:
        plan = destination.build(bill, options, lookup, stamp)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        return Plan(documents=(), target=bill.total), _unbuildable(bill, error)
    if plan.fault is not None:
        return plan, plan.fault
    if plan.missing:
        return plan, guard.missing_fault(plan, destination.label)
    customers = next((table.name for table in destination.tables if "Account" in table.entities), "")
    return plan, guard.guard(bill, plan) or guard.customer_fault(bill, plan, customers, lookup, destination.label)


def explain(plan: Plan) -> dict[str, Any]:
    """The plan without its bodies, as JSON with decimals as strings: kept with the run, so that an old invoice explains itself."""
    told: dict[str, Any] = msgspec.to_builtins(plan)
    for document in told["documents"]:
        del document["body"]
    return told
