"""When comparisons are made and calendars are read. Ids only, safe to run twice."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from integrations.models import IntegrationConfig
from runs import periods_calendar, reconcile_kept, tasks
from runs.build import Kit
from runs.models import Reconciliation
from runs.tasks import job

SCHEDULES = (
    {"name": "reconciliations", "func": "runs.reconcile_tasks.revive", "minutes": 1},
    {"name": "calendars", "func": "runs.reconcile_tasks.read_calendars", "minutes": 60},
)
LONGEST = 3600


def wake(comparison: int) -> None:
    """Asks a worker to make a comparison, once the transaction is committed."""
    transaction.on_commit(lambda: async_task("runs.reconcile_tasks.compare", comparison, timeout=LONGEST))


def compare(comparison: int) -> None:
    with job(f"comparison {comparison}"):
        found = Reconciliation.objects.select_related("integration__credential", "integration__current_version").get(pk=comparison)
        reconcile_kept.work(found, lambda: tasks.beat(timezone.now()))


def revive() -> int:
    """Wakes comparisons that nobody makes; how many."""
    with job("reconciliations"):
        gone = reconcile_kept.abandoned()
        for comparison in gone:
            wake(comparison)
        return len(gone)


def wake_calendar(integration: IntegrationConfig) -> None:
    name = str(integration.pk)
    transaction.on_commit(lambda: async_task("runs.reconcile_tasks.read_calendar", name))


def read_calendar(integration: str | UUID) -> None:
    """The posting periods of an integration's books."""
    with job(f"calendar {integration}"):
        periods_calendar.read(Kit.of(IntegrationConfig.objects.select_related("credential", "current_version").get(pk=integration)))


def read_calendars() -> int:
    """Wakes one reading per tenant; how many."""
    with job("calendars"):
        used = IntegrationConfig.objects.filter(archived_at=None, enabled=True).select_related("credential")
        books = {(each.system, each.credential.tenant): each for each in used if each.credential and each.connected}
        for integration in books.values():
            wake_calendar(integration)
        return len(books)
