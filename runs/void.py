"""A Bill that was voided after it was posted: nothing and a word to people, or its credit in full, as the integration says."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet

from billing import store
from billing.bill import Band, Line
from billing.bill import Bill as CanonicalBill
from billing.models import Bill
from integrations import registry
from integrations.contract import Fault, Plan
from integrations.models import IntegrationConfig
from runs.models import Delivery, IntegrationRun
from runs.slots import MAIN

CREDIT = "credit:void"
SUFFIX = "-void"


def slot(integration: IntegrationConfig) -> str:
    """Where a voided Bill's run belongs: a credit has a slot of its own, everything else concerns the document that stands."""
    policy = integration.options.get("voidPolicy")
    return CREDIT if policy == "CREDIT_MEMO" or (policy == "VOID" and not registry.destination(integration.system).voids) else MAIN


def in_place(integration: IntegrationConfig, delivery: Delivery, plan: Plan) -> Plan | None:
    """The Bill's document as it is voided where it stands; None where the integration leaves it, or the destination cannot."""
    if integration.options.get("voidPolicy") != "VOID" or delivery.kind not in registry.destination(integration.system).voids:
        return None
    main = next((document for document in plan.documents if document.slot == MAIN), None)
    if main is None:
        return None
    document = replace(main, kind=delivery.kind, void=True, body={}, lines=(), total=Decimal(0))
    return Plan(documents=(document,), target=Decimal(0))


def voided(integration: IntegrationConfig) -> QuerySet[Bill]:
    """Bills that this integration has posted, that are void now, and whose voiding has no run yet."""
    posted = Delivery.objects.filter(integration=integration, bill=OuterRef("pk"), slot=MAIN).exclude(origin="")
    had_run = IntegrationRun.objects.filter(integration=integration, revision=OuterRef("current_revision"))
    bills = Bill.objects.filter(Exists(posted), ~Exists(had_run), status=Bill.Status.VOID)
    return bills.select_related("account", "source", "current_revision").order_by("id")


def credited(run: IntegrationRun) -> CanonicalBill | None:
    """The posted Bill with every sign turned: its credit in full, under an id of its own. None when nothing stands to be credited."""
    books = {"system": run.delivery.system, "tenant": run.delivery.tenant, "bill": run.bill_id, "slot": MAIN}
    main = Delivery.objects.filter(**books).exclude(revision=None).select_related("revision").first()
    if main is None or main.revision is None:
        return None
    bill = store.load([main.revision])[main.revision.pk]
    lines = tuple(_turned(bill.lines))
    return replace(bill, source_id=bill.source_id + SUFFIX, number="", total=-bill.total, lines=lines, due_date=None, movements=())


def _turned(lines: tuple[Line, ...]) -> Iterator[Line]:
    for line in lines:
        quantity = None if line.quantity is None else -line.quantity
        yield replace(line, amount=-line.amount, quantity=quantity, bands=tuple(map(_turned_band, line.bands)))


def _turned_band(band: Band) -> Band:
    return replace(band, amount=-band.amount, quantity=None if band.quantity is None else -band.quantity)


def fault(run: IntegrationRun, label: str, noun: str) -> Fault:
    """What people read when a voided Bill's document stays as it is."""
    document = f"{noun} {run.delivery.number or run.delivery.external_id}".strip()
    return Fault(
        code="BILL_VOIDED",
        next="person",
        title=f"The Bill was voided after {document} was posted; {label} still shows it.",
        why="This integration leaves the document of a voided Bill as it is.",
        remedy=f"Void or credit {document} in {label}, or choose “Credit it in full” in the options and replay.",
    )
