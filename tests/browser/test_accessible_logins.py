"""The pages around a login, of destinations of every kind, and the table of fields: nothing serious under axe, nothing sideways."""

from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from credentials.models import Credential
from integrations import service as integrations
from mappings.models import CatalogueRecord
from tests.browser.test_accessible import grave, wide
from tests.end_to_end.conftest import Installation

KINDS = ("QUICKBOOKS_OAUTH", "SALESFORCE_JWT")


@pytest.fixture
def connected(installation: Installation, live_server: LiveServer, settings: Any) -> list[Credential]:
    """A login that a person gave at the vendor, and one with a key."""
    settings.BASE_URL = live_server.url
    for kind in KINDS:
        installation.call("create_credential", "--file", str(installation.emulators.credentials / f"{kind}.json"))
    return [Credential.objects.get(kind=kind) for kind in KINDS]


def addresses(quickbooks: Credential, salesforce: Credential) -> dict[str, str]:
    made = integrations.create("Bill", "Salesforce", "CRM", {"triggerType": "SCHEDULE"}, credential=salesforce)
    integrations.create("Bill", "QuickBooks", "QuickBooks US", {}, credential=quickbooks)
    facts = [["Type", "double (18, 3)"], ["Required", "required"], ["Picklist", ""]]
    known = {"system": "Salesforce", "tenant": salesforce.tenant, "table": "Field", "external_id": "Invoice__c.Total__c"}
    CatalogueRecord.objects.create(**known, name="Total", code="Total__c", within="Invoice__c", facts=facts)
    new = Credential.objects.create(
        name="New", kind="QUICKBOOKS_OAUTH", system="QuickBooks", settings=quickbooks.settings, secrets=quickbooks.secrets
    )
    Credential.objects.filter(pk=quickbooks.pk).update(status="AUTH_FAILED", status_reason="The connection has expired.")
    own, own_system = "/admin/credentials/credential", "/admin/integrations/integrationconfig"
    return {
        "consent": f"{own}/{new.pk}/consent/", "reconnect": f"{own}/{quickbooks.pk}/consent/",
        "an ended one": f"{own}/{quickbooks.pk}/change/", "replace secrets": f"{own}/{salesforce.pk}/connect/",
        "its page": f"{own}/{salesforce.pk}/change/", "disconnect": f"{own}/{quickbooks.pk}/disconnect/",
        "delete": f"{own}/{new.pk}/remove/", "fields": f"{own_system}/{made.pk}/options/", "details": f"{own_system}/{made.pk}/change/",
        **{f"set-up of {kind}": f"{own}/set-up/{kind}/" for kind in (*KINDS, "SALESFORCE_CLIENT_CREDENTIALS")},
        "external system": f"{own_system}/systems/QuickBooks/",
    }  # fmt: skip


def test_nothing_serious_and_nothing_sideways(connected: list[Credential], admin_page: Page) -> None:
    """On a desk, and in dark on a phone."""
    found: dict[str, list[str]] = {}
    for name, address in addresses(*connected).items():
        admin_page.emulate_media(color_scheme="light")
        admin_page.set_viewport_size({"width": 1280, "height": 900})
        answer = admin_page.goto(address)
        assert answer is not None and answer.status == 200 and admin_page.url.endswith(address), (name, admin_page.url)
        found[name] = grave(admin_page) + wide(admin_page)
        admin_page.emulate_media(color_scheme="dark")
        admin_page.set_viewport_size({"width": 390, "height": 844})
        found[f"{name} on a phone"] = wide(admin_page)
    assert {name: faults for name, faults in found.items() if faults} == {}
