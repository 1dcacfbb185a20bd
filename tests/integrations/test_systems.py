"""The pages of the external systems, and the wizard as it is opened from one."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from integrations import service
from integrations.models import IntegrationConfig
from tests.integrations.conftest import credential
from tests.integrations.test_options import DEFAULTS
from tests.integrations.test_wizard import ADD, CONFIGURE, STEP

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ledger")]

EVERY = reverse("admin:integrations_integrationconfig_systems")


def page_of(system: str) -> str:
    return reverse("admin:integrations_integrationconfig_system", args=(system,))


START = f"{ADD}?entity_type=Bill&system=LedgerOne"


@pytest.fixture
def desk(client: Client, priya: User) -> Client:
    client.force_login(priya)
    return client


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_every_system_leads_to_its_page(desk: Client) -> None:
    service.create("Bill", "LedgerOne", "Ledger US", {})
    page = text(desk, EVERY)
    assert f'href="{page_of("LedgerOne")}"' in page
    assert f'href="{page_of("LedgerSandbox")}"' in page
    assert "1 configuration." in page


def test_a_systems_page_has_its_configurations_and_its_credentials_and_nobody_elses(desk: Client) -> None:
    own, other = credential(), credential("Sandbox login", "LedgerSandbox", tenant="T-9")
    ours = service.create("Bill", "LedgerOne", "Ledger US", {}, credential=own)
    service.create("Bill", "LedgerSandbox", "Ledger test", {}, credential=other)
    page = text(desk, page_of("LedgerOne"))
    for shown in ('<h2 id="configurations">Configurations', '<h2 id="credentials">Credentials', "Ledger US", "CONNECTED", "T-1", str(own)):
        assert shown in page
    assert reverse("admin:integrations_integrationconfig_change", args=(ours.pk,)) in page
    assert reverse("admin:credentials_credential_change", args=(own.pk,)) in page
    for foreign in ("Ledger test", "Sandbox login", "T-9"):
        assert foreign not in page


def test_an_integrations_page_leads_to_its_system_to_readiness_and_to_mapping_many(desk: Client) -> None:
    integration = service.create("Bill", "LedgerOne", "Ledger US", {})
    page = text(desk, reverse("admin:integrations_integrationconfig_change", args=(integration.pk,)))
    for name in ("runs_readiness", "mappings_grid"):
        assert f'href="{reverse(f"admin:{name}", args=(integration.pk,))}"' in page
    assert f'href="{page_of("LedgerOne")}"' in page


def test_an_archived_integration_is_on_no_page(desk: Client) -> None:
    service.archive(service.create("Bill", "LedgerOne", "Ledger US", {}), None)
    assert "Ledger US" not in text(desk, page_of("LedgerOne"))


def test_a_name_that_nobody_serves_has_no_page(desk: Client) -> None:
    text(desk, page_of("Nobody"), 404)


def test_configure_new_integration_opens_the_third_stage(desk: Client) -> None:
    page = text(desk, page_of("LedgerOne"))
    assert f'href="{START.replace("&", "&amp;")}">Configure new integration</a>' in page
    stage = text(desk, START)
    for words in (
        "Global configuration",
        "Entity configuration",
        "External system configuration",
        "Done: </span>Select destination<b>LedgerOne",
    ):
        assert words in stage
    assert "Destination configuration" not in stage


def test_create_leads_to_the_details_with_a_link_back(desk: Client) -> None:
    desk.get(START)
    answer = desk.post(START, CONFIGURE, follow=True)
    integration = IntegrationConfig.objects.get()
    assert answer.redirect_chain == [(reverse("admin:integrations_integrationconfig_change", args=(integration.pk,)), 302)]
    assert integration.options == DEFAULTS
    assert f'<a href="{page_of("LedgerOne")}">All of Ledger One</a>' in answer.content.decode()


def test_the_choices_of_the_page_may_still_be_changed(desk: Client) -> None:
    desk.get(START)
    back = desk.post(START, CONFIGURE | {"wizard_goto_step": "destination"}).content.decode()
    assert '<option value="LedgerOne" selected>' in back
    stage = desk.post(START, {STEP: "destination", "destination-system": "LedgerSandbox"}).content.decode()
    assert ("External system configuration" in stage, "LedgerSandbox" in stage) == (True, True)


def test_from_the_first_stage_the_panel_is_called_as_ever(desk: Client) -> None:
    desk.get(START)
    assert "Entity Type Settings" in text(desk, ADD)


@pytest.mark.parametrize(
    "query", ["entity_type=Bill", "system=LedgerOne", "entity_type=Nope&system=LedgerOne", "entity_type=Bill&system=Nope"]
)
def test_half_a_choice_starts_at_the_first_stage(desk: Client, query: str) -> None:
    assert "Entity Type Settings" in text(desk, f"{ADD}?{query}")


def test_who_may_only_see_is_offered_nothing_and_no_credential(client: Client) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_integrationconfig"))
    credential()
    client.force_login(reader)
    page = text(client, page_of("LedgerOne"))
    assert ("Configure new integration" in page, "Ledger production" in page) == (False, False)
    assert "credential" not in text(client, EVERY).split("<main")[-1].lower().replace("its credentials", "")


def test_who_may_nothing_sees_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("guest", is_staff=True))
    text(client, EVERY, 403)
    text(client, page_of("LedgerOne"), 403)
