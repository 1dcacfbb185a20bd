"""The wizard and the grid as people use them: with a keyboard, with the script and without it."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from billing.models import Source
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from tests.mappings.conftest import account, product, read, stored

ADD = "/admin/mappings/externalmapping/add/"


@pytest.fixture
def known(source: Source, integration: IntegrationConfig, items: None) -> IntegrationConfig:
    """An integration with three products and two Accounts; two of the products are not mapped."""
    product(source, "gpu", "GPU hours", "GPU-H")
    product(source, "api", "API Usage", "API-REQ")
    product(source, "prq", "Priority queue", "PRQ")
    account(source, "acc-1", "Borealis AI", "BOR")
    read("Customer", {"1001": "Borealis AI, Inc.", "1002": "Acme Cloud"})
    stored(changed_by="Tom Okafor")
    return integration


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_the_wizard_with_the_keyboard(admin_page: Page, known: IntegrationConfig) -> None:
    page = admin_page
    page.goto(f"{ADD}?next=/admin/mappings/externalmapping/")
    table = page.get_by_label("External table")
    expect(table).to_be_disabled()
    page.get_by_label("Entity type").select_option("Account")
    page.get_by_label("External system").select_option("Netsuite")
    expect(table).to_be_enabled()
    assert table.locator("option").all_inner_texts() == ["Customer"]
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Account to Netsuite Customer")).to_be_visible()
    who = page.get_by_label("Account", exact=False).first
    who.focus()
    who.press_sequentially("bore")
    expect(page.get_by_role("option", name="Borealis AI (BOR)")).to_be_visible()
    who.press("Enter")
    which = page.get_by_label("External entity ID")
    which.focus()
    which.press_sequentially("borealis")
    expect(page.get_by_role("option", name="Borealis AI, Inc. (1001)")).to_be_visible()
    which.press("Enter")
    which.press_sequentially("acme")
    which.press("Enter")
    expect(page.locator(".chip")).to_have_text(["Borealis AI (BOR)×", "Acme Cloud (1002)×"])
    which.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Borealis AI is mapped to Acme Cloud.")
    made = ExternalMapping.objects.get(entity_type="Account")
    assert (made.entity_id, made.external_id, made.external_name) == ("acc-1", "1002", "Acme Cloud")


def test_one_after_the_other_until_nothing_is_missing(admin_page: Page, known: IntegrationConfig) -> None:
    page = admin_page
    page.goto(f"{ADD}?entity_type=Product&entity_id=api&system=Netsuite&next=/admin/")
    for name, record in (("API Usage (API-REQ)", "API"), ("Priority queue (PRQ)", "Vector")):
        expect(page.locator(".chip").first).to_have_text(f"{name}×")
        which = page.get_by_label("External entity ID")
        which.press_sequentially(record)
        expect(page.get_by_role("option").first).to_contain_text(record)
        which.press("Enter")
        page.get_by_role("button", name="Save and map the next unmapped").click()
    expect(page).to_have_url(re.compile(r"/admin/$"))
    expect(page.get_by_text("Every one of the products is mapped.")).to_be_visible()


def test_change_of_the_type_keeps_what_was_typed(admin_page: Page, known: IntegrationConfig) -> None:
    page = admin_page
    page.goto(f"{ADD}?entity_type=Product&entity_id=gpu&system=Netsuite")
    page.get_by_role("button", name="Change Select mapping type").click()
    expect(page.get_by_label("Entity type")).to_have_value("Product")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".chip").first).to_contain_text("GPU hours")


def test_the_wizard_without_the_script(context: BrowserContext, admin_page: Page, known: IntegrationConfig) -> None:
    plain = context.browser.new_context(java_script_enabled=False, base_url=admin_page.url)  # type: ignore[union-attr]
    plain.add_cookies(context.cookies())  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto(ADD)
    page.get_by_label("Entity type").select_option("Product")
    page.get_by_label("External system").select_option("Netsuite")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Product").select_option("prq")
    page.get_by_label("External entity ID").select_option("2021")
    page.get_by_role("button", name="Create External mapping").click()
    expect(page.get_by_text("Priority queue is mapped to Vector Search 2.")).to_be_visible()
    plain.close()


def grid(integration: IntegrationConfig) -> str:
    return f"/admin/mappings/externalmapping/grid/{integration.pk}/"


def test_the_grid_accepts_types_and_saves_in_one_act(admin_page: Page, known: IntegrationConfig) -> None:
    page = admin_page
    page.goto(grid(known))
    save = page.get_by_role("button", name="Save")
    field = page.get_by_label("NetSuite item for API Usage")
    page.get_by_role("button", name="Accept 1 suggestion of 90 or more").click()
    expect(field).to_have_value("API Usage (2001)")
    expect(page.get_by_text("1 change, not saved.")).to_be_visible()
    accepted = page.get_by_role("button", name="Accepted")
    expect(accepted).to_have_attribute("aria-pressed", "true")
    accepted.click()
    expect(field).to_have_value("")
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    page.get_by_role("button", name="Accept API Usage (2001) for API Usage").click()
    page.get_by_label("NetSuite item for Priority queue").fill("Vector Search 2 (2021)")
    expect(save).to_have_text("Save 2 mappings")
    assert ExternalMapping.objects.count() == 1
    with page.expect_request(lambda request: request.method == "POST") as sent:
        save.click()
    assert "GPU" not in (sent.value.post_data or ""), "what is not changed is not sent"
    expect(page.get_by_text("2 mappings are saved.")).to_be_visible()
    expect(page.get_by_text("All 3 products have their item.")).to_be_visible()
    assert set(ExternalMapping.objects.values_list("entity_id", "external_id")) == {("gpu", "2003"), ("api", "2001"), ("prq", "2021")}


def test_the_grid_shows_what_is_wrong_and_keeps_the_rest(admin_page: Page, known: IntegrationConfig) -> None:
    page = admin_page
    page.goto(grid(known))
    field = page.get_by_label("NetSuite item for Priority queue")
    field.fill("nonsense")
    page.get_by_label("NetSuite item for API Usage").fill("2001")
    field.press("Enter")
    expect(page.get_by_text("NetSuite has no Item “nonsense”.")).to_be_visible()
    expect(page.get_by_text("2 changes, not saved.")).to_be_visible()
    expect(page.get_by_label("NetSuite item for API Usage")).to_have_value("2001")
    assert ExternalMapping.objects.count() == 1


@pytest.mark.parametrize("path", ["", "add/", "add/?entity_type=Product&system=Netsuite", "transfer/", "grid"])
def test_no_page_scrolls_sideways_on_a_phone(admin_page: Page, known: IntegrationConfig, path: str) -> None:
    page = admin_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(grid(known) if path == "grid" else f"/admin/mappings/externalmapping/{path}")
    assert fits(page)
