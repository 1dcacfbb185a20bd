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

from integrations.models import IntegrationConfig
from runs import budget, lease, ledger, problems, recover, verify
from runs.build import Kit
from runs.deliver import deliver
from runs.models import Beat, Exchange
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
    Beat.objects.update_or_create(owner=lease.me(), defaults={"seen_at": timezone.now(), "busy_since": busy_since})


def wake_all() -> None:
    """Asks a worker to look at everything, once the transaction is committed: new Bills have arrived."""
    transaction.on_commit(lambda: async_task("runs.tasks.sweep"))


def probe() -> None:
    """The watchdog's question whether anybody works."""
    beat(None)


def look(integration_id: str) -> int:
    """Works on one integration for up to a minute; what is left then is another wake-up.

    While others hold the tenant's whole budget it waits a little, so that what they leave to it is taken.
    """
    with job(f"look {integration_id}"):
        return _look(integration_id)


def _look(integration_id: str) -> int:
    integration = _load(integration_id)
    end = time.monotonic() + SECONDS
    done, patience = 0, 10
    while time.monotonic() < end and patience:
        taken = recover.settle(integration) + deliver(integration)
        done += taken
        integration = _load(integration_id)
        if not taken and not has_due_runs(integration):
            return done
        if not taken:
            patience -= 1
            time.sleep(PAUSE)
    if has_due_runs(integration):
        wake(integration)
    return done


def _load(integration_id: str | UUID) -> IntegrationConfig:
    return IntegrationConfig.objects.select_related("credential", "current_version").get(pk=integration_id)


def wake_idle() -> int:
    """Wakes a worker for each integration that has something due while nobody works for its tenant, unless jobs are waiting already.

    Every few seconds, by the watchdog: tries whose time has come, jobs of the destination to follow, what a dead worker left. Returns
    how many were woken.
    """
    if get_broker().queue_size():
        return 0
    integrations = IntegrationConfig.objects.filter(archived_at=None).select_related("credential", "current_version")
    idle = [each for each in integrations if (has_due_runs(each) or _has_lost_answers(each)) and not budget.in_use(each)]
    for integration in idle:
        wake(integration)
    return len(idle)


def has_due_runs(integration: IntegrationConfig) -> bool:
    return integration.enabled and integration.connected and ledger.due(integration, timezone.now()).exists()


def sweep() -> int:
    """The truth behind the wake-ups: frees the dead, selects what is owed, settles lost answers, verifies, wakes who has work."""
    with job("sweep"):
        return _sweep()


def _sweep() -> int:
    recover.free_dead_claims()
    recover.lose_dead_intents()
    problems.end_snoozes(timezone.now())
    woken = 0
    for integration in IntegrationConfig.objects.filter(archived_at=None).select_related("credential", "current_version"):
        select(integration, timezone.now())
        if integration.connected and integration.deliveries.filter(verified_at=None).exclude(origin="").exists():
            verify.sweep(Kit.of(integration))
        if has_due_runs(integration) or _has_lost_answers(integration):
            wake(integration)
            woken += 1
    return woken


def _has_lost_answers(integration: IntegrationConfig) -> bool:
    open_ones = Exchange.objects.filter(integration=integration, next_look_at__lte=timezone.now())
    return integration.connected and open_ones.exclude(state=Exchange.State.SETTLED).exists()
