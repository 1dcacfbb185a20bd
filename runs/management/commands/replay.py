from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from runs import orders
from runs.management.output import write
from runs.models import IntegrationRun


class Command(BaseCommand):
    help = "Makes new runs that point to the old ones; each updates the same document. Prints {replayed: [{run, new, status}]}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("runs", nargs="*", metavar="RUN", help="ids of runs")
        parser.add_argument("--failed", action="store_true", help="every run that needs a person")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["runs"]) == options["failed"]:
            raise CommandError("Name the runs, or say --failed.")
        chosen = orders.failed() if options["failed"] else _find(options["runs"])
        try:
            made = [(run, orders.replay(run)) for run in chosen]
        except orders.NotPossibleError as refused:
            raise CommandError(str(refused)) from refused
        write({"replayed": [{"run": run.pk, "new": new.pk, "status": new.status} for run, new in made]})


def _find(names: Iterable[str]) -> list[IntegrationRun]:
    found = []
    for name in names:
        try:
            found.append(IntegrationRun.objects.select_related("bill", "integration__credential", "delivery").get(pk=UUID(name)))
        except (ValueError, IntegrationRun.DoesNotExist):
            raise CommandError(f"No run has the id “{name}”.") from None
    return found
