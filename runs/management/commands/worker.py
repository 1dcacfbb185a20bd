import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from runs.watchdog import Watchdog, free_dead, qcluster


class Command(BaseCommand):
    help = (
        "Runs the background jobs under a watchdog: sends Bills, settles lost answers, sweeps. Any number may run on any number of "
        "machines against one PostgreSQL. Stop it by signalling this process alone."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        demand_patient_queue()
        free_dead()
        sys.exit(Watchdog(qcluster()).run())


def demand_patient_queue() -> None:
    """The queue must not hand a job out again while it may still run. CommandError when the settings allow it."""
    cluster = settings.Q_CLUSTER
    prefetched = -(-(cluster["queue_limit"] + cluster["bulk"]) // cluster["workers"])
    if cluster["retry"] <= cluster["timeout"] * (1 + prefetched):
        raise CommandError("Q_CLUSTER's retry is too short: a job could be handed out twice while it still runs.")
