"""The wizard and the details page as people use them: keyboard, live check, dialog, narrow screen."""

import pytest
from playwright.sync_api import Page, expect

from billing.models import Account, Source
from integrations import service
from tests.integrations.conftest import credential

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger")]

ADD = "/admin/integrations/integrationconfig/add/"


@pytest.fixture
def accounts(transactional_db: None) -> None:
    source = Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    for number, country in enumerate(("US", "UK", "US")):
        Account.objects.create(source=source, uid=f"acc-{number}", name=f"Account {number}", custom_fields={"country": country})


def to_third_stage(page: Page) -> None:
    page.goto(ADD)
    page.get_by_label("Entity Type").select_option("Bill")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Destination").select_option("LedgerOne")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Configure and create")


@pytest.mark.usefixtures("accounts")
def test_from_the_first_stage_to_connected(admin_page: Page) -> None:
    page = admin_page
    credential()
    to_third_stage(page)
    page.get_by_label("Account filter").fill("customFields.country UK")
    expect(page.locator("#filter-check")).to_have_text("Position 22: expected == or IN after “customFields.country”")
    page.get_by_label("Account filter").fill("customFields.country == US")
    expect(page.locator("#filter-check")).to_contain_text("Matches 2 of 3 Accounts")
    expect(page.locator("#outlook")).to_contain_text("2 of 3")
    page.get_by_label("Restricted account ids").click()
    page.keyboard.type("account 2")
    page.get_by_role("option", name="Account 2").click()
    expect(page.locator("#filter-check")).to_contain_text("Matches 1 of 3 Accounts")
    page.get_by_role("button", name="Change Select destination").click()
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".chip")).to_contain_text(["Account 2"])
    expect(page.get_by_label("Account filter")).to_have_value("customFields.country == US")
    page.get_by_label("Name").fill("Ledger US")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ledger US")
    expect(page.get_by_text("This integration is not yet connected to your Ledger One system.")).to_be_visible()
    opener = page.get_by_role("link", name="Connect credential")
    opener.press("Enter")
    expect(page.get_by_role("dialog", name="Select credential")).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("h1 .state")).to_have_text("CONNECTED")
    page.get_by_role("link", name="Disconnect credential").click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect credential").click()
    expect(page.locator("h1 .state")).to_have_text("NOT CONNECTED")


@pytest.mark.usefixtures("accounts")
def test_what_is_wrong_is_linked_from_the_top(admin_page: Page) -> None:
    page = admin_page
    to_third_stage(page)
    page.get_by_label("Account filter").fill("currency USD")
    page.get_by_role("button", name="Create integration").click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Nothing was saved.")
    summary.get_by_role("link", name="Account filter").click()
    expect(page.get_by_label("Account filter")).to_be_focused()
    expect(page.get_by_label("Account filter")).to_have_value("currency USD")
    expect(page.get_by_label("Account filter")).to_have_attribute("aria-invalid", "true")


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_scrolls_sideways(admin_page: Page, width: int) -> None:
    page = admin_page
    integration = service.create("Bill", "LedgerOne", "Ledger US", {"accountFilter": "customFields.country == US"})
    service.change_options(integration, {"excludedLineItemTypes": ["AD_HOC", "USAGE", "CREDIT_MEMO"]}, None)
    page.set_viewport_size({"width": width, "height": 900})
    own = f"/admin/integrations/integrationconfig/{integration.pk}"
    for address in (f"{own}/change/", f"{own}/options/", f"{own}/versions/", f"{own}/connect/", "/admin/integrations/integrationconfig/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    to_third_stage(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
