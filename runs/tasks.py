"""django-q2 doors: wake-ups that carry ids only, safe to run twice; a flushed queue loses nothing, the sweep finds the work."""

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from integrations.errors import DeliveryError
from integrations.models import IntegrationConfig
from runs import budget, lease, problems, recover, steps, turns, verify
from runs.build import Kit
from runs.deliver import deliver_due, unfold
from runs.models import Beat
from runs.select import select

SECONDS = 60
PAUSE = 0.5

log = logging.getLogger(__name__)


def wake(integration: IntegrationConfig) -> None:
    """Asks a worker to look at an integration, once the transaction is committed."""
    name = str(integration.pk)
    transaction.on_commit(lambda: async_task("runs.tasks.look", name))


@contextmanager
def job(name: str) -> Iterator[None]:
    """The boundary of every job: its worker is seen as busy, and what fails is recorded before it is raised."""
    beat(timezone.now())
    try:
        yield
    except Exception:  # the one broad except: a job that fails for our own reasons is found again by the sweep
        log.exception("The job %s failed; what it held is freed when its lease ends", name)
        raise
    finally:
        beat(None)


def beat(busy_since: dt.datetime | None) -> None:
    me, told = lease.me(), {"seen_at": timezone.now(), "busy_since": busy_since}
    if not Beat.objects.filter(owner=me).update(**told):
        Beat.objects.update_or_create(owner=me, defaults=told)


def wake_first(integration: IntegrationConfig) -> None:
    """The same for a person who waits for it: whoever works takes it up after the batch in hand, whatever else is queued."""
    turns.ask(integration)
    wake(integration)


def wake_all() -> None:
    """Asks a worker to look at everything, once the transaction is committed: new Bills have arrived."""
    transaction.on_commit(lambda: async_task("runs.tasks.sweep"))


def probe() -> None:
    """The watchdog's question whether anybody works."""
    beat(None)


def look(integration_id: str) -> int:
    """Works on one integration for up to a minute, and in turn on others that wait; what is left then is another wake-up.

    While others hold the tenant's whole budget it waits a little, so that what they leave to it is taken.
    """
    with job(f"look {integration_id}"):
        return _look(UUID(integration_id))


def _look(own: UUID) -> int:
    end, mine = time.monotonic() + SECONDS, turns.Turns(own)
    done, patience = 0, 10
    while time.monotonic() < end and patience:
        turn = mine.next()
        if turn is None:
            return done
        taken = batch(turn)
        done += taken
        if not taken:
            patience -= 1
            time.sleep(PAUSE)
    for turn in turns.waiting(own):
        if turn.integration.pk == own:
            wake(turn.integration)
    return done


def batch(turn: turns.Turn) -> int:
    """What a turn has to do: its lost answers, and one batch of its runs, in one part of the tenant's budget while it lasts."""
    kit, started = Kit.of(turn.integration), time.monotonic()
    done = (_polled(kit) if turn.waits else 0) + (unfold(kit) if turn.folded else 0)
    if not turn.asks and not turn.owes:
        return done
    with budget.slots(kit) as parallel:
        done += recover.settle_due(kit, parallel) if parallel and turn.asks else 0
        if parallel and turn.owes and time.monotonic() - started < lease.LEASE.total_seconds() / 2:
            done += deliver_due(kit, parallel)
        return done


def polled(integration: IntegrationConfig) -> int:
    """Asks about what waits for the destination."""
    if not (integration.enabled and integration.connected and steps.waits(integration).exists()):
        return 0
    return _polled(Kit.of(integration))


def _polled(kit: Kit) -> int:
    """The same once it is known that something waits; a destination that cannot be asked now is asked by the next sweep."""
    try:
        return steps.poll(kit)
    except DeliveryError as error:
        log.warning("%s could not be asked what its runs wait for: %s", kit.integration, error.sentence)
        return 0


def wake_idle() -> int:
    """Wakes a worker for each integration that has something due while nobody works for its tenant, unless jobs are waiting already.

    Every few seconds, by the watchdog: tries whose time has come, jobs of the destination to follow, what a dead worker left. Returns
    how many were woken.
    """
    if get_broker().queue_size():
        return 0
    idle = turns.waiting()
    for turn in idle:
        wake(turn.integration)
    return len(idle)


def sweep() -> int:
    """The truth behind the wake-ups: frees the dead, selects what is owed, settles lost answers, verifies, wakes who has work."""
    with job("sweep"):
        return _sweep()


def _sweep() -> int:
    recover.free_dead_claims()
    recover.lose_dead_intents()
    problems.end_snoozes(timezone.now())
    people, woken = turns.Turns(), 0
    for integration in IntegrationConfig.objects.filter(archived_at=None).select_related("credential", "current_version"):
        while (asked := people.next()) is not None:
            batch(asked)
        select(integration, timezone.now())
        if integration.connected and integration.deliveries.filter(verified_at=None).exclude(origin="").exists():
            verify.sweep(Kit.of(integration))
        steps.roll_up_open(integration)
        polled(integration)
        if turns.has_work(integration):
            wake(integration)
            woken += 1
    return woken
