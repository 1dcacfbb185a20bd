from argparse import ArgumentParser
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand

from billing.money import minor_unit
from runs.management.output import find_integration, write
from runs.models import IntegrationRun, Status


class Command(BaseCommand):
    help = (
        "Prints runs, newest first, one JSON object per line: {id, integration, bill, status, attempts, error_code, error, external_id, "
        "url, amount, currency}. bill is the source's own id, amount a decimal string. A Bill that becomes several documents has one run; "
        "--steps prints the runs of its documents instead."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--status", choices=Status.values, help="only runs of this status")
        parser.add_argument("--integration", metavar="ID", help="only runs of this integration")

        parser.add_argument("--steps", metavar="RUN", type=UUID, help="the runs of this run's documents, in their order")

    def handle(self, *args: Any, **options: Any) -> None:
        runs = IntegrationRun.objects.select_related("bill").defer("explanation").order_by("-dt_created", "-id")
        runs = runs.filter(parent=options["steps"]).order_by("sequence") if options["steps"] else runs.filter(parent=None)
        if options["status"]:
            runs = runs.filter(status=options["status"])
        if options["integration"]:
            runs = runs.filter(integration=find_integration(options["integration"]))
        for run in runs.iterator(chunk_size=1000):
            write(row(run))


def row(run: IntegrationRun) -> dict[str, Any]:
    """A run as the command line shows it; `amount` is a decimal string."""
    return {
        "id": run.pk,
        "integration": run.integration_id,
        "bill": run.bill.uid,
        "status": run.status,
        "attempts": run.attempts,
        "error_code": run.error_code,
        "error": run.error,
        "external_id": run.external_id,
        "url": run.url,
        "amount": plain(run.amount, run.currency),
        "currency": run.currency,
    }


def plain(amount: Decimal, currency: str) -> str:
    """A decimal string with at least the currency's minor unit, and every digit that counts."""
    exponent = amount.normalize().as_tuple().exponent
    places = max(minor_unit(currency), -exponent if isinstance(exponent, int) else 0)
    return f"{amount:.{places}f}"
