import datetime as dt
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.errors import DeliveryError
from runs.management.output import find_integration, write
from runs.reconcile import reconcile


class Command(BaseCommand):
    help = (
        "Compares the Bills of a period with the documents that the destination holds: {matched, missing: [], extra: [], differs: []}; "
        "both days belong to the period. Exits with 1 on any difference. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--integration", metavar="ID", required=True)
        parser.add_argument("--from", dest="start", type=dt.date.fromisoformat, metavar="D", required=True)
        parser.add_argument("--to", dest="end", type=dt.date.fromisoformat, metavar="D", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = reconcile(find_integration(options["integration"]), options["start"], options["end"])
        except (DeliveryError, ValueError) as error:
            raise CommandError(str(error)) from error
        write(found.as_json())
        if not found.agrees:
            sys.exit(1)
