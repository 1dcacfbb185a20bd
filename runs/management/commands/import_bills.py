import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from billing.models import Source
from integrations import registry
from integrations.contract import Rejected
from runs import tasks
from runs.collect import Collector
from runs.intake.tables import table_of
from runs.management.output import write

STDIN = "-"
FORMATS = """\
A file's ending says what it is; for - and other endings its first line does. Files are streamed, so any length will do.

  .json   A top-level array holds Bills. An object may carry "accounts", "products", "aggregations" and "bills" (more keys as the source
          has them), each an array in the source's own API shapes; any other object is one Bill.
  .jsonl  One Bill, or one such object, on each line.
  .csv    One row per line item with the Bill's columns repeated; consecutive rows with the same id are one Bill. The first row names
          the columns as the source's API names its fields, with a dot for what is inside an object. For m3ter, for example:
          id, accountId, accountCode, currency, billTotal, billDate, dueDate, startDate, endDate, status, version,
          sequentialInvoiceNumber, purchaseOrderNumber, lineItems.id, lineItems.lineItemType, lineItems.description,
          lineItems.quantity, lineItems.unit, lineItems.averageUnitPrice, lineItems.subtotal, lineItems.currency,
          lineItems.convertedSubtotal, lineItems.productId, lineItems.productCode, lineItems.productName,
          lineItems.servicePeriodStartDate, lineItems.servicePeriodEndDate
          An empty cell is a field not given. Pricing bands are lists and have no columns.

Metronome's data export is taken whole: its CSV files whose names begin with invoice or finalized_invoice, line_item and product, or lying
in folders of these names, all in one call.

--source files takes Bills in Billpost's own form, --source focus a cloud provider's FOCUS 1.0 cost file, billed by BilledCost or by what
--amount names; the page Import Bills has templates and the JSON Schema of both.

Prints {received, created, revised, unchanged, rejected: [{where, why}]}: received counts every Bill that came. A record that cannot be
read is rejected and the rest is kept; the exit code is then 1. Importing a file again changes nothing.
"""


class Command(BaseCommand):
    help = "Imports Bills, and the Accounts and products beside them, from files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = FORMATS
        parser.add_argument("--source", metavar="SLUG", required=True, help="the source; a platform's name makes its default source")
        parser.add_argument("--platform", default="", help="the billing platform of a source that is new under a name of its own")
        parser.add_argument("--dry-run", action="store_true", help="say what would become of each record, and change nothing")
        parser.add_argument("--amount", metavar="COLUMN", default="", help="of files of charges: the column of money that is billed")
        parser.add_argument("files", nargs="+", metavar="FILE", help="- is standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        dry = options["dry_run"]
        stored = find_or_make_source(options["source"], options["platform"], keep=not dry)
        collector = Collector(stored, dry=dry, amount=_amount(stored, options["amount"]))
        _take_all(collector, options["files"])
        if not dry and (collector.report.created or collector.report.revised):
            tasks.wake_all()
        write(collector.report)
        if rejected := len(collector.report.rejected):
            raise CommandError(f"{rejected} {'record was' if rejected == 1 else 'records were'} rejected; the others are kept.")


def find_or_make_source(slug: str, platform: str, keep: bool = True) -> Source:
    """The stored source, made where its platform is known, and stored if it is to be kept. CommandError with a sentence otherwise."""
    stored = Source.objects.filter(slug=slug).first()
    if stored and platform and platform != stored.platform:
        raise CommandError(f"The source “{slug}” is a {stored.platform} source, not one of {platform}.")
    labels = {source.platform: source.label for source in registry.sources()}
    wanted = stored.platform if stored else platform or slug
    if wanted not in labels:
        known = ", ".join([*labels, *Source.objects.values_list("slug", flat=True).exclude(slug__in=labels)])
        raise CommandError(f"No source is called “{wanted}”. Known are {known}; for a new one, name its platform with --platform.")
    return stored or _make_source(slug, wanted, labels[wanted], keep)


def _make_source(slug: str, platform: str, label: str, keep: bool) -> Source:
    try:
        validate_slug(slug)
    except ValidationError:
        raise CommandError(f"“{slug}” cannot name a source: use letters, digits, hyphens and underscores.") from None
    source = Source(slug=slug, platform=platform, name=label if slug == platform else f"{label} ({slug})")
    if keep:
        source.save()
    return source


def _amount(source: Source, amount: str) -> str:
    """The column to bill by. CommandError for one that the source's files do not have."""
    files = registry.source(source.platform).files
    known = files.rows.amounts if files and files.rows else ()
    if amount and amount not in known:
        offered = f"choose one of {', '.join(known)}" if known else "leave --amount out"
        raise CommandError(f"Files of {source.platform} have no amounts called “{amount}”: {offered}.")
    return amount


def _take_all(collector: Collector, names: Sequence[str]) -> None:
    """All files; one that cannot be opened is rejected like a record, and of a data export then nothing is taken."""
    tables = collector.source.tables
    joined = tables is not None and all(table_of(name, tables) for name in names)
    for several in [names] if joined else [[name] for name in names]:
        with ExitStack() as opened:
            try:
                collector.take_files([(_shown(name, joined), _open(name, opened)) for name in several])
            except OSError as error:
                why = f"The file cannot be read: {error.strerror}."
                collector.report.rejected.append(Rejected(where=str(error.filename or several[0]), why=why))


def _shown(name: str, joined: bool) -> str:
    """A table may be told by its folder; any other file by its own name."""
    return "standard input" if name == STDIN else name if joined else Path(name).name


def _open(name: str, opened: ExitStack) -> BinaryIO:
    return sys.stdin.buffer if name == STDIN else opened.enter_context(Path(name).open("rb"))
