"""How many requests a tenant gets at a time, shared by all workers: leased per batch, halved when it was too many, grown by success."""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import OuterRef, QuerySet
from django.utils import timezone

from runs import lease
from runs.build import Kit
from runs.models import Budget, Slots
from runs.points import point

WAITING = dt.timedelta(seconds=15)
"""How long a worker that found nothing free is made room for."""

CHANGE_EVERY = dt.timedelta(seconds=1)


@contextmanager
def slots(kit: Kit) -> Iterator[int]:
    """Leases as many slots as are free, at most the destination's parallelism; yields 0 when all are taken.

    While another worker waits for the same tenant, one slot is left to it, so that a long job never keeps a short one out. When the
    allowance of calls is nearly used up, there is one slot for all.
    """
    held = _lease(kit)
    point("slots leased")
    try:
        yield held.count if held else 0
    finally:
        if held:
            held.delete()


def _lease(kit: Kit) -> Slots | None:
    now, me = timezone.now(), lease.me()
    point("before leasing slots")
    with transaction.atomic():
        budget = _budget(kit)
        rows = list(budget.slots.all())
        gone = [row.pk for row in rows if row.until < now or lease.is_dead(row.owner)]
        Slots.objects.filter(pk__in=gone).delete()
        live = [row for row in rows if row.pk not in gone]
        free = (1 if _nearly_used_up(kit) else int(budget.cap)) - sum(row.count for row in live)
        others_wait = any(row.count == 0 and row.owner != me for row in live)
        if any(row.count == 0 and row.owner == me for row in rows):
            Slots.objects.filter(budget=budget, owner=me, count=0).delete()
        if free <= 0:
            Slots.objects.create(budget=budget, count=0, owner=me, until=now + WAITING)
            return None
        count = max(1, free - 1) if others_wait else free
        return Slots.objects.create(budget=budget, count=count, owner=me, until=now + lease.LEASE)


def _nearly_used_up(kit: Kit) -> bool:
    return kit.integration.credential is not None and kit.integration.credential.nearly_used_up


def _budget(kit: Kit) -> Budget:
    books = {"system": kit.integration.system, "tenant": kit.tenant}
    locked = Budget.objects.select_for_update()
    found = locked.filter(**books).first()
    return found or locked.get_or_create(**books, defaults={"cap": float(kit.destination.parallel)})[0]


def held(system: OuterRef, tenant: OuterRef) -> QuerySet[Slots]:
    """The parts of these tenants' budgets that workers hold at this moment."""
    return Slots.objects.filter(budget__system=system, budget__tenant=tenant, count__gt=0, until__gt=timezone.now())


def learn(kit: Kit, rate_limited: Iterable[bool]) -> None:
    """One batch's lesson: a refusal for too many at once halves the cap, a clean batch adds one; written at most once a second."""
    lessons = list(rate_limited)
    if not lessons:
        return
    budget = Budget.objects.get(system=kit.integration.system, tenant=kit.tenant)
    most = float(kit.destination.parallel)
    cap = max(1.0, budget.cap / 2) if any(lessons) else min(most, budget.cap + 1)
    if cap == budget.cap or (budget.changed_at and timezone.now() - budget.changed_at < CHANGE_EVERY):
        return
    same = Budget.objects.filter(pk=budget.pk, cap=budget.cap)
    same.update(cap=cap, changed_at=timezone.now())
