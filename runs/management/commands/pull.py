from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations import errors
from runs.management.commands.export_file import day
from runs.management.commands.import_bills import find_or_make_source
from runs.management.output import write
from runs.pull import Pulled, login, pull


class Command(BaseCommand):
    help = (
        "Fetches Accounts, products and Bills from a source's API: what may have changed since the last pull, or Bills from a date on. "
        "Prints {received, created, revised, unchanged, rejected, watermark}. The exit code is 1 when the API failed before the end, "
        "which keeps what came before, or when a record was rejected; the next pull then asks for the same Bills again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", metavar="SLUG", required=True, help="the source; a platform's name makes its default source")
        parser.add_argument("--platform", default="", help="the billing platform of a source that is new under a name of its own")
        parser.add_argument("--credential", metavar="ID", default="", help="which login; default the one that opens the source")
        parser.add_argument("--from", dest="start", type=day, metavar="D", help="Bills dated on or after this day, whatever was pulled")

    def handle(self, *args: Any, **options: Any) -> None:
        stored = find_or_make_source(options["source"], options["platform"])
        try:
            pulled = pull(stored, login(stored, options["credential"]), options["start"], self._tell)
        except errors.Misconfigured as refused:
            raise CommandError(refused.sentence) from None
        write(vars(pulled.report) | {"watermark": pulled.watermark})
        _judge(pulled)

    def _tell(self, text: str, records: int) -> None:
        self.stderr.write(text)


def _judge(pulled: Pulled) -> None:
    """CommandError when something is missing."""
    rejected = len(pulled.report.rejected)
    if pulled.failure is not None:
        raise CommandError(f"The pull ended early; what came before is kept. {pulled.failure.sentence}")
    if rejected:
        raise CommandError(f"{rejected} {'record was' if rejected == 1 else 'records were'} rejected; the others are kept.")
