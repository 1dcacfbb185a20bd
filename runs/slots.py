"""A document's place in a Bill's chain, in the books of an integration's tenant."""

from collections.abc import Iterable

from billing.models import Bill
from integrations.models import IntegrationConfig
from runs.models import Delivery

MAIN = "main"
CHAIN = "chain"
"""Not a document: the place of the run that stands for all documents of a Bill."""


def slots(integration: IntegrationConfig, bills: Iterable[Bill], slot: str = MAIN) -> dict[int, Delivery]:
    """The deliveries of these Bills in one slot of the integration's books, made where absent, by Bill id."""
    found = places(integration, [(bill, slot) for bill in bills])
    return {bill: delivery for (bill, _), delivery in found.items()}


def places(integration: IntegrationConfig, wanted: Iterable[tuple[Bill, str]]) -> dict[tuple[int, str], Delivery]:
    """The deliveries of (Bill, slot) in the integration's books, made where absent, by Bill id and slot."""
    pairs = {(bill.pk, slot) for bill, slot in wanted}
    if integration.credential is None:
        raise ValueError(f"{integration} is not connected")
    books = {"system": integration.system, "tenant": integration.credential.tenant}
    new = [Delivery(**books, bill_id=bill, slot=slot, integration=integration, state=_resting(slot)) for bill, slot in sorted(pairs)]
    Delivery.objects.bulk_create(new, ignore_conflicts=True)
    found = Delivery.objects.filter(**books, bill__in={bill for bill, _ in pairs}, slot__in={slot for _, slot in pairs})
    found = found.select_related("integration", "revision", "bill", "settled_by").defer("settled_by__explanation")
    return {key: delivery for delivery in found if (key := (delivery.bill_id, delivery.slot)) in pairs}


def _resting(slot: str) -> str:
    return Delivery.State.CHAIN if slot == CHAIN else Delivery.State.IDLE
