"""What is shipped is invoiced when it is fulfilled: an order and its deposit, a person in NetSuite, then the invoice and its payment."""

from typing import Any

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from integrations.models import IntegrationConfig
from runs import tasks
from runs.models import IntegrationRun
from tests.end_to_end.conftest import Installation

INVOICE = {
    "uid": "inv_1", "number": "1042", "customer_id": 77, "status": "open", "role": "renewal", "consolidation_level": "none",
    "issue_date": "2026-11-02", "due_date": "2026-11-30", "currency": "USD", "total_amount": "480.00",
    "customer": {"chargify_id": 77, "reference": "acct-77", "organization": "Northwind Demo"},
    "line_items": [{"uid": "li_1", "title": "Edge gateway", "quantity": "2.0", "unit_price": "240.0", "subtotal_amount": "480.00",
                    "product_id": 5, "period_range_start": "2026-11-01", "period_range_end": "2026-12-01"}],
    "payments": [{"uid": "pmt_1", "transaction_id": 501, "transaction_time": "2026-11-03T10:00:00Z", "applied_amount": "480.00"}],
}  # fmt: skip
STEPS = ["Sales order", "Customer deposit of 480.00 USD", "Invoice", "Deposit application of 480.00 USD"]


def sync(page: Page, live_server: LiveServer, integration: IntegrationConfig) -> None:
    """Sync now, by hand, and the worker that it wakes."""
    page.goto(f"{live_server.url}/admin/integrations/integrationconfig/{integration.pk}/change/")
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator(".messagelist")).to_be_visible()
    tasks.look(str(integration.pk))


def statuses(page: Page) -> list[Any]:
    return list(page.get_by_role("region", name="Steps").locator("tbody .badge").all_inner_texts())


def test_what_is_shipped_is_invoiced_when_it_is_fulfilled(admin_page: Page, live_server: LiveServer, installation: Installation) -> None:
    page = admin_page
    installation.integration(documentFlow="AUTO")
    installation.mappings(("Account", "77", "Customer", "1001"), ("Product", "5", "Item", "2015"))
    installation.call("import_bills", "--source", "maxio", installation.file("invoices.json", [INVOICE]))
    integration = IntegrationConfig.objects.get()

    sync(page, live_server, integration)

    chain = f"{live_server.url}/admin/runs/integrationrun/{IntegrationRun.objects.get(parent=None).pk}/change/"
    page.goto(chain)
    expect(page.get_by_role("heading", level=1)).to_contain_text("1042 to NetSuite US")
    steps = page.get_by_role("region", name="Steps")
    expect(steps.locator("tbody th a")).to_have_text(STEPS)
    assert [status.upper() for status in statuses(page)] == ["COMPLETE", "COMPLETE", "WAITING", "WAITING"]
    expect(page.get_by_role("heading", name="The invoice waits until the sales order is fulfilled.")).to_be_visible()

    with page.context.expect_page() as opened:
        steps.locator("[target=_blank]").first.click()
    order = opened.value
    order.get_by_role("button", name="Mark as fulfilled").click()
    expect(order.get_by_role("button", name="Mark as fulfilled")).to_have_count(0)
    order.close()
    sync(page, live_server, integration)

    page.goto(chain)
    assert [status.upper() for status in statuses(page)] == ["COMPLETE"] * 4
    [invoice] = installation.emulators.documents("invoice")
    assert (invoice["total"], invoice["status"]["refName"]) == (480, "Paid In Full")
    page.get_by_role("link", name="Invoice", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Invoice of 1042 to NetSuite US")
    expect(page.get_by_text("Step 3 of 4")).to_be_visible()
