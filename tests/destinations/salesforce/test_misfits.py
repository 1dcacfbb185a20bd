"""Before the first sending the org's objects and fields are compared with what the options name."""

from typing import Any

import pytest

from integrations import options
from integrations.destinations.salesforce import DESTINATION
from integrations.destinations.salesforce.describe import misfits
from integrations.http import Wire
from integrations.models import IntegrationConfig
from runs import orders
from runs.models import IntegrationRun, Problem
from tests.destinations.salesforce.org import ORG, Org
from tests.destinations.salesforce.test_flow import work
from tests.runs.factories import a_bill, arrive


def found(org: Org, **chosen: Any) -> list[str]:
    return misfits(Wire(org.login, "Salesforce"), ORG, options.clean(chosen, DESTINATION, "Bill"))


def test_an_org_with_the_package_fits(org: Org) -> None:
    assert found(org) == []


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"billObject": "Bill__c"}, "The integration user sees no object Bill__c: deploy the package"),
        (
            {"fieldMapping": {"total": "Region__c"}},
            "Invoice__c has no field Region__c that the integration user sees; the total goes there.",
        ),
        (
            {"fieldMapping": {"dueDate": "Currency__c"}},
            "Invoice__c.Currency__c is of type string and cannot hold the due date: it takes date.",
        ),
        ({"fieldMapping": {"lineProduct": "Invoice__c"}}, "Invoice_Line__c.Invoice__c points to Invoice__c, not to Product2; the product"),
        ({"fieldMapping": {"tag": "SystemModstamp"}}, "The integration user may not write Invoice__c.SystemModstamp"),
        ({"externalIdFields": {"bill": "Currency__c"}}, "Invoice__c.Currency__c is not flagged External ID, so no record is found by it."),
        ({"externalIdFields": {"line": "Line_Id__c"}}, "Invoice_Line__c has no field Line_Id__c that the integration user sees"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(org: Org, chosen: dict[str, Any], said: str) -> None:
    assert any(reason.startswith(said) for reason in found(org, **chosen)), found(org, **chosen)


def test_an_external_id_that_is_not_unique_is_refused(org: Org) -> None:
    org.enter("CustomField", {"object": "Invoice__c", "name": "Old_Id__c", "externalId": True})
    assert found(org, externalIdFields={"bill": "Old_Id__c"}) == [
        "Invoice__c.Old_Id__c is not flagged Unique, so a Bill could be stored twice."
    ]


def test_field_level_security_hides_fields(org: Org) -> None:
    org.configure(hidden_fields=["Invoice__c.Total__c"])
    assert found(org) == ["Invoice__c has no field Total__c that the integration user sees; the total goes there."]


def test_a_required_field_without_a_value_is_named(org: Org) -> None:
    org.configure(required_fields=["Invoice_Line__c.Cost_Centre__c"])
    (reason,) = found(org)
    assert reason.startswith("Invoice_Line__c.Cost_Centre__c is required, and nothing is mapped to it")


def test_an_account_key_that_the_org_lacks_is_never_asked_for(org: Org) -> None:
    assert found(org, externalIdFields={"account": "Other_Id__c"}) == []


@pytest.mark.django_db
def test_nothing_is_sent_before_it_fits(integration: IntegrationConfig, org: Org) -> None:
    """One problem for all Bills; it is asked no more once a Bill is stored."""
    org.configure(hidden_fields=["Invoice__c.Total__c", "Invoice__c.Status__c"])
    arrive(a_bill("b-1"), a_bill("b-2"))
    assert work(integration) == ["ERROR", "ERROR"]
    (problem,) = Problem.objects.all()
    assert problem.code == "OPTIONS_MISFIT" and problem.runs.count() == 2
    assert problem.title.startswith("Nothing was sent: Invoice__c has no field Total__c")
    assert _asked(org, "composite/graph") == 0
    org.configure(hidden_fields=[])
    orders.retry_all(list(IntegrationRun.objects.all()), None)
    assert work(integration) == ["COMPLETE", "COMPLETE"]
    before = _asked(org, "describe")
    arrive(a_bill("b-3"))
    work(integration)
    assert _asked(org, "describe") == before


@pytest.mark.django_db
def test_an_org_that_will_not_be_asked_stops_the_bills_and_not_the_worker(integration: IntegrationConfig, org: Org) -> None:
    arrive(a_bill("b-1"))
    work(integration)
    org.configure(hidden_fields=["Invoice__c.Total__c"])
    arrive(a_bill("b-1", total=a_bill().total, number="INV-X", purchase_order="PO-9"))
    assert work(integration) == ["COMPLETE", "ERROR"]
    assert IntegrationRun.objects.latest("dt_created").error_code == "FIELD_NOT_VISIBLE"


def _asked(org: Org, part: str) -> int:
    return sum(entry["count"] for entry in org.hub.calls.report()["by"] if part in entry["path"])


def test_amounts_in_currency_fields_want_their_records_currency(org: Org) -> None:
    money = {"name": "Money__c", "type": "currency", "precision": 18, "scale": 2}
    org.enter("CustomField", {"object": "Invoice__c", **money}, {"object": "Invoice_Line__c", **money})
    amounts = {"total": "Money__c", "lineAmount": "Money__c"}
    assert found(org, fieldMapping=amounts) == [
        f"{kind}.Money__c is a currency field and the org has several currencies: map the currency of {kind} to CurrencyIsoCode."
        for kind in ("Invoice__c", "Invoice_Line__c")
    ]
    assert found(org, fieldMapping=amounts | {"currency": "CurrencyIsoCode", "lineCurrency": "CurrencyIsoCode"}) == []
