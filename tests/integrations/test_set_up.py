"""Stage 3 of the wizard in the destination's own steps, with what a source proposes, a credential on the way, and products' items."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import CatalogueItem, Source
from credentials.models import Credential
from integrations.models import IntegrationConfig
from mappings.models import CatalogueRecord, ExternalMapping

pytestmark = pytest.mark.django_db

ADD = "/admin/integrations/integrationconfig/add/"
STRAIGHT = f"{ADD}?entity_type=Bill&system=Netsuite"
TENANT = "1234567_SB1"
BASE = {
    "create_integration-current_step": "configure",
    "configure-entity_type": "Bill",
    "configure-system": "Netsuite",
    "configure-step": "1",
    "configure-name": "NetSuite US",
    "configure-triggerType": "SCHEDULE",
    "configure-scheduleMinutes": "120",
    "configure-sendZeroTotalBills": "on",
    "configure-sortLineItemsBy": "NONE",
    "configure-voidPolicy": "NOTHING",
    "configure-splitUsageLineItems": "ITEM_PER_PRODUCT",
    "configure-closedPeriodPolicy": "HOLD",
    "configure-bulkThreshold": "20",
    "configure-documentFlow": "AUTO",
    "configure-billConsolidation": "CHILD",
    "configure-customerMatch": "EMAIL",
    "configure-createMissingCustomers": "on",
}
TITLES = ("Credentials", "Products and items", "Invoice sync settings", "General sync settings")


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("priya", "priya@example.com", "pw"))
    return client


@pytest.fixture
def maxio() -> Source:
    source = Source.objects.create(slug="maxio", platform="maxio", name="Maxio")
    CatalogueItem.objects.create(source=source, kind="Product", uid="gpu", code="gpu-h", name="GPU hours")
    CatalogueItem.objects.create(source=source, kind="Product", uid="seat", name="Seats")
    return source


def login(**facts: Any) -> Credential:
    given = {"name": "Sandbox", "kind": "NETSUITE_TOKEN", "system": "Netsuite", "tenant": TENANT, "status": "VERIFIED"} | facts
    return Credential.objects.create(**given)


def record(external_id: str, name: str, **facts: Any) -> None:
    CatalogueRecord.objects.create(system="Netsuite", tenant=TENANT, table="Item", external_id=external_id, name=name, **facts)


def page(desk: Client, **changes: Any) -> str:
    """What stage 3 shows after a button."""
    return desk.post(ADD, BASE | {f"configure-{key}": value for key, value in changes.items()}).content.decode()


def test_maxio_alone_begins_in_steps_with_what_it_proposes(desk: Client, maxio: Source) -> None:
    shown = desk.get(STRAIGHT).content.decode()
    for number, title in enumerate(TITLES, 1):
        assert f"Step {number} – {title}" in shown
    assert 'aria-labelledby="step-1">' in shown
    assert 'aria-labelledby="step-2" hidden>' in shown
    assert 'name="configure-scheduleMinutes" value="120"' in shown
    assert '<option value="AUTO" selected>' in shown


def test_a_destination_that_asks_less_is_proposed_nothing(desk: Client, maxio: Source) -> None:
    shown = desk.get(f"{ADD}?entity_type=Bill&system=Salesforce").content.decode()
    assert 'value="EVENT" id="id_configure-triggerType_0" checked' in shown


def test_other_sources_keep_one_page_with_the_way_to_the_steps(desk: Client, maxio: Source) -> None:
    Source.objects.create(slug="m3ter", platform="m3ter", name="m3ter")
    shown = desk.get(STRAIGHT).content.decode()
    assert "Global configuration" in shown and "Step 1" not in shown
    assert '<option value="INVOICE" selected>' in shown
    assert 'value="propose:maxio"' in shown
    proposed = page(desk, step="0", goto="propose:maxio", documentFlow="INVOICE")
    assert 'aria-labelledby="step-1">' in proposed
    assert '<option value="AUTO" selected>' in proposed
    assert f'<option value="{maxio.pk}" selected>Maxio' in proposed


def test_a_step_holds_back_only_what_is_wrong_in_it(desk: Client, maxio: Source) -> None:
    desk.get(STRAIGHT)
    wrong = {"lineTaxCustomField": "tax", "name": ""}
    assert 'aria-labelledby="step-3">' in page(desk, step="2", goto="3", name="")
    refused = page(desk, step="2", goto="3", **wrong)
    assert 'aria-labelledby="step-2">' in refused
    assert "begins with custcol_" in refused and "This field is required" not in refused
    assert 'aria-labelledby="step-1">' in page(desk, step="2", goto="1", **wrong)
    assert 'aria-labelledby="step-1">' in page(desk, step="4", **wrong)
    assert not IntegrationConfig.objects.exists()


def test_a_credential_is_made_on_the_way_and_nothing_typed_is_lost(desk: Client, maxio: Source) -> None:
    desk.get(STRAIGHT)
    away = desk.post(ADD, BASE | {"configure-goto": "credential", "configure-name": "Half typed"})
    assert away["Location"].startswith("/admin/credentials/credential/add/?system=Netsuite&next=")
    made = login()
    back = desk.get(f"{ADD}?resume=1").content.decode()
    assert 'value="Half typed"' in back
    assert f'value="{made.pk}" id="credential-{made.pk}" checked' in back
    assert "consumerSecret" not in str(dict(desk.session))


def test_the_last_step_makes_a_connected_integration_with_mappings(desk: Client, maxio: Source) -> None:
    credential = login()
    record("2003", "GPU hours")
    record("2009", "Seats")
    desk.get(STRAIGHT)
    chosen = {"credential": str(credential.pk)}
    second = page(desk, goto="2", **chosen)
    assert "GPU hours (2003)" in second and "Accept 2 suggestions" in second
    accepted = page(desk, step="2", goto="accept", **chosen)
    assert accepted.count("selected>GPU hours (2003)") == 1
    third = page(desk, step="2", goto="3", **chosen, **{"map.Product::gpu": "2003"})
    assert '<input type="hidden" name="configure-map.Product::gpu" value="2003">' in third
    desk.post(ADD, BASE | {"configure-step": "4", "configure-credential": str(credential.pk), "configure-map.Product::gpu": "2003"})
    integration = IntegrationConfig.objects.get()
    assert integration.credential == credential
    assert {key: integration.options[key] for key in ("documentFlow", "customerMatch", "createMissingCustomers", "scheduleMinutes")} == {
        "documentFlow": "AUTO",
        "customerMatch": "EMAIL",
        "createMissingCustomers": True,
        "scheduleMinutes": 120,
    }
    mapping = ExternalMapping.objects.get()
    assert (mapping.entity_id, mapping.external_id, mapping.external_name, mapping.integration) == ("gpu", "2003", "GPU hours", None)


def test_what_is_mapped_already_stays_as_it_is(desk: Client, maxio: Source) -> None:
    known = {"entity_type": "Product", "external_system": "Netsuite", "external_table": "Item"}
    ExternalMapping.objects.create(entity_id="gpu", external_id="2003", **known)
    desk.get(STRAIGHT)
    assert 'name="configure-map.Product::gpu" value="2003"' in page(desk, goto="2")
    desk.post(
        ADD, BASE | {"configure-step": "4", "configure-map.Product::gpu": "2003", "configure-map.Product:x": "7", "configure-map.y": "1"}
    )
    assert [(mapping.entity_id, mapping.version) for mapping in ExternalMapping.objects.all()] == [("gpu", 1)]


def test_without_the_permissions_neither_credential_nor_mappings_are_taken(client: Client, maxio: Source) -> None:
    credential = login()
    person = User.objects.create_user("configurer", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="configure"))
    client.force_login(person)
    first = client.get(STRAIGHT).content.decode()
    assert "Someone with the permission to connect" in first and credential.name not in first
    client.post(ADD, BASE | {"configure-step": "4", "configure-credential": str(credential.pk), "configure-map.Product::gpu": "2003"})
    assert IntegrationConfig.objects.get().credential is None
    assert not ExternalMapping.objects.exists()


def test_items_stand_under_their_types_and_an_unsupported_one_is_named(desk: Client, maxio: Source) -> None:
    credential = str(login().pk)
    record("2003", "GPU hours", kind="Service")
    record("2011", "Service Credit", kind="OthCharge")
    desk.get(STRAIGHT)
    assert '<optgroup label="Not supported: OthCharge">' in page(desk, goto="2", credential=credential)
    shown = page(desk, step="2", goto="2", credential=credential, **{"map.Product::gpu": "2011"})
    assert "Service Credit (2011) is of the type OthCharge, which takes part in no order. Choose one of the type Inventory" in shown
    assert "OthCharge, not supported" in shown
    fine = page(desk, step="2", goto="2", credential=credential, **{"map.Product::gpu": "2003"})
    assert "takes part in no order" not in fine and '<td data-l="Type">Service</td>' in fine
