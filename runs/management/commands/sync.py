import time
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from integrations.models import IntegrationConfig
from runs import ledger, orders, recover, steps, verify
from runs.build import Kit
from runs.deliver import deliver
from runs.management.output import find_integration, write
from runs.models import DUE, OPEN, IntegrationRun
from runs.tasks import polled

PAUSE = 0.25


class Command(BaseCommand):
    help = (
        "Selects the Bills that qualify and enqueues them. With --wait it works in this process until nothing that it touched is "
        "open, or the timeout passes, and prints {status: count} of those runs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--integration", metavar="ID", help="only this integration; default all that are not archived")
        parser.add_argument("--wait", action="store_true", help="free what dead workers hold, then deliver here and wait for the end")
        parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS", help="give up waiting after this long (300)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["timeout"] <= 0:
            raise CommandError("--timeout is a number of seconds above zero.")
        chosen = [find_integration(options["integration"])] if options["integration"] else list(_all())
        if options["wait"]:
            recover.free_dead_claims()
            recover.lose_dead_intents()
        touched = set(IntegrationRun.objects.filter(integration__in=chosen, status__in=OPEN).values_list("pk", flat=True))
        for integration in chosen:
            touched |= set(orders.sync(integration))
        if options["wait"]:
            self._work(chosen, touched, time.monotonic() + options["timeout"])
        statuses = Counter(_of(touched).filter(parent=None).values_list("status", flat=True))
        write(dict(sorted(statuses.items())))

    def _work(self, chosen: list[IntegrationConfig], touched: set[Any], end: float) -> None:
        for integration in chosen:
            polled(integration)
        while time.monotonic() < end:
            recover.free_dead_claims()
            recover.lose_dead_intents()
            if sum(_step(_fresh(integration)) for integration in chosen):
                self.stderr.write(f"{_left(touched)} runs left")
            elif not _left(touched):
                break
            else:
                time.sleep(PAUSE)
        for integration in chosen:
            steps.roll_up_open(integration)
            if integration.connected:
                verify.sweep(Kit.of(_fresh(integration)))


def _all() -> list[IntegrationConfig]:
    return list(IntegrationConfig.objects.filter(archived_at=None).select_related("credential", "current_version"))


def _fresh(integration: IntegrationConfig) -> IntegrationConfig:
    return IntegrationConfig.objects.select_related("credential", "current_version").get(pk=integration.pk)


def _step(integration: IntegrationConfig) -> int:
    return recover.settle(integration) + deliver(integration)


def _of(touched: set[Any]) -> QuerySet[IntegrationRun]:
    """These runs and the steps that became of them."""
    return IntegrationRun.objects.filter(Q(pk__in=touched) | Q(parent__in=touched))


def _left(touched: set[Any]) -> int:
    """Runs that will still move by themselves: not those that wait for an integration which is off or refused, for another step of
    their chain, or for something at the destination."""
    working = _of(touched).filter(ledger.unblocked(), status__in=OPEN, waits_for="").exclude(steps.UNFOLDED).exclude(status="AUTH_FAILED")
    idle = working.filter(status__in=DUE).exclude(integration__enabled=True, integration__credential__status="VERIFIED")
    return working.exclude(pk__in=idle.values("pk")).count()
