import csv
import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runs.export import Window, lane_of, rows
from runs.management.output import find_integration


def day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a date like 2026-10-31") from None


class Command(BaseCommand):
    help = (
        "Prints what an integration would send as the destination's import file (CSV) on stdout, delivered Bills included; "
        "without dates, of the previous billing period, which is the month before this one. Bills that cannot be built are named on "
        "stderr, and the exit code is 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--integration", metavar="ID", required=True)
        parser.add_argument("--from", dest="start", type=day, metavar="D", help="Bills dated on or after this day")
        parser.add_argument("--to", dest="end", type=day, metavar="D", help="Bills dated on or before this day")
        parser.add_argument("--unsent", action="store_true", help="only Bills that have not been delivered")

    def handle(self, *args: Any, **options: Any) -> None:
        integration = find_integration(options["integration"])
        lane = lane_of(integration)
        if lane is None:
            raise CommandError(f"{integration.system_label} takes no file from us; its documents are sent by sync.")
        writer = csv.writer(self.stdout)
        writer.writerow(lane.header(integration.options))
        failed = 0
        for row in rows(integration, lane, Window.of(options["start"], options["end"], options["unsent"])):
            writer.writerows(row.lines)
            if row.fault is not None:
                failed += 1
                self.stderr.write(f"{row.bill}: {row.fault.title}")
        if failed:
            raise CommandError(f"{failed} {'Bill is' if failed == 1 else 'Bills are'} not in the file.")
