"""What an outcome makes of a run and its delivery: the states of design section 3, in memory; record.py writes them."""

import datetime as dt
from decimal import Decimal

from django.utils import timezone

from billing import store
from integrations.contract import Fault
from runs import retry
from runs.models import Delivery, IntegrationRun, Status


def complete(run: IntegrationRun, delivery: Delivery, external_id: str, url: str) -> None:
    """The destination took the document: the slot now holds this revision."""
    told = (run.explanation or {})["documents"][0]
    run.status, run.error_code, run.error, run.detail = Status.COMPLETE, "", "", ""
    run.external_id, run.url = external_id or delivery.external_id, url or delivery.url
    run.dt_completed, run.building = timezone.now(), False
    delivery.external_id, delivery.url = run.external_id, run.url
    delivery.kind, delivery.key, delivery.tag = told["kind"], told["key"], "" if told["void"] else told["tag"]
    delivery.total, delivery.currency = Decimal(told["total"]), told["currency"]
    delivery.line_keys = [line["line_key"] for line in told["lines"]]
    delivery.slice_digest = told.get("slice") or store.slice_digest(store.read(run.revision))
    delivery.revision, delivery.settled_by, delivery.integration_id = run.revision, run, run.integration_id
    delivery.origin, delivery.verified_at, delivery.read_at = Delivery.Origin.SENT, None, None
    free(delivery)


def at_work(delivery: Delivery) -> None:
    """The destination works on it by itself: no lease, slot or worker is held until it says what came of it."""
    free(delivery)
    delivery.state = Delivery.State.ACCEPTED


def lost(run: IntegrationRun, delivery: Delivery, fault: Fault) -> None:
    """Sent, answer lost: only the stored exchange settles it."""
    run.status, run.error_code, run.error, run.detail, run.building = Status.UNKNOWN, fault.code, fault.title, fault.detail, False
    free(delivery)
    delivery.state = Delivery.State.UNKNOWN


def stop(run: IntegrationRun, delivery: Delivery, fault: Fault) -> None:
    """Certainly not accepted: waits for its next try, or for a person."""
    halt(run, fault)
    free(delivery)


def halt(run: IntegrationRun, fault: Fault) -> None:
    status, wait = retry.after(fault, run.attempts)
    run.status, run.error_code, run.error, run.detail, run.building = status, fault.code, fault.title, fault.detail, False
    if status == Status.TIMEOUT_LIMIT_EXCEEDED:
        run.error = f"{fault.title} It was not taken in {run.attempts} tries."
    run.next_attempt_at = timezone.now() + (wait or dt.timedelta())
    run.dt_completed = timezone.now() if wait is None else None


def free(delivery: Delivery) -> None:
    delivery.state, delivery.claim, delivery.owner, delivery.lease_until = Delivery.State.IDLE, None, "", None
