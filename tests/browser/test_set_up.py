"""The four steps in which a Maxio customer sets NetSuite up, in a real browser: credential, products, invoices, the rest, checklist."""

import json

from playwright.sync_api import Page, expect

from billing.models import CatalogueItem, Source
from credentials.models import Credential
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs import catalogue_tasks
from tests.end_to_end.conftest import Installation

FIELDS = {
    "NetSuite Account ID": "accountId",
    "Consumer Key": "consumerKey",
    "Consumer Secret": "consumerSecret",
    "Token ID": "tokenId",
    "Token Secret": "tokenSecret",
}


def connect(page: Page, installation: Installation) -> None:
    """Step 1: the credential is made on its own page, and what was typed before stands when we come back."""
    expect(page.get_by_role("heading", name="Step 1 – Credentials")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Maxio orders")
    page.get_by_role("button", name="Create a credential").click()
    page.get_by_role("link", name="NetSuite token-based authentication").click()
    page.get_by_label("Name", exact=True).fill("NetSuite sandbox")
    values = json.loads((installation.emulators.credentials / "NETSUITE_TOKEN.json").read_text())
    for label, key in FIELDS.items():
        page.get_by_label(label, exact=True).fill(values[key])
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", name="Step 1 – Credentials")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Maxio orders")
    expect(page.get_by_role("radio", name="NetSuite sandbox")).to_be_checked()
    catalogue_tasks.read(Credential.objects.get().pk)


def map_items(page: Page) -> None:
    """Step 2: the tax item by its name, and a product's item, whose type is seen."""
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Step 2 – Products and items")).to_be_visible()
    page.get_by_label("Item for taxes", exact=True).select_option(label="Sales Tax (2013)")
    page.get_by_label("Item for Edge gateway").select_option(label="Edge Gateway (2015)")


def test_four_steps_to_a_connected_integration(admin_page: Page, installation: Installation) -> None:
    page = admin_page
    source = Source.objects.create(slug="maxio", platform="maxio", name="Maxio")
    CatalogueItem.objects.create(source=source, kind="Product", uid="edge", code="edge-gw", name="Edge gateway")
    page.goto("/admin/integrations/integrationconfig/add/?entity_type=Bill&system=Netsuite")
    connect(page, installation)
    map_items(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("Document flow")).to_have_value("AUTO")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Step 4 – General sync settings")).to_be_visible()
    expect(page.get_by_role("radio", name="Email address")).to_be_checked()
    expect(page.get_by_label("Create missing customers")).to_be_checked()
    page.get_by_label("Refund account", exact=True).select_option(label="Operating Bank (25)")
    page.get_by_role("button", name="Create integration").click()
    expect(page.locator("h1 .state")).to_have_text("CONNECTED")

    integration = IntegrationConfig.objects.get()
    assert (integration.options["taxItemId"], integration.options["refundAccountId"]) == ("2013", "25")
    assert ExternalMapping.objects.get().external_id == "2015"

    page.locator(".messagelist").get_by_role("link", name="checklist").click()
    page.get_by_role("button", name="Check now").click()
    page.get_by_role("button", name="Create “Advanced Billing Discount”").click()
    expect(page.get_by_role("row", name="Discount item")).to_contain_text("OK")
