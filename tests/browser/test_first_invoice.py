"""The way of a new customer, in a real browser: from an empty installation to the first invoice in NetSuite."""

import json
from decimal import Decimal
from pathlib import Path

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from integrations.models import IntegrationConfig
from runs import tasks
from tests.end_to_end.conftest import Installation
from tests.end_to_end.raw import a_bill, a_line

PASSWORD = "a long password for the test"


def log_in(page: Page, live_server: LiveServer) -> None:
    User.objects.create_superuser("priya", "priya@example.com", PASSWORD)
    page.goto(f"{live_server.url}/")
    page.get_by_label("Username").fill("priya")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Post your first invoice")


def choose_by_keyboard(page: Page, label: str, value: str, step: str) -> None:
    """One stage of the wizard without a mouse: into the list, to the value, on to Next."""
    expect(page.locator("[aria-current=step]")).to_contain_text(step)
    page.get_by_label(label).focus()
    page.keyboard.type(value)
    expect(page.get_by_label(label)).to_have_value(value)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Next":
            break
    page.keyboard.press("Enter")


def configure(page: Page) -> None:
    """The third stage: an invalid filter says where, Back keeps everything, and the integration is created."""
    expect(page.locator("[aria-current=step]")).to_contain_text("Configure and create")
    page.get_by_label("Name", exact=True).fill("NetSuite US")
    page.get_by_label("Account filter").fill("currency = USD AND")
    page.get_by_label("Netsuite default item id").fill("2020")
    page.get_by_label("Only send bill on approval").check()
    expect(page.locator("#filter-check")).to_contain_text("Position")
    page.get_by_role("button", name="Back").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Select destination")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("NetSuite US")
    expect(page.get_by_label("Account filter")).to_have_value("currency = USD AND")
    expect(page.get_by_label("Only send bill on approval")).to_be_checked()
    page.get_by_role("button", name="Create integration").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved.")
    expect(page.get_by_role("alert")).to_contain_text("Position")
    page.get_by_label("Account filter").fill("currency == null OR currency == USD")
    page.get_by_role("button", name="Create integration").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("NetSuite US")


def connect(page: Page) -> None:
    expect(page.get_by_text("This integration is not yet connected to your NetSuite system")).to_be_visible()
    page.get_by_role("link", name="Connect credential").first.click()
    dialog = page.get_by_role("dialog", name="Select credential")
    dialog.get_by_text("NetSuite sandbox").click()
    dialog.get_by_role("button", name="Confirm").click()
    expect(page.locator("h1 .state")).to_have_text("CONNECTED")


def bring_in(page: Page, file: Path) -> None:
    page.get_by_role("link", name="Overview").first.click()
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("Source", exact=True).select_option("m3ter")
    page.get_by_label("Files", exact=True).set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("2 Bills came.")).to_be_visible()
    expect(page.get_by_role("region", name="Rejected")).to_contain_text("currency is missing.")
    page.get_by_role("link", name="See the Bills").click()
    expect(page.get_by_role("link", name="INV-b-1")).to_be_visible()


def test_from_nothing_to_the_first_invoice(page: Page, live_server: LiveServer, installation: Installation, tmp_path: Path) -> None:
    installation.credential()
    log_in(page, live_server)
    page.get_by_role("main").get_by_role("link", name="Create integration").click()
    choose_by_keyboard(page, "Entity Type", "Bill", "Select entity type")
    choose_by_keyboard(page, "Destination", "Netsuite", "Select destination")
    configure(page)
    connect(page)
    file = tmp_path / "october.json"
    file.write_text(
        json.dumps([a_bill("b-1", [a_line("l1", 2619.855, description="API calls")], account="1001"), a_bill("b-2", currency=None)])
    )
    bring_in(page, file)

    integration = IntegrationConfig.objects.get()
    page.goto(f"{live_server.url}/admin/integrations/integrationconfig/{integration.pk}/change/")
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator(".messagelist")).to_contain_text("1 Bill is on the way to NetSuite")
    tasks.look(str(integration.pk))
    page.reload()
    page.get_by_role("link", name="INV-b-1").first.click()
    page.get_by_role("region", name="Where this Bill is").get_by_role("link", name="COMPLETE").click()
    expect(page.locator("h1 .badge")).to_have_text("COMPLETE", ignore_case=True)

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="INV-b-1").and_(page.locator("[target=_blank]")).first.click()
    invoice = opened.value
    expect(invoice.get_by_role("heading", level=1)).to_have_text("Invoice INV-b-1")
    expect(invoice.get_by_role("row", name="API calls")).to_contain_text("2,619.86")
    assert invoice.url.startswith(installation.emulators.url)
    assert [document["total"] for document in installation.emulators.documents()] == [Decimal("2619.86")]
