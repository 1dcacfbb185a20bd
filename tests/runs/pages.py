"""What the tests of pages share: people with permissions, Bills that went, and runs in any state."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing.models import Bill
from integrations import registry
from integrations.models import IntegrationConfig
from runs import recover
from runs.deliver import deliver
from runs.models import Delivery, IntegrationRun, Status
from runs.select import select
from tests.runs.factories import a_bill, arrive

RUNS = "/admin/runs/integrationrun/"
BILLS = "/admin/billing/bill/"


def a_client(*permissions: str, superuser: bool = False) -> Client:
    """A logged-in client of a staff user with these permissions ("runs.operate")."""
    make = User.objects.create_superuser if superuser else User.objects.create_user
    user = make(f"user-{User.objects.count()}", is_staff=True)
    for permission in permissions:
        app, code = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def work(integration: IntegrationConfig) -> None:
    """Selects, settles and delivers until nothing is due."""
    select(IntegrationConfig.objects.get(pk=integration.pk))
    while recover.settle(_fresh(integration)) + deliver(_fresh(integration)):
        pass


def _fresh(integration: IntegrationConfig) -> IntegrationConfig:
    return IntegrationConfig.objects.get(pk=integration.pk)


def a_run(integration: IntegrationConfig, status: str = Status.WAITING, bill: Bill | None = None, **changes: Any) -> IntegrationRun:
    """A run as it stands in the ledger, made by hand."""
    bill = bill or arrive(a_bill())[0]
    tenant = integration.credential.tenant if integration.credential else "T"
    delivery, _ = Delivery.objects.get_or_create(
        system=integration.system, tenant=tenant, bill=bill, slot="main", defaults={"integration": integration}
    )
    facts: dict[str, Any] = {
        "integration": integration,
        "version": integration.current_version,
        "bill": bill,
        "revision": bill.current_revision,
        "delivery": delivery,
        "trigger": "created",
        "status": status,
        "amount": bill.total,
        "currency": bill.currency,
        "next_attempt_at": timezone.now() + dt.timedelta(minutes=4),
    }
    return IntegrationRun.objects.create(**(facts | changes))


def broken(monkeypatch: pytest.MonkeyPatch, uid: str, error: Exception) -> None:
    """Makes of one Bill something that no document can be made of."""
    whole = registry.destination

    def destination(system: str) -> Any:
        found = whole(system)

        def build(bill: Any, *rest: Any) -> Any:
            if bill.source_id == uid:
                raise error
            return found.build(bill, *rest)

        return replace(found, build=build)

    monkeypatch.setattr(registry, "destination", destination)


def run_page(run: IntegrationRun) -> str:
    return f"{RUNS}{run.pk}/change/"


def preview_page(bill: Bill, integration: IntegrationConfig) -> str:
    return f"{BILLS}{bill.pk}/preview/{integration.pk}/"
