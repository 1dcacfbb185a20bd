from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from runs.management.output import find_integration, write
from runs.readiness import readiness


class Command(BaseCommand):
    help = (
        "Prints what would go through an integration, what would not and why, and the money held up: {goes, goes_money, blocked: "
        "[{bill, code, why}], blocked_money, left_out: [{bill, why}], not_able}; money is {currency: decimal string}."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--integration", metavar="ID", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        write(readiness(find_integration(options["integration"])).as_json())
