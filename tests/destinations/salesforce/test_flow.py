"""The engine's whole flow with this destination: the end state is read from the emulator's org, and asserted after doing it twice."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from billing.bill import Party
from credentials.models import Credential
from integrations.destinations.salesforce.emulation.catalogue import account_id
from integrations.models import IntegrationConfig
from runs import budget, recover
from runs.build import Kit
from runs.deliver import deliver
from runs.models import Delivery, IntegrationRun
from runs.reconcile import reconcile
from runs.select import select
from tests.destinations.salesforce.org import Org
from tests.runs.factories import a_bill, a_line, arrive

pytestmark = pytest.mark.django_db


def fresh(integration: IntegrationConfig) -> IntegrationConfig:
    return IntegrationConfig.objects.select_related("credential", "current_version").get(pk=integration.pk)


def work(integration: IntegrationConfig) -> list[str]:
    """Selects, settles and delivers until nothing is due; the statuses of all runs, oldest first."""
    select(fresh(integration))
    while recover.settle(fresh(integration)) + deliver(fresh(integration)):
        pass
    return list(IntegrationRun.objects.order_by("dt_created").values_list("status", flat=True))


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + dt.timedelta(seconds=seconds), tick=True)


def settled(integration: IntegrationConfig) -> list[str]:
    """Worked on until nothing is open, however long that takes."""
    statuses = work(integration)
    for hours in range(1, 12):
        if set(statuses) <= {"COMPLETE", "ERROR"}:
            break
        with later(hours * 3600):
            statuses = work(integration)
    return statuses


def test_a_bill_becomes_an_invoice_once(integration: IntegrationConfig, org: Org) -> None:
    arrive(a_bill("b-1", [a_line("l1", "2002.45232"), a_line("l2", "617.4028")], total=Decimal("2619.86")))
    assert work(integration) == work(integration) == ["COMPLETE"]
    (invoice,) = org.records()
    assert (invoice["Total__c"], invoice["Revision_Tag__c"], invoice["Account__c"]) == (Decimal("2619.86"), "b-1 r1 g1", account_id(1))
    october = reconcile(fresh(integration), dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert (october.matched, october.rows, october.there) == (1, [], {"USD": Decimal("2619.86")})
    assert reconcile(fresh(integration), dt.date(2026, 9, 1), dt.date(2026, 9, 30)).matched == 0
    assert org.lines(invoice) == {"l1": Decimal("2002.45"), "l2": Decimal("617.41")}
    delivery = Delivery.objects.get()
    assert delivery.verified_at and (delivery.external_id, delivery.number) == (invoice["Id"], invoice["Name"])
    assert delivery.url == f"https://demo.my.salesforce.com/{invoice['Id']}"


@pytest.mark.parametrize("kind", ["commit_then_drop", "reset", "truncated", "status"])
def test_a_lost_answer_neither_loses_nor_doubles(integration: IntegrationConfig, org: Org, kind: str) -> None:
    """Also of a change that makes a line vanish: its second sending finds the line gone, and the org is asked before that is believed."""
    arrive(a_bill("b-1", [a_line("l1", "10.00"), a_line("l2", "5.00")]))
    org.fault(kind, "/composite/graph")
    assert settled(integration) == ["COMPLETE"]
    arrive(a_bill("b-1", [a_line("l1", "12.00")], number=IntegrationRun.objects.get().bill.number))
    org.fault(kind, "/composite/graph")
    with later(7200):
        assert settled(integration) == ["COMPLETE", "COMPLETE"]
    (invoice,) = org.records()
    assert invoice["Total__c"] == Decimal(12) and org.lines(invoice) == {"l1": Decimal("12.00")}
    assert len(org.records("Invoice_Line__c")) == 1


def test_a_backfill_is_followed_to_its_end(integration: IntegrationConfig, org: Org) -> None:
    arrive(*[a_bill(f"b-{number}", [a_line("l1"), a_line("l2", "1.00")]) for number in range(5)])
    assert settled(integration) == ["COMPLETE"] * 5
    assert [(invoice["Complete__c"], len(org.lines(invoice))) for invoice in org.records()] == [(True, 2)] * 5
    assert not Delivery.objects.filter(verified_at=None).exists()


@pytest.mark.parametrize("match", ["/jobs/ingest", "/batches"])
def test_a_backfill_whose_answer_is_lost_goes_again(integration: IntegrationConfig, org: Org, match: str) -> None:
    arrive(*[a_bill(f"b-{number}", [a_line("l1"), a_line("l2", "1.00")]) for number in range(5)])
    org.configure(faults=[{"match": match, "kind": "commit_then_drop", "times": 2}])
    assert settled(integration) == ["COMPLETE"] * 5
    assert [(invoice["Complete__c"], len(org.lines(invoice))) for invoice in org.records()] == [(True, 2)] * 5


def test_a_locked_account_passes_by_itself(integration: IntegrationConfig, org: Org) -> None:
    org.configure(refuse=[{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record"}])
    arrive(a_bill("b-1"))
    assert work(integration) == ["AWAITING_RETRY"]
    assert settled(integration) == ["COMPLETE"]


def test_an_unknown_account_is_one_problem_for_its_bills(integration: IntegrationConfig, org: Org) -> None:
    stranger = Party(id="acc-9", name="Stranger")
    arrive(*[replace(a_bill(f"b-{number}"), account=stranger) for number in range(3)])
    assert settled(integration) == ["ERROR"] * 3
    assert set(IntegrationRun.objects.values_list("error_code", flat=True)) == {"PARENT_NOT_VISIBLE"}
    org.enter("Account", {"Id": account_id(9), "Source_Account_Id__c": "acc-9"})
    assert org.records() == []


@pytest.fixture
def admin(admin_user: Any) -> Iterator[Browser]:
    browser = Browser()
    browser.force_login(admin_user, backend="django.contrib.auth.backends.ModelBackend")
    yield browser


def test_the_days_calls_are_shown_and_saved_from_80_percent_on(
    integration: IntegrationConfig, org: Org, credential: Credential, admin: Browser
) -> None:
    arrive(a_bill("b-1"))
    work(integration)
    credential.refresh_from_db()
    assert credential.calls_allowed == 100_000 and not credential.nearly_used_up
    with budget.slots(Kit.of(fresh(integration))) as parallel:
        assert parallel == 5
    org.configure(daily_limit=20)
    org.hub.emulators["salesforce"].org("demo").books.used = 14
    arrive(a_bill("b-2"))
    work(integration)
    credential.refresh_from_db()
    assert (credential.calls_used, credential.calls_allowed, credential.nearly_used_up) == (17, 20, True)
    with budget.slots(Kit.of(fresh(integration))) as parallel:
        assert parallel == 1
    page = admin.get(reverse("admin:credentials_credential_change", args=[credential.pk])).content.decode()
    assert "17 of 20 used" in page and "has used most of its API calls" in page
    with later(25 * 3600):
        assert not credential.nearly_used_up


def test_polling_a_job_counts_too(integration: IntegrationConfig, org: Org, credential: Credential) -> None:
    arrive(*(a_bill(f"b-{number}") for number in range(5)))
    assert set(settled(integration)) == {"COMPLETE"}
    credential.refresh_from_db()
    assert credential.calls_used == org.hub.emulators["salesforce"].org("demo").books.used


def test_a_used_up_allowance_waits_and_goes_on(integration: IntegrationConfig, org: Org) -> None:
    arrive(a_bill("b-1"))
    org.configure(daily_limit=0)
    assert work(integration) == ["RATE_LIMIT_RETRY"]
    org.configure(daily_limit=100)
    assert settled(integration) == ["COMPLETE"]
