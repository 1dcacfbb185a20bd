"""The file lane: what an integration would send, as the destination's own import file."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from billing import store
from billing.models import Bill
from integrations import registry
from integrations.contract import Fault, Plan
from integrations.models import IntegrationConfig
from runs.build import Kit, lookups_for, plan_for, stamp_of
from runs.models import Delivery
from runs.select import Selector, chunks


@dataclass(frozen=True)
class Window:
    """Which Bills: by Bill date, both ends included; `unsent` leaves out what the integration has delivered."""

    start: dt.date | None = None
    end: dt.date | None = None
    unsent: bool = False


def exported(integration: IntegrationConfig, window: Window) -> Iterator[tuple[Bill, Plan, Fault | None]]:
    """Every Bill that the options take in, with its plan and why it cannot be built, if so. Reads only what is stored here."""
    selector = Selector.of(integration)
    for chunk in chunks(_bills(integration, window)):
        wanted = [bill for bill in chunk if not selector.not_wanted(bill)]
        yield from _planned(integration, wanted)


def _bills(integration: IntegrationConfig, window: Window) -> QuerySet[Bill]:
    bills = Bill.objects.filter(current_revision__isnull=False).select_related("account", "source", "current_revision").order_by("id")
    if window.start:
        bills = bills.filter(bill_date__gte=window.start)
    if window.end:
        bills = bills.filter(bill_date__lte=window.end)
    if window.unsent:
        bills = bills.filter(~Exists(Delivery.objects.filter(bill=OuterRef("pk"), integration=integration).exclude(origin="")))
    return bills


def _planned(integration: IntegrationConfig, bills: list[Bill]) -> Iterator[tuple[Bill, Plan, Fault | None]]:
    destination, options = registry.destination(integration.system), integration.options
    documents = store.load([bill.current_revision for bill in bills if bill.current_revision is not None])
    owned = [(bill, documents[bill.current_revision.pk]) for bill in bills if bill.current_revision is not None]
    read_table = Kit.of(integration).client.catalogue if integration.connected else None
    lookups = lookups_for(integration, options, [(bill.source_id, document) for bill, document in owned], read_table)
    for bill, document in owned:
        number = bill.current_revision.number if bill.current_revision else 1
        yield bill, *plan_for(destination, document, options, lookups[bill.source_id], stamp_of(bill.source, number, 1))
