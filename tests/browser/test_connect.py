"""A person connects books by consenting at the vendor: from the wizard to CONNECTED, against the emulator's authorise page."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from credentials.models import Credential
from integrations.models import IntegrationConfig
from tests.end_to_end.conftest import Installation

REALM = "9130"


@pytest.fixture
def app(installation: Installation, live_server: LiveServer, settings: Any) -> dict[str, str]:
    """The app that the emulator knows."""
    settings.BASE_URL = live_server.url
    content: dict[str, str] = json.loads((installation.emulators.credentials / "QUICKBOOKS_OAUTH.json").read_text())
    return content


def configured(page: Page) -> None:
    """From the system's page to the details of a new integration."""
    page.goto("/admin/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="External systems").click()
    page.get_by_role("link", name="QuickBooks", exact=True).click()
    page.get_by_role("link", name="Configure new integration").click()
    expect(page.get_by_role("heading", name="External system configuration")).to_be_visible()
    page.get_by_role("button", name="Create integration").click()
    expect(page.locator("h1 .state")).to_have_text("NOT CONNECTED")


def to_the_vendor(page: Page, app: dict[str, str]) -> None:
    """Connect credential, Create a credential, its form, and over to the page that asks."""
    page.get_by_role("link", name="Connect credential").first.click()
    page.get_by_role("dialog").get_by_role("link", name="Create a credential").click()
    page.get_by_label("Name").fill("QuickBooks US")
    page.get_by_label("Client id").fill(app["clientId"])
    page.get_by_label("Client secret").fill(app["clientSecret"])
    page.get_by_role("button", name="Next").click()
    page.get_by_role("link", name="Connect to QuickBooks").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Connect to QuickBooks")


def test_from_the_wizard_to_connected(admin_page: Page, app: dict[str, str]) -> None:
    page = admin_page
    configured(page)
    to_the_vendor(page, app)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_contain_text("the permission was not given there. Nothing changed here.")
    assert Credential.objects.get().status == "DRAFT"
    page.get_by_role("link", name="Connect to QuickBooks").click()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("status")).to_contain_text(f"QuickBooks US is connected to QuickBooks {REALM}.")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("h1 .state")).to_have_text("CONNECTED")
    credential = Credential.objects.get()
    assert (credential.status, credential.tenant, IntegrationConfig.objects.get().credential) == ("VERIFIED", REALM, credential)
    assert credential.expires_at is not None


def test_connected_again_for_the_same_books_and_not_for_others(admin_page: Page, app: dict[str, str], installation: Installation) -> None:
    page = admin_page
    installation.call("create_credential", "--file", str(installation.emulators.credentials / "QUICKBOOKS_OAUTH.json"))
    credential = Credential.objects.get()
    Credential.objects.update(status="AUTH_FAILED", status_reason="The connection expired.")
    here = f"/admin/credentials/credential/{credential.pk}/change/"
    for realm, sentence in (("4711", "opens the books of"), (REALM, "is connected to")):
        page.goto(here)
        page.get_by_role("link", name="Reconnect").first.click()
        page.get_by_role("link", name="Connect to").click()
        page.get_by_label("Company").fill(realm)
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_role("status")).to_contain_text(sentence)
        expect(page.locator("h1 .state")).to_have_text("AUTH FAILED" if realm != REALM else "VERIFIED")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Disconnect credential").click()
    page.get_by_role("button", name="Disconnect credential").click()
    expect(page.locator("h1 .state")).to_have_text("DISCONNECTED")
