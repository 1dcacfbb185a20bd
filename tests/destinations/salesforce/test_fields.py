"""Objects and fields of an org's own: read for the form where they are chosen, compared before the first sending, then written."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from playwright.sync_api import Page, expect

from credentials.models import Credential
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings.models import CatalogueRecord
from runs import catalogue, catalogue_tasks, orders
from runs.models import IntegrationRun
from tests.destinations.salesforce.org import Org
from tests.destinations.salesforce.test_flow import work
from tests.runs.factories import a_bill, a_line, arrive

pytestmark = pytest.mark.django_db
BILL, LINE = "Usage_Bill__c", "Usage_Bill_Line__c"
KEY = {"externalId": True, "unique": True}
ACCOUNT = {"type": "reference", "referenceTo": "Account"}
FIELDS: dict[str, dict[str, dict[str, Any]]] = {
    BILL: {
        "Key__c": KEY,
        "Customer__c": ACCOUNT,
        "Sum__c": {"type": "currency", "precision": 16, "scale": 2},
        "Tag__c": {},
        "Region__c": {"type": "picklist", "values": ["North", "South"], "required": True},
    },
    LINE: {
        "Key__c": KEY,
        "Parent__c": {"type": "reference", "referenceTo": BILL},
        "Sum__c": {"type": "double", "precision": 16, "scale": 2},
    },
}
OURS = {"account": "Customer__c", "total": "Sum__c", "tag": "Tag__c", "lineInvoice": "Parent__c", "lineAmount": "Sum__c", "number": "Name"}
OPTIONS = {
    "billObject": BILL,
    "billLineObject": LINE,
    "externalIdFields": {"bill": "Key__c", "line": "Key__c", "account": ""},
}


@pytest.fixture
def own(org: Org) -> Org:
    """An org whose Bills are objects of its own."""
    for kind, fields in FIELDS.items():
        org.enter("CustomObject", {"name": kind})
        org.enter("CustomField", *({"object": kind, "name": name, **facts} for name, facts in fields.items()))
    return org


def mapped(integration: IntegrationConfig, **more: str) -> dict[str, Any]:
    nothing = dict.fromkeys(integration.options["fieldMapping"], "")
    return integration.options | OPTIONS | {"fieldMapping": nothing | OURS | more}


def shown(browser: Browser, integration: IntegrationConfig) -> str:
    browser.force_login(User.objects.get_or_create(username="priya", is_staff=True, is_superuser=True)[0])
    page = browser.get(f"/admin/integrations/integrationconfig/{integration.pk}/options/").content.decode()
    return re.sub(r"\s+", " ", page)


def row(page: str, label: str) -> str:
    return page.split(f">{label}</label>")[1].split("</tr>")[0]


@pytest.mark.usefixtures("own")
def test_fields_of_the_objects_that_the_options_name_are_read_and_listed(
    integration: IntegrationConfig,
    credential: Credential,
    client: Browser,
) -> None:
    integrations.change_options(integration, mapped(integration), None)
    assert "<code>Usage_Bill__c</code> and <code>Usage_Bill_Line__c</code>: not read yet." in shown(client, integration)
    done = catalogue.read(credential)
    assert done.failed == {}
    assert set(CatalogueRecord.objects.filter(table="Field").values_list("within", flat=True)) == {
        BILL,
        LINE,
        "Invoice__c",
        "Invoice_Line__c",
    }
    page = shown(client, integration)
    total, amount = row(page, "Bill: total"), row(page, "Line: amount")
    assert "Region__c" in total and "Region__c" not in amount and "Total__c" not in total
    assert [f'data-fact="{column}"' in total for column in ("Type", "Required", "Picklist")] == [True] * 3
    assert ">currency (16, 2)</td>" in total and ">double (16, 2)</td>" in amount
    assert "not read yet" not in page


def test_other_options_are_a_reason_to_read(
    integration: IntegrationConfig,
    credential: Credential,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr("runs.catalogue_tasks.async_task", lambda *args: calls.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        integrations.change_options(integration, integration.options | {"billObject": BILL}, None)
    assert calls == [(catalogue_tasks.FUNCTION, str(credential.pk))]


@pytest.mark.usefixtures("own")
def test_a_bill_is_written_into_the_orgs_own_objects_once_they_fit(integration: IntegrationConfig, own: Org) -> None:
    integrations.change_options(integration, mapped(integration), None)
    arrive(a_bill("b-1", [a_line("l1", "70.00"), a_line("l2", "30.00")]))
    assert work(integration) == ["ERROR"]
    [run] = IntegrationRun.objects.all()
    assert run.error_code == "OPTIONS_MISFIT"
    assert "Usage_Bill__c.Region__c is required, and nothing is mapped to it" in run.error
    integrations.change_options(integration, mapped(integration, status="Region__c"), None)
    orders.retry(run)
    assert work(integration)[-1] == "COMPLETE"
    [bill] = own.records(BILL)
    assert (str(bill["Sum__c"]), bill["Key__c"], bill["Region__c"]) == ("100.00", "b-1", "Approved")
    assert {line["Key__c"]: (str(line["Sum__c"]), line["Parent__c"]) for line in own.records(LINE)} == {
        "b-1:l1": ("70.00", bill["Id"]), "b-1:l2": ("30.00", bill["Id"]),
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_cells_follow_what_is_chosen(admin_page: Page) -> None:
    made = integrations.create("Bill", "Salesforce", "CRM", {})
    for name, kind in (("Total__c", "double"), ("Billed__c", "currency")):
        facts = [["Type", kind], ["Required", "required" if kind == "currency" else ""]]
        given = {
            "external_id": f"Invoice__c.{name}",
            "code": name,
            "within": "Invoice__c",
            "name": name.removesuffix("__c"),
            "facts": facts,
        }
        CatalogueRecord.objects.create(system="Salesforce", tenant="demo", table="Field", **given)
    admin_page.goto(f"/admin/integrations/integrationconfig/{made.pk}/options/")
    total = admin_page.locator("tr", has=admin_page.get_by_label("Bill: total"))
    expect(total.locator("[data-fact=Type]")).to_have_text("double")
    total.locator("select").select_option("Billed__c")
    expect(total.locator("[data-fact=Type]")).to_have_text("currency")
    expect(total.locator("[data-fact=Required]")).to_have_text("required")
    total.locator("select").select_option("")
    expect(total.locator("[data-fact=Type]")).to_have_text("")
