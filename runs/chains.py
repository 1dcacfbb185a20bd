"""A Bill that becomes several documents: one parent run stands for all of them, its children go one after the other.

A child goes when those before it are complete, so a failed step stops its own Bill only. Unfolding sends nothing: what a Bill lacks is
said of the parent before the first of its documents goes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone

from billing import store
from integrations.contract import Document, Fault, Plan
from integrations.errors import DeliveryError, Refused
from mappings import catalogue
from runs import ledger, problems, rows, steps, transitions
from runs.build import Kit, explain, plans
from runs.fitness import refusal
from runs.models import DUE, Delivery, IntegrationRun, Status
from runs.points import point
from runs.select import overlapping, taken
from runs.send import fault_from
from runs.slots import places

AT_ONCE = 200
PARENT_FIELDS = ["status", "error_code", "error", "detail", "external_id", "url", "dt_completed", "sequence", "next_attempt_at"]

Standing = Mapping[str, Delivery]
"""What a Bill has at the destination already, by slot."""


@dataclass(frozen=True)
class Unfolded:
    """A parent run, what its Bill becomes, and why it becomes nothing, if so."""

    parent: IntegrationRun
    plan: Plan
    fault: Fault | None


def unfold(kit: Kit) -> int:
    """Makes the children of parents that have none: a run for each document that is owed. Returns how many parents were looked at.

    Reads tables of the destination that decide what documents there are, before any transaction is open. Raises errors.DeliveryError.
    """
    found = ledger.folded(kit.integration, timezone.now()).select_related("bill__source", "bill__account", "revision", "delivery")
    parents = list(found.defer("revision__raw").order_by("automatic", "dt_created")[:AT_ONCE])
    if not parents:
        return 0
    planned = _planned(kit, parents)
    point("before unfolding")
    with transaction.atomic():
        _write(kit, _ours(planned))
        point("unfolding")
    point("unfolded")
    return len(parents)


def put_off(kit: Kit, error: DeliveryError) -> int:
    """The destination could not be asked what a Bill becomes: the parents wait and try again. Returns how many."""
    fault = refusal(error) if isinstance(error, Refused) else fault_from(error, kit.destination.label)
    if fault.next == "unknown":
        fault = replace(fault, next="retry", title=error.sentence, status="ERROR")
    waiting = list(
        ledger.folded(kit.integration, timezone.now())
        .select_related("bill", "revision", "delivery")
        .defer("revision__raw", "explanation")[:AT_ONCE]
    )
    for run in waiting:
        run.attempts += 1
        transitions.halt(run, fault)
    rows.update(waiting, [*PARENT_FIELDS, "attempts"])
    problems.update(kit.integration, [(run, fault) for run in waiting])
    return len(waiting)


def _planned(kit: Kit, parents: Sequence[IntegrationRun]) -> list[Unfolded]:
    told = [Unfolded(run, plan, fault) for run, plan, fault in plans(kit, parents)]
    unread = {table for each in told for table in each.plan.unread}
    if not unread:
        return told
    for table in sorted(unread):
        catalogue.store(kit.integration.system, kit.tenant, table, kit.client.catalogue(table))
    return [Unfolded(run, plan, fault) for run, plan, fault in plans(kit, parents)]


def _ours(planned: Sequence[Unfolded]) -> list[Unfolded]:
    """Those that no other worker has unfolded meanwhile; they are ours until the transaction ends."""
    waiting = IntegrationRun.objects.select_for_update(of=("self",), skip_locked=True).filter(status__in=DUE, sequence=0)
    mine = set(waiting.filter(pk__in=[each.parent.pk for each in planned]).values_list("pk", flat=True))
    return [each for each in planned if each.parent.pk in mine]


def _write(kit: Kit, planned: Sequence[Unfolded]) -> None:
    good = [each for each in planned if each.fault is None]
    children = _children(kit, good)
    for each in planned:
        _say(each, sum(child.parent_id == each.parent.pk for child in children))
    rows.update([each.parent for each in planned], [*PARENT_FIELDS, "explanation"])
    IntegrationRun.objects.bulk_create(children)
    blocked = {each.parent.pk: each.plan for each in planned if each.fault}
    problems.update(kit.integration, [(each.parent, each.fault) for each in planned], blocked)
    steps.roll_up({child.parent_id for child in children if child.status not in DUE and child.parent_id})


def _say(each: Unfolded, children: int) -> None:
    """What the parent is while it has no children: refused for a reason of our own, or finished as all of it stands already."""
    run = each.parent
    run.explanation = explain(each.plan) if each.fault else None
    if each.fault is not None:
        transitions.halt(run, each.fault)
    elif children:
        run.sequence, run.status, run.error_code, run.error, run.detail = children, Status.WAITING, "", "", ""
    else:
        run.status, run.dt_completed, run.error_code, run.error = Status.COMPLETE, timezone.now(), "", ""


def _children(kit: Kit, good: Sequence[Unfolded]) -> list[IntegrationRun]:
    wanted = [(each.parent.bill, document.slot) for each in good for document in each.plan.documents]
    there = places(kit.integration, wanted) if wanted else {}
    made: list[IntegrationRun] = []
    for each in good:
        standing = {document.slot: there[each.parent.bill_id, document.slot] for document in each.plan.documents}
        lines = store.slice_digest(store.read(each.parent.revision))
        owed = [document for document in each.plan.documents if _owed(each, document, standing, lines)]
        made += [_child(each.parent, document, standing, place) for place, document in enumerate(owed, 1)]
    _remember(made, there, good)
    return made


def _owed(each: Unfolded, document: Document, standing: Standing, lines: str) -> bool:
    """Whether a document has to go: not while it shows what it shows already, and never below what has been made of it."""
    if made_of(each.plan, document, {slot for slot, delivery in standing.items() if delivery.delivered}):
        return False
    there = standing[document.slot]
    return not there.delivered or not each.parent.automatic or there.slice_digest != (document.slice or lines)


def made_of(plan: Plan, document: Document, standing: Collection[str]) -> bool:
    """Whether another document has been made of this one already."""
    return any(later.slot in standing for later in plan.documents if later.made_from and later.made_from.slot == document.slot)


def _child(parent: IntegrationRun, document: Document, standing: Standing, place: int) -> IntegrationRun:
    delivery = standing[document.slot]
    run = IntegrationRun(
        integration=parent.integration,
        bill=parent.bill,
        revision=parent.revision,
        delivery=delivery,
        trigger=parent.trigger,
        automatic=parent.automatic,
        requested_by=parent.requested_by,
        amount=document.total,
        currency=document.currency,
        post_on=delivery.settled_by.post_on if delivery.settled_by else None,
        next_attempt_at=timezone.now(),
        parent=parent,
        sequence=place,
        explanation=explain(Plan(documents=(replace(document, lines=()),), target=document.total)),
        waits_for="" if delivery.delivered else document.awaits,
    )
    return overlapping(run, delivery) if taken(delivery, parent.integration) else run


def _remember(made: Iterable[IntegrationRun], there: Mapping[tuple[int, str], Delivery], good: Iterable[Unfolded]) -> None:
    """What a document is made of, for asking whether it may be made."""
    origins = {(each.parent.pk, document.slot): document.made_from for each in good for document in each.plan.documents}
    changed = []
    for run in made:
        origin = origins[run.parent_id, run.delivery.slot] if run.parent_id else None
        base = there.get((run.bill_id, origin.slot)) if origin else None
        if base is not None and run.delivery.depends_on_id != base.pk:
            run.delivery.depends_on = base
            changed.append(run.delivery)
    rows.update(changed, ["depends_on"])
