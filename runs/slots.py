"""A document's place in a Bill's chain, in the books of an integration's tenant."""

from collections.abc import Iterable

from billing.models import Bill
from integrations.models import IntegrationConfig
from runs.models import Delivery

MAIN = "main"


def slots(integration: IntegrationConfig, bills: Iterable[Bill], slot: str = MAIN) -> dict[int, Delivery]:
    """The deliveries of these Bills in the integration's books, made where absent, by Bill id."""
    wanted = list(bills)
    credential = integration.credential
    if credential is None:
        raise ValueError(f"{integration} is not connected")
    books = {"system": integration.system, "tenant": credential.tenant, "slot": slot}
    Delivery.objects.bulk_create([Delivery(**books, bill=bill, integration=integration) for bill in wanted], ignore_conflicts=True)
    found = Delivery.objects.filter(**books, bill__in=wanted).select_related("integration", "revision", "bill", "settled_by")
    found = found.defer("settled_by__explanation")
    return {delivery.bill_id: delivery for delivery in found}
