"""From claimed runs to documents: loads what a batch needs in a fixed number of queries, builds and guards each Bill."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

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
from runs import void
from runs.meter import Meter
from runs.models import Delivery, IntegrationRun


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
    def document(self) -> Document:
        return self.plan.documents[0]


def build(kit: Kit, runs: Sequence[IntegrationRun]) -> list[Built]:
    bills = store.load([run.revision for run in runs]) | _credits(runs)
    lookups = lookups_for(
        kit.integration, kit.options, [(run.bill.source_id, bills[run.revision_id]) for run in runs], kit.client.catalogue
    )
    return [_build_one(kit, run, bills[run.revision_id], lookups[run.bill.source_id]) for run in runs]


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


def _build_one(kit: Kit, run: IntegrationRun, bill: canonical.Bill, lookup: Lookup) -> Built:
    stamp = stamp_of(run.bill.source, run.revision.number, run.delivery.generation + 1)
    run.version = kit.integration.current_version
    if bill.status == Bill.Status.VOID:
        noun = kit.destination.nouns.get(run.delivery.kind, "document")
        return Built(run, Plan(documents=(), target=bill.total), void.fault(run, kit.destination.label, noun))
    plan, fault = plan_for(kit.destination, _dated(bill, run), kit.options, lookup, stamp)
    run.explanation = explain(plan)
    run.amount = plan.target
    return Built(run, plan, fault)


def _dated(bill: canonical.Bill, run: IntegrationRun) -> canonical.Bill:
    """The Bill as it posts: on the open day that the run was given, if its own date lies in a closed period."""
    return bill if run.post_on is None else replace(bill, invoice_date=run.post_on)


def stamp_of(source: Source, revision: int, generation: int) -> Stamp:
    """Bills of a source that is not its platform's default one are told apart at the destination."""
    return Stamp(source=source.slug, revision=revision, generation=generation, default_source=source.slug == source.platform)


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


def against_held(built: Built, held: Mapping[str, Held], noun: str) -> Fault | None:
    """Why a delivered document must not be written over: the books forbid it, or somebody else changed it."""
    delivery, there = built.run.delivery, held.get(built.document.key)
    if not delivery.delivered:
        return None
    return next((fault for check in _CHECKS if (fault := check(delivery, built, there, noun))), None)


def _behind(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    newer = delivery.revision
    if newer is None or newer.number <= built.run.revision.number:
        return None
    return Fault(
        code="REVISION_BEHIND",
        next="person",
        title=f"Nothing was sent: the {noun} already shows revision {newer.number}, a newer one than this run's.",
        why="An older revision would undo a newer one.",
        remedy="Replay the newest run of this Bill instead.",
    )


def _other_kind(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if delivery.kind in ("", built.document.kind):
        return None
    return Fault(
        code="KIND_CHANGED",
        next="person",
        title=f"Nothing was sent: the Bill has become a {noun}, and the destination still holds the earlier document {delivery.number}.",
        why="Its total has changed its sign, and one document cannot become the other.",
        remedy="Void or delete the earlier document at the destination, then Retry.",
    )


def _adopted(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    """A document that was entered at the destination itself does not carry our key: writing the Bill would make a second one."""
    if there is not None or delivery.origin != Delivery.Origin.ADOPTED:
        return None
    return Fault(
        code="ADOPTED",
        next="person",
        title=f"Nothing was sent: the {noun} {delivery.number or delivery.external_id} was entered by hand and marked as synced.",
        why=f"It does not carry our key, so writing the Bill would make a second {noun}.",
        remedy=f"Correct it there and mark it as synced again; or give it the external id {built.document.key}, then Retry.",
    )


def _gone(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is not None or not built.run.automatic:
        return None
    return Fault(
        code="DELETED_AT_DESTINATION",
        next="person",
        title=f"Nothing was sent: the {noun} {delivery.number or delivery.external_id} is no longer there.",
        why="Somebody deleted it after we posted it.",
        remedy=f"Retry makes the {noun} again from the Bill; cancel leaves it deleted.",
    )


def _paid(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is None or not there.paid or there.total == built.document.total:
        return None
    difference = built.document.total - (there.total or 0)
    return Fault(
        code="INVOICE_ALREADY_PAID",
        next="person",
        status="INVOICE_ALREADY_PAID",
        title=f"The {noun} {there.number} is paid, so revision {built.run.revision.number} was not written over it.",
        why=f"Writing over a paid {noun} would change what the customer has already settled.",
        remedy=f"Credit or charge the difference of {difference} {built.document.currency}, or keep the {noun}.",
    )


def _closed(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is None or not there.period_closed:
        return None
    return Fault(
        code="ACCOUNTING_PERIOD_CLOSED",
        next="person",
        status="ACCOUNTING_PERIOD_CLOSED",
        title=f"{there.period or 'The posting period'} is closed, so the {noun} {there.number} cannot be changed.",
        why="The books of that period are closed.",
        remedy="Ask a controller to reopen the period, then Retry.",
    )


def _edited(delivery: Delivery, built: Built, there: Held | None, noun: str) -> Fault | None:
    if there is None or not delivery.verified_at or not built.run.automatic:
        return None
    if there.tag == delivery.tag and there.total == delivery.total:
        return None
    return Fault(
        code="CHANGED_AT_DESTINATION",
        next="person",
        title=f"Nothing was sent: somebody changed the {noun} {there.number} after we posted it.",
        why=f"We posted {delivery.total} {delivery.currency}; it now says {there.total} {there.currency}.",
        remedy=f"Retry writes the Bill over it; or keep the {noun} as it is.",
    )


_CHECKS: tuple[Callable[[Delivery, Built, Held | None, str], Fault | None], ...] = (
    _behind,
    _other_kind,
    _adopted,
    _gone,
    _paid,
    _closed,
    _edited,
)
