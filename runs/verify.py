"""Reads documents back after sending, many per query: what the destination holds is a fact of its own, swept until it is one."""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db.models import Q
from django.utils import timezone

from integrations.contract import Fault, Held
from integrations.errors import DeliveryError
from integrations.models import IntegrationConfig
from runs import customer_pins, problems, rows
from runs.build import Kit
from runs.models import Delivery, IntegrationRun
from runs.points import point
from runs.record import Accepted, note_usage

READ_FIELDS = ["external_id", "url", "number", "held_status", "held_date", "posting_period", "subsidiary", "read_at", "verified_at"]
AGAIN = dt.timedelta(seconds=30)


def read_back(kit: Kit, accepted: Sequence[Accepted]) -> int:
    """One query for what no answer has shown yet; a read that fails is left to the sweep. Customers are pinned. Returns how many were
    verified."""
    held = {each.key: each.held for each in accepted if each.held is not None}
    read = _read(kit, [each for each in accepted if each.held is None])
    known = [each.run for each in accepted if each.held is not None or read is not None]
    verified = _compare(kit, known, held | (read or {})) if known else 0
    if known:
        point("verified")
    for each in accepted:
        customer_pins.pin(each.run)
    return verified


def _read(kit: Kit, accepted: Sequence[Accepted]) -> dict[str, Held] | None:
    """None when the destination could not be asked."""
    if not accepted:
        return {}
    point("before reading back")
    try:
        held = kit.client.held([each.sought for each in accepted])
    except DeliveryError:
        return None
    note_usage(kit)
    point("read back")
    return held


def sweep(kit: Kit, limit: int = 500) -> int:
    """Verifies what was sent and not read back yet."""
    old = Q(read_at=None) | Q(read_at__lt=timezone.now() - AGAIN)
    waiting = Delivery.objects.filter(old, integration=kit.integration, verified_at=None, state=Delivery.State.IDLE)
    found = waiting.exclude(origin="").select_related("settled_by__bill", "settled_by__revision")[:limit]
    runs = [delivery.settled_by for delivery in found if delivery.settled_by is not None]
    return read_back(kit, [Accepted(run, run.delivery.kind, run.delivery.key) for run in runs])


def _compare(kit: Kit, runs: Sequence[IntegrationRun], held: Mapping[str, Held]) -> int:
    now = timezone.now()
    faults: list[tuple[IntegrationRun, Fault | None]] = []
    shown = {run.pk: (run.external_id, run.url) for run in runs}
    for run in runs:
        there = held.get(run.delivery.key)
        _note(run, there, now)
        faults.append((run, difference(kit.integration, run.delivery, there)))
        if there is not None and faults[-1][1] is None:
            run.delivery.verified_at = now
    _keep(runs, [run for run in runs if shown[run.pk] != (run.external_id, run.url)])
    problems.update(kit.integration, [(run, fault) for run, fault in faults if run.delivery.verified_at or fault])
    return sum(run.delivery.verified_at is not None for run in runs)


def _note(run: IntegrationRun, there: Held | None, now: dt.datetime) -> None:
    """Notes in memory what stands there."""
    delivery = run.delivery
    delivery.read_at = now
    if there is None:
        return
    delivery.external_id, delivery.url, delivery.number = there.external_id, there.url, there.number
    delivery.held_status, delivery.held_date = there.status, there.date
    delivery.posting_period, delivery.subsidiary = there.period, there.subsidiary
    run.external_id, run.url = there.external_id, there.url


def _keep(runs: Sequence[IntegrationRun], renamed: Sequence[IntegrationRun]) -> None:
    """Only rows that still show this run's document: a newer sending of the same slot is not touched. `renamed` show another id now."""
    still = Delivery.objects.filter(pk__in=[run.delivery_id for run in runs], settled_by__in=[run.pk for run in runs])
    current = set(still.values_list("pk", flat=True))
    rows.update([run.delivery for run in runs if run.delivery_id in current], READ_FIELDS)
    rows.update([run for run in renamed if run.delivery_id in current], ["external_id", "url"])


def difference(integration: IntegrationConfig, delivery: Delivery, there: Held | None) -> Fault | None:
    """What does not agree between what we sent and what stands there; None while it is not there to read."""
    if there is None or (delivery.tag in ("", there.tag) and there.total == delivery.total):
        return None
    label = integration.system_label
    return Fault(
        code="VERIFY_DIFFERENCE",
        next="person",
        title=f"{label} shows {there.total} {there.currency} for {there.number}, we posted {delivery.total} {delivery.currency}.",
        why=f"What {label} holds is not what we sent: its memo is “{there.tag}”, ours was “{delivery.tag}”.",
        remedy="Compare the two; Retry writes the Bill again.",
        entity=delivery.key,
    )
