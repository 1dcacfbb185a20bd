"""Each rule of the selection leaves a Bill out with its own sentence, and nothing else does."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from billing import store
from billing.bill import Party
from billing.models import Account, Bill
from integrations import service as integrations
from integrations.models import IntegrationConfig
from runs.deliver import deliver
from runs.models import IntegrationRun
from runs.select import Selector, select
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive, the_source

pytestmark = pytest.mark.django_db


def reason(integration: IntegrationConfig, bill: Bill) -> str:
    return Selector.of(integration).why_not(Bill.objects.select_related("account", "source", "current_revision").get(pk=bill.pk))


@pytest.fixture
def bill(credential: object) -> Bill:
    store.receive_parties(the_source(), [Party(id="acc-1", code="ACME", name="Acme Cloud", custom_fields={"country": "UK"})])
    return arrive(a_bill("b-1"))[0]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, ""),
        ({"accountIds": ["acc-1"]}, ""),
        ({"accountIds": ["acc-2"]}, "The Account Acme Cloud is not among the integration's Account ids."),
        ({"restrictedAccountIds": ["acc-1"]}, "The Account Acme Cloud is among the integration's restricted Account ids."),
        ({"restrictedAccountIds": ["acc-2"]}, ""),
        ({"accountFilter": "customFields.country == UK"}, ""),
        (
            {"accountFilter": "customFields.country == US"},
            "The Account filter is false: customFields.country == US is false: this Account has UK",
        ),
        ({"accountIds": ["acc-1"], "accountFilter": "accountCode == NOPE"}, "The Account filter is false"),
        ({"onlySendBillOnApproval": True}, ""),
        ({"syncStartDate": "2026-10-31"}, ""),
        ({"syncStartDate": "2026-11-01"}, "It is dated before the sync start date, 2026-11-01."),
    ],
)
def test_options_decide(bill: Bill, credential: object, options: dict[str, Any], why: str) -> None:
    integration = an_integration(credential, **options)
    assert reason(integration, bill).startswith(why) and bool(reason(integration, bill)) == bool(why)
    assert len(select(integration)) == (0 if why else 1)


def test_a_bill_that_is_not_approved_waits_for_its_approval(credential: object) -> None:
    integration = an_integration(credential, onlySendBillOnApproval=True)
    pending = a_bill("b-1", status="PENDING")
    [bill] = arrive(pending)
    assert reason(integration, bill) == "The Bill is not approved yet." and select(integration) == []

    arrive(a_bill("b-1", pending.lines, number=pending.number))
    assert len(select(integration)) == 1


def test_a_void_bill_never_goes(credential: object) -> None:
    [bill] = arrive(a_bill("b-1", status="VOID"))
    assert reason(an_integration(credential), bill) == "The Bill is void."


def test_a_bill_that_its_source_withholds_says_so_until_it_does_no_more(credential: object) -> None:
    integration = an_integration(credential)
    said = "Its source delivers it itself."
    bill = a_bill("b-1")
    [held] = arrive(replace(bill, withheld=said))
    assert reason(integration, held) == said and select(integration) == []

    arrive(bill)
    assert len(select(integration)) == 1


@pytest.mark.parametrize(("wanted", "goes"), [({}, "child alone"), ({"billConsolidation": "PARENT"}, "parent alone")])
def test_of_a_consolidated_bill_and_its_own_bills_one_side_goes(credential: object, wanted: dict[str, str], goes: str) -> None:
    levels = {"parent": "parent", "child": "child", "alone": ""}
    bills = arrive(*(a_bill(uid, consolidation_level=level, parent_bill="parent" * (uid == "child")) for uid, level in levels.items()))
    selector = Selector.of(an_integration(credential), wanted)
    assert " ".join(bill.uid for bill in bills if not selector.not_wanted(bill)) == goes


def test_zero_totals_go_unless_switched_off_and_a_discounted_bill_goes_always(credential: object) -> None:
    nothing, discounted = arrive(
        a_bill("zero", [a_line("l1", "0.00")]), a_bill("discounted", [a_line("l1", "10.00"), a_line("l2", "-10.00", type="CREDIT_MEMO")])
    )
    willing = an_integration(credential)
    assert reason(willing, nothing) == reason(willing, discounted) == ""
    unwilling = an_integration(credential, "other", sendZeroTotalBills=False)
    assert "leaves zero-total Bills out" in reason(unwilling, nothing) and reason(unwilling, discounted) == ""


def test_an_integration_that_cannot_send_says_why(bill: Bill, credential: object) -> None:
    assert reason(an_integration(name="loose"), bill) == "The integration is not yet connected to NetSuite."
    integration = an_integration(credential)
    integrations.disable(integration, "", None)
    assert reason(integration, bill) == "The integration is disabled." and select(integration) == []


def test_only_the_sources_it_names(bill: Bill, credential: object) -> None:
    other = the_source().__class__.objects.create(slug="other", platform="m3ter", name="Other")
    integration = an_integration(credential)
    integration.sources.add(other)
    assert reason(integration, bill) == "It comes from m3ter, which this integration does not take Bills from."
    assert select(integration) == []


def test_it_goes_only_after_another_integration(integration: IntegrationConfig, books: Books) -> None:
    later = an_integration(integration.credential, "later", runAfterIntegrationId=str(integration.pk))
    [bill] = arrive(a_bill("b-1"))
    assert "only after “NetSuite US” has posted it" in reason(later, bill)
    select(integration)
    deliver(integration)
    assert reason(later, bill) == ""


def test_selecting_twice_makes_one_run_and_other_accounts_change_nothing(integration: IntegrationConfig) -> None:
    arrive(a_bill("b-1"), a_bill("b-2"))
    assert len(select(integration)) == 2 and select(integration) == []
    assert IntegrationRun.objects.count() == 2


def test_a_schedule_takes_what_arrived_before_its_last_time(credential: object) -> None:
    integration = an_integration(credential, triggerType="SCHEDULE", scheduleMinutes=60)
    arrive(a_bill("b-1"))
    now = integration.created_at + dt.timedelta(minutes=61)
    assert integration.last_due(now) == integration.created_at + dt.timedelta(minutes=60)
    assert select(integration, integration.created_at + dt.timedelta(minutes=59)) == []
    assert len(select(integration, now)) == 1


def test_the_number_of_queries_does_not_grow(credential: object, django_assert_max_num_queries: Any) -> None:
    integration = an_integration(credential, accountFilter='accountName == "Acme Cloud"')
    arrive(*[a_bill() for _ in range(60)])
    with django_assert_max_num_queries(14):
        assert len(select(integration)) == 60


def test_a_changed_amount_of_an_account_that_left_is_not_sent(integration: IntegrationConfig) -> None:
    Account.objects.update(currency="USD")
    arrive(a_bill("b-1", total=Decimal("100.00")))
    integrations.change_options(integration, integration.options | {"accountFilter": "currency == EUR"}, None)
    assert select(integration) == []


def test_a_schedule_names_its_next_run_and_sync_now_does_not_wait(credential: object) -> None:
    integration = an_integration(credential, triggerType="SCHEDULE", scheduleMinutes=90)
    arrive(a_bill("b-1"))
    with time_machine.travel(integration.created_at + dt.timedelta(minutes=100), tick=False):
        assert integration.next_run == integration.created_at + dt.timedelta(minutes=180)
        assert select(integration, timezone.now() - dt.timedelta(minutes=20)) == []
        assert len(select(integration)) == 1
    integrations.disable(integration, "by hand", None)
    assert integration.next_run is None
    assert an_integration(credential, "events").next_run is None


def test_a_bill_that_goes_second_follows_each_revision_of_the_first(integration: IntegrationConfig, books: Books) -> None:
    """Also when the first had nothing to send again, because the Bill was only approved."""
    later = an_integration(integration.credential, "later", runAfterIntegrationId=str(integration.pk), onlySendBillOnApproval=True)
    pending = a_bill("b-1", status="PENDING")
    [bill] = arrive(pending)
    assert select(later) == []
    select(integration)
    deliver(integration)
    assert reason(later, bill) == "The Bill is not approved yet."
    [bill] = arrive(replace(pending, status="APPROVED"))
    assert select(integration) == [] and reason(later, bill) == ""
    [bill] = arrive(replace(pending, status="APPROVED", lines=(a_line(amount="5.00"),), total=Decimal("5.00")))
    assert reason(later, bill) == "It goes only after “NetSuite US” has posted it as it is now, which has not happened yet."
    assert select(later) == []
