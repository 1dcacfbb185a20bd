"""What would be sent, without sending: the exact request, and per line why this item and this amount. Works without a credential."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from billing import bill as canonical
from billing import store
from billing.bill import Ref
from billing.models import Bill
from integrations import registry
from integrations.contract import Document, Fault, Match, Plan, Request, Sending
from integrations.models import IntegrationConfig
from mappings.lookup import Answer, MappingLookup
from runs.build import lookups_for, plan_for, stamp_of
from runs.chains import made_of
from runs.ledger import request_key
from runs.models import Delivery
from runs.select import Selector
from runs.slots import CHAIN, MAIN

NOWHERE = "your-account"


class _Offline:
    """A transport for building requests only."""

    def __init__(self, system: str) -> None:
        self.system = system

    def send(self, request: Request) -> None:
        raise AssertionError("a preview sends nothing")


Refs = frozenset[tuple[str, str]]
"""The (entity, id) pairs that a line is looked up by."""


@dataclass(frozen=True)
class _Listener:
    """A lookup that remembers which rules it asked, in order, up to the one that answered."""

    lookup: MappingLookup
    heard: dict[Refs, list[Answer]]

    def find(self, table: str, entities: Sequence[str], refs: Mapping[str, Ref], on: dt.date) -> Match | None:
        heard = self.heard[refs_of(refs)] = []
        for answer in self.lookup.answers(table, entities, refs, on):
            heard.append(answer)
            if answer[2]:
                return answer[2]
        return None

    def name(self, table: str, external_id: str) -> str:
        return self.lookup.name(table, external_id)

    def currencies(self, table: str, external_id: str) -> Sequence[str]:
        return self.lookup.currencies(table, external_id)

    def kind(self, table: str, external_id: str) -> str:
        return self.lookup.kind(table, external_id)


def refs_of(refs: Mapping[str, Ref]) -> Refs:
    return frozenset((entity, ref.id) for entity, ref in refs.items())


@dataclass(frozen=True)
class Preview:
    """`reason` says why the Bill is left out, `fault` why it would be stopped; `requests` are exact but for the login.

    `deliveries` are what of the Bill the integration's books know, by slot; `settled` the slots of documents that others have been made of
    already, so that they do not go again. `heard`: which rules were asked for the item of a line, by what it is looked up by.
    """

    bill: canonical.Bill
    plan: Plan
    fault: Fault | None
    reason: str
    requests: Sequence[Request]
    deliveries: Mapping[str, Delivery]
    settled: Collection[str]
    heard: Mapping[Refs, Sequence[Answer]]

    @property
    def delivery(self) -> Delivery | None:
        """That of the main document."""
        return self.deliveries.get(MAIN)


def preview(bill: Bill, integration: IntegrationConfig) -> Preview:
    """The current revision of one Bill through one integration, with the options of today."""
    if bill.current_revision is None:
        raise ValueError(f"{bill} has no revision")
    document = store.load([bill.current_revision])[bill.current_revision.pk]
    lookup = lookups_for(integration, integration.options, [(bill.source_id, document)], None)[bill.source_id]
    return _of(bill, document, integration, _Listener(lookup, {}))


def _of(bill: Bill, document: canonical.Bill, integration: IntegrationConfig, lookup: _Listener) -> Preview:
    destination = registry.destination(integration.system)
    deliveries = _deliveries(bill, integration)
    there = {slot: delivery.external_id for slot, delivery in deliveries.items() if delivery.delivered}
    number = bill.current_revision.number if bill.current_revision else 1
    stamp = stamp_of(bill.source, number, _generation(deliveries.get(MAIN)), there)
    plan, fault = plan_for(destination, document, integration.options, lookup, stamp)
    settled = {each.slot for each in plan.documents if made_of(plan, each, there)}
    requests = _requests(integration, [each for each in plan.documents if each.slot not in settled and not plan.missing], deliveries)
    return Preview(document, plan, fault, Selector.of(integration).why_not(bill), requests, deliveries, settled, lookup.heard)


def _requests(integration: IntegrationConfig, documents: Sequence[Document], deliveries: Mapping[str, Delivery]) -> Sequence[Request]:
    """One after the other, as each goes when those before it are complete."""
    tenant = integration.credential.tenant if integration.credential else NOWHERE
    destination = registry.destination(integration.system)
    client = destination.connect(_Offline(integration.system), tenant, integration.options)  # type: ignore[arg-type]
    found: list[Request] = []
    for document in documents:
        delivery = deliveries.get(document.slot)
        stands = delivery is not None and delivery.delivered
        sending = Sending(document=document, update=stands, external_id=delivery.external_id if delivery and stands else "")
        found += client.pack([sending], partial(_key, tenant, _generation(delivery)))
    return found


def _key(tenant: str, generation: int, members: Sequence[str], body: bytes) -> str:
    return request_key(tenant, [(member, generation) for member in members], body)


def _generation(delivery: Delivery | None) -> int:
    return delivery.generation + 1 if delivery else 1


def _deliveries(bill: Bill, integration: IntegrationConfig) -> dict[str, Delivery]:
    """By slot; none without a credential."""
    if integration.credential is None:
        return {}
    found = Delivery.objects.filter(system=integration.system, tenant=integration.credential.tenant, bill=bill).exclude(slot=CHAIN)
    return {delivery.slot: delivery for delivery in found.select_related("integration")}
