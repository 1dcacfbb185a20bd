"""How far chains are: what a step waits for at the destination, and what follows when one has moved."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet
from django.utils import timezone

from integrations.contract import Sought
from integrations.models import IntegrationConfig
from runs import ledger, rows
from runs.build import Kit
from runs.models import DUE, OPEN, Delivery, IntegrationRun, Status
from runs.points import point
from runs.slots import MAIN

UNFOLDED = Q(delivery__state=Delivery.State.CHAIN, sequence__gt=0)
"""Parents that have children: those tell how it goes."""


def poll(kit: Kit) -> int:
    """Asks once for all runs that wait for something at the destination; returns how many may go now. Raises errors.DeliveryError."""
    waiting = IntegrationRun.objects.filter(ledger.unblocked(), integration=kit.integration, status__in=DUE).exclude(waits_for="")
    held = list(waiting.filter(delivery__depends_on__isnull=False).select_related("delivery__depends_on").defer("explanation"))
    if not held or kit.destination.released is None:
        return 0
    bases = {base.key: base for run in held if (base := run.delivery.depends_on) is not None}
    point("before polling")
    sought = [Sought(base.kind, key, external_id=base.external_id) for key, base in bases.items()]
    free = kit.destination.released(kit.wire, kit.tenant, sought)
    point("polled")
    going = [run.pk for run in held if run.delivery.depends_on is not None and run.delivery.depends_on.key in free]
    return IntegrationRun.objects.filter(pk__in=going, status__in=DUE).update(waits_for="", next_attempt_at=timezone.now())


def waits(integration: IntegrationConfig | OuterRef) -> QuerySet[IntegrationRun]:
    """What of it waits for the destination."""
    return IntegrationRun.objects.filter(integration=integration, status__in=DUE).exclude(waits_for="")


def at(run: IntegrationRun) -> IntegrationRun:
    """The step that a chain has come to; any other run itself."""
    if run.delivery.state != Delivery.State.CHAIN or not run.sequence:
        return run
    children = run.children.select_related("bill__current_revision", "integration__credential", "delivery").order_by("sequence")
    return children.exclude(status=Status.COMPLETE).first() or run


def advance(runs: Iterable[IntegrationRun]) -> None:
    """What follows from steps that have moved: their parents are as far."""
    roll_up(run.parent_id for run in runs)


def roll_up_open(integration: IntegrationConfig) -> None:
    """For what a worker that died has not said of its parents."""
    parents = IntegrationRun.objects.filter(integration=integration, delivery__state=Delivery.State.CHAIN, status__in=OPEN, sequence__gt=0)
    roll_up(parents.values_list("pk", flat=True))


def roll_up(parents: Iterable[UUID | None]) -> None:
    """A parent is as far as its first unfinished child, and complete when all are."""
    wanted = {parent for parent in parents if parent is not None}
    if not wanted:
        return
    children: dict[UUID, list[IntegrationRun]] = {}
    steps = IntegrationRun.objects.filter(parent__in=wanted).select_related("delivery").defer("explanation")
    for child in steps.order_by("sequence", "dt_created"):
        children.setdefault(child.parent_id or child.pk, []).append(child)
    found = list(IntegrationRun.objects.filter(pk__in=children).defer("explanation"))
    for parent in found:
        _follow(parent, children[parent.pk])
    rows.update(found, ["status", "error_code", "error", "detail", "external_id", "url", "dt_completed", "next_attempt_at"])


def _follow(parent: IntegrationRun, children: Sequence[IntegrationRun]) -> None:
    at = next((child for child in children if child.status != Status.COMPLETE), None)
    shown = next((child for child in children if child.delivery.slot == MAIN), children[-1])
    parent.external_id, parent.url = shown.external_id, shown.url
    if at is None:
        parent.status, parent.error_code, parent.error, parent.detail = Status.COMPLETE, "", "", ""
        parent.dt_completed = max(child.dt_completed for child in children if child.dt_completed)
    else:
        parent.status, parent.error_code, parent.error, parent.detail = at.status, at.error_code, at.error, at.detail
        parent.dt_completed, parent.next_attempt_at = at.dt_completed, at.next_attempt_at
