import csv
import dataclasses
import io
import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from django.core.management.base import BaseCommand, CommandError

from mappings.importer import OPTIONAL, REQUIRED, BadFileError, check_header, import_rows

TOLD = f"""\
The file's header, of which the last four columns may be left out:
  {",".join((*REQUIRED, *OPTIONAL))}
An id in integrationConfigId links the mapping to that integration. Entities that nothing has told of yet are accepted.

Prints {{created, updated, unchanged, rejected: [{{where, why}}]}}; exit code 1 when a row was rejected, the others are kept.
"""


class Command(BaseCommand):
    help = "Stores External mappings from a CSV file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = TOLD
        parser.add_argument("file", metavar="FILE.csv", help="the file, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] == "-":
            self._import(sys.stdin.buffer)
            return
        try:
            with Path(options["file"]).open("rb") as stream:
                self._import(stream)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error

    def _import(self, stream: BinaryIO) -> None:
        try:
            result = import_rows(_rows(io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")))
        except UnicodeDecodeError:
            raise CommandError("The file is not text in UTF-8, so nothing was stored; save it as CSV in UTF-8.") from None
        except (BadFileError, csv.Error) as error:
            raise CommandError(f"Nothing was stored. {error}") from error
        self.stdout.write(json.dumps(dataclasses.asdict(result)))
        if result.rejected:
            raise SystemExit(1)


def _rows(stream: TextIO) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(stream)
    check_header(reader.fieldnames)
    for row in reader:
        yield f"line {reader.line_num}", row
