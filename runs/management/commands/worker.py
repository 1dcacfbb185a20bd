from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from runs import recover


class Command(BaseCommand):
    help = "Runs the background jobs: sends Bills, settles lost answers, sweeps. Any number may run against one database."

    def handle(self, *args: Any, **options: Any) -> None:
        cluster = settings.Q_CLUSTER
        if cluster["retry"] <= cluster["timeout"] * (1 + -(-(cluster["queue_limit"] + cluster["bulk"]) // cluster["workers"])):
            raise CommandError("Q_CLUSTER's retry is too short: a job could be handed out twice while it runs.")
        recover.free_dead_claims()
        recover.lose_dead_intents()
        call_command("qcluster")
