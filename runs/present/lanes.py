"""Where a Bill is: one lane per integration, one column per revision, and what the destination holds now."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from billing.models import Bill, BillRevision
from integrations.models import IntegrationConfig
from runs.models import Delivery, IntegrationRun
from runs.present import chain, record
from runs.present.record import Record
from runs.present.result import Result, result_of
from runs.select import Selector
from runs.slots import CHAIN, MAIN

COLUMNS = 3
NO_DOCUMENTS = (CHAIN, "customer")
ORDER = ("order", "deposit", MAIN, "credit", "payment", "refund")
"""Slots, or their beginnings, in the order in which their documents go."""


@dataclass(frozen=True)
class Cell:
    """The newest run of one revision in one integration, and what came of it."""

    run: IntegrationRun
    result: Result


@dataclass(frozen=True)
class Now:
    """What the destination holds, how many revisions behind, and what the newest run would make of it."""

    delivery: Delivery
    record: Record | None
    behind: int
    next_amount: IntegrationRun | None


@dataclass(frozen=True)
class Beside:
    """Another document of the Bill that the destination holds: an order, a deposit, a credit, a payment, a refund."""

    delivery: Delivery
    record: Record


@dataclass(frozen=True)
class Lane:
    """One integration. `reason` says why the current revision has no run in it; `able` is false when nothing could go at all."""

    integration: IntegrationConfig
    cells: Sequence[Cell | None]
    reason: str
    able: bool
    next_look: dt.datetime | None
    now: Now | None
    beside: Sequence[Beside] = ()

    @property
    def empty(self) -> bool:
        """Whether the lane spans the revisions with its reason."""
        return not any(self.cells)


def revisions_of(bill: Bill) -> list[BillRevision]:
    """All of them, the newest first, without their documents."""
    return list(bill.revisions.order_by("-number").defer("document", "raw"))


def lanes(bill: Bill, revisions: Sequence[BillRevision]) -> list[Lane]:
    """`bill` with account, source and current revision; `revisions` those of the columns, oldest first. Queries do not grow with lanes."""
    integrations = IntegrationConfig.objects.filter(archived_at=None).select_related("credential", "current_version")
    newest = _newest_runs(bill)
    integrations = integrations.prefetch_related("sources")
    held = _held(bill)
    return [_lane(bill, integration, revisions, newest, held.get(integration.pk, ())) for integration in integrations]


def _held(bill: Bill) -> dict[object, list[Delivery]]:
    """What each integration has posted of the Bill, in the order in which it goes."""
    found: dict[object, list[Delivery]] = {}
    deliveries = bill.deliveries.exclude(slot__in=NO_DOCUMENTS).exclude(origin="").select_related("revision", "integration")
    for delivery in sorted(deliveries, key=_place):
        found.setdefault(delivery.integration_id, []).append(delivery)
    return found


def _place(delivery: Delivery) -> tuple[int, int]:
    kind = delivery.slot.partition(":")[0]
    return ORDER.index(kind) if kind in ORDER else len(ORDER), delivery.pk


def _newest_runs(bill: Bill) -> dict[tuple[object, int], IntegrationRun]:
    runs = bill.runs.filter(parent=None).select_related("integration", "delivery", "bill").defer("explanation").order_by("dt_created", "id")
    return {(run.integration_id, run.revision_id): run for run in chain.with_steps(runs)}


def _lane(
    bill: Bill,
    integration: IntegrationConfig,
    revisions: Sequence[BillRevision],
    newest: dict[tuple[object, int], IntegrationRun],
    held: Sequence[Delivery],
) -> Lane:
    runs = [newest.get((integration.pk, revision.pk)) for revision in revisions]
    cells = [Cell(run, result_of(run)) if run else None for run in runs]
    selector = Selector(integration, integration.options, frozenset(source.pk for source in integration.sources.all()))
    main = next((delivery for delivery in held if delivery.slot == MAIN), None)
    others = [Beside(delivery, found) for delivery in held if delivery is not main and (found := record.of_delivery(delivery))]
    unsent = not runs or runs[-1] is None
    unable = selector.not_able() if unsent else ""
    reason = (unable or selector.not_wanted(bill)) if unsent else ""
    return Lane(
        integration=integration,
        cells=cells,
        reason=reason,
        able=not unable,
        next_look=integration.next_run if unsent and not reason else None,
        now=_now(bill, main, runs[-1] if runs else None) if main else None,
        beside=others,
    )


def _now(bill: Bill, delivery: Delivery, newest: IntegrationRun | None) -> Now:
    current = bill.current_revision.number if bill.current_revision else 0
    shown = delivery.revision.number if delivery.revision else current
    differs = newest is not None and newest.amount != delivery.total and shown != current
    return Now(delivery, record.of_delivery(delivery), current - shown, newest if differs else None)
