"""What a person or a command may order: sync, retry, replay, cancel. Each only writes runs; the engine does the rest."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from billing.models import Bill
from integrations.contract import changed
from integrations.models import IntegrationConfig
from runs import problems, recover, steps, void
from runs.models import NEEDS_PERSON, Delivery, IntegrationRun, Status
from runs.select import by_slot, overlapping, select, taken
from runs.slots import slots
from runs.tasks import wake_first

RETRYABLE = (*NEEDS_PERSON, Status.WAITING, Status.AWAITING_RETRY, Status.RATE_LIMIT_RETRY)
CANCELLABLE = RETRYABLE


class NotPossibleError(Exception):
    """The order cannot be carried out; the message says why and what to do."""


def sync(integration: IntegrationConfig, user: User | None = None) -> list[UUID]:
    """Selects what the integration owes now, schedule or not, and wakes a worker; returns the new runs' ids."""
    made = select(integration)
    changed.send(IntegrationRun, actor=user, subject=integration, verb="synced", before=None, after={"runs": len(made)})
    wake_first(integration)
    return made


def retry(run: IntegrationRun, user: User | None = None) -> IntegrationRun:
    """The same run again, at once; of an UNKNOWN run only the destination is asked; a run that is not the newest is replayed."""
    run = steps.at(run)
    if run.status == Status.UNKNOWN:
        recover.ask_now(run)
        return run
    if not _repeatable(run):
        return replay(run, user)
    if not _again(run, user):
        raise NotPossibleError("The run is being sent right now.")
    wake_first(run.integration)
    run.refresh_from_db()
    return run


def _repeatable(run: IntegrationRun) -> bool:
    return run.status in RETRYABLE and run.revision_id == run.bill.current_revision_id


def _again(run: IntegrationRun, user: User | None) -> bool:
    """Puts a run back to its beginning, without waking anybody; False while it is being sent."""
    status = Status.WAITING if run.integration.enabled else Status.DISABLED
    free = IntegrationRun.objects.filter(pk=run.pk, status__in=RETRYABLE).exclude(delivery__state=Delivery.State.SENDING)
    if not free.update(
        status=status,
        automatic=False,
        attempts=0,
        next_attempt_at=timezone.now(),
        dt_completed=None,
        error_code="",
        error="" if run.integration.enabled else off(run.integration),
        detail="",
        requested_by=user,
    ):
        return False
    steps.roll_up([run.parent_id])
    changed.send(IntegrationRun, actor=user, subject=run, verb="retried", before={"status": run.status}, after={"status": status})
    return True


def replay(run: IntegrationRun, user: User | None = None) -> IntegrationRun:
    """A new run of the Bill's current revision that points to the old; it always sends, and updates the same document."""
    new = _replayed(run, user)
    wake_first(new.integration)
    return new


def _replayed(run: IntegrationRun, user: User | None) -> IntegrationRun:
    bill, integration = run.bill, run.integration
    if integration.credential is None:
        raise NotPossibleError(f"{integration} is not connected; connect a credential first.")
    if bill.current_revision is None:
        raise NotPossibleError("The Bill has no revision to send.")
    [slot] = by_slot(integration, [bill])
    if bill.status == Bill.Status.VOID:
        slot = void.slot(integration)
    elif run.parent_id is not None:
        slot = run.delivery.slot
    delivery = slots(integration, [bill], slot)[bill.pk]
    new = _person_run(integration, bill, delivery, IntegrationRun.Trigger.REPLAY, user)
    new.replayed_from = run
    return _order(new, "replayed", user)


def send_one(bill: Bill, integration: IntegrationConfig, user: User | None = None) -> IntegrationRun:
    """One Bill through one integration now, because a person says so: it goes even where the selection would leave it out."""
    if integration.credential is None or bill.current_revision is None:
        raise NotPossibleError(f"{integration} is not connected; connect a credential first.")
    [slot] = by_slot(integration, [bill])
    delivery = slots(integration, [bill], slot)[bill.pk]
    run = _order(_person_run(integration, bill, delivery, IntegrationRun.Trigger.RESEND, user), "sent", user)
    wake_first(integration)
    return run


def _person_run(integration: IntegrationConfig, bill: Bill, delivery: Delivery, trigger: str, user: User | None) -> IntegrationRun:
    return IntegrationRun(
        integration=integration,
        bill=bill,
        revision=bill.current_revision,
        delivery=delivery,
        trigger=trigger,
        automatic=False,
        requested_by=user,
        amount=bill.total,
        currency=bill.currency,
        post_on=delivery.settled_by.post_on if delivery.settled_by else None,
        next_attempt_at=timezone.now(),
    )


def _order(run: IntegrationRun, verb: str, user: User | None) -> IntegrationRun:
    """Stores a person's run: held when the integration is off, refused when the slot is another integration's, else on its way."""
    if not run.integration.enabled:
        run.status, run.error_code, run.error = Status.DISABLED, "DISABLED", off(run.integration)
    elif taken(run.delivery, run.integration):
        run = overlapping(run, run.delivery)
    run.save(force_insert=True)
    after = {"replayed_from": str(run.replayed_from_id)} if run.replayed_from_id else {"bill": str(run.bill)}
    changed.send(IntegrationRun, actor=user, subject=run, verb=verb, before=None, after=after)
    return run


def off(integration: IntegrationConfig) -> str:
    since = f" since {integration.disabled_at:%-d %b %H:%M} UTC" if integration.disabled_at else ""
    return f"This run was not sent because {integration} is disabled{since}."


def cancel(run: IntegrationRun, user: User | None = None) -> IntegrationRun:
    """Stops a run before sending, of a chain the step that it has come to. An UNKNOWN run cannot be cancelled: its request may have
    arrived, so the destination is asked."""
    run = steps.at(run)
    if run.status == Status.UNKNOWN:
        recover.ask_now(run)
        return run
    resting = (Delivery.State.IDLE, Delivery.State.CHAIN)
    waiting = IntegrationRun.objects.filter(pk=run.pk, status__in=CANCELLABLE, delivery__state__in=resting)
    if not waiting.update(status=Status.CANCELLED, dt_completed=timezone.now(), requested_by=user):
        raise NotPossibleError("Only a run that has not been sent can be cancelled.")
    steps.roll_up([run.parent_id])
    run.problems.clear()
    problems.close_empty(run.integration)
    changed.send(
        IntegrationRun, actor=user, subject=run, verb="cancelled", before={"status": run.status}, after={"status": Status.CANCELLED}
    )
    run.refresh_from_db()
    return run


def failed(integration: IntegrationConfig | None = None) -> Iterable[IntegrationRun]:
    """The newest run of each slot, where it needs a person; of a chain the step that does."""
    runs = (
        IntegrationRun.objects.filter(status__in=NEEDS_PERSON)
        .exclude(steps.UNFOLDED)
        .select_related("bill", "integration__credential", "delivery")
    )
    newest: dict[int, IntegrationRun] = {}
    for run in (runs.filter(integration=integration) if integration else runs).order_by("dt_created"):
        newest[run.delivery_id] = run
    return [run for run in newest.values() if not _posted_since(run)]


def _posted_since(run: IntegrationRun) -> bool:
    later = IntegrationRun.objects.filter(delivery=run.delivery_id, dt_created__gt=run.dt_created)
    return later.exclude(status__in=(*NEEDS_PERSON, Status.SUPERSEDED, Status.CANCELLED)).exists()


def retry_all(runs: Iterable[IntegrationRun], user: User | None = None) -> list[IntegrationRun]:
    """Many again, in one transaction; returns those that go, for a run that is not the newest its replay. Each integration is woken once.

    What is being sent, or was sent and its answer lost, is left alone.
    """
    wanted = [run for run in map(steps.at, runs) if run.status not in (Status.STARTED, Status.UNKNOWN)]
    with transaction.atomic():
        moved = [again for run in wanted if (again := _moved(run, user)) is not None]
        for integration in {run.integration_id: run.integration for run in moved}.values():
            wake_first(integration)
    return moved


def _moved(run: IntegrationRun, user: User | None) -> IntegrationRun | None:
    if _repeatable(run):
        return run if _again(run, user) else None
    try:
        return _replayed(run, user)
    except NotPossibleError:
        return None
