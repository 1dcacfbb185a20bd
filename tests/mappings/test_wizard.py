"""Create External mapping: two stages, filled in from wherever it is opened, and back there."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import Source
from integrations import registry
from integrations.contract import Table
from integrations.models import IntegrationConfig
from mappings import choices
from mappings.models import ExternalMapping
from runs.models import Problem
from tests.mappings.conftest import TENANT, account, day, product, read, stored

pytestmark = pytest.mark.django_db
ADD = "/admin/mappings/externalmapping/add/"
GPU = {"entity_type": "Product", "entity_id": "gpu", "system": "Netsuite"}
TYPE = {"entity_type": "Product", "external_system": "Netsuite", "external_table": "Item"}


def page(desk: Client, query: dict[str, str] | None = None) -> str:
    answer = desk.get(ADD, query or {})
    assert answer.status_code == 200
    return answer.content.decode()


def post(desk: Client, query: dict[str, str], **data: str) -> Any:
    return desk.post(f"{ADD}?{'&'.join(f'{key}={value}' for key, value in query.items())}", data)


def test_the_words_are_the_sources(desk: Client) -> None:
    first = page(desk)
    for words in ("Create External mapping", "Select mapping type", "Add mapping IDs", "Entity type", "External system", "External table"):
        assert words in first
    second = page(desk, GPU)
    for words in ("External entity ID", "Product to Netsuite Item", "Linked integration", "Save and map the next unmapped"):
        assert words in second
    listed = desk.get("/admin/mappings/externalmapping/").content.decode()
    assert "<h1>External mappings" in listed and "Create External mapping" in listed


def test_the_table_waits_for_a_system_and_offers_only_what_it_declares(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'name="external_table" disabled' in page(desk)
    chosen = {"entity_type": "Account", "external_system": "Netsuite"}
    answer = desk.post("/admin/mappings/externalmapping/tables/", chosen).content.decode()
    assert 'id="table-field"' in answer and '<option value="Customer"' in answer and "Item" not in answer and "disabled" not in answer
    two = (Table(name="Item", label="Item", entities=("Product",)), Table(name="Kit", label="Kit", entities=("Product",)))
    monkeypatch.setattr(registry, "tables", lambda system, entity="": two)
    refused = desk.post(ADD, {"entity_type": "Product", "external_system": "Netsuite"}).content.decode()
    assert "Choose the table: Item or Kit." in refused and '<option value="Kit">' in refused


def test_a_single_table_is_chosen_by_itself_and_the_answers_travel_in_the_address(desk: Client) -> None:
    for data in (TYPE, TYPE | {"external_table": ""}):
        answer = desk.post(f"{ADD}?next=/admin/runs/problem/", data)
        assert parse_qs(urlsplit(answer["Location"]).query) == {
            "entity_type": ["Product"], "system": ["Netsuite"], "table": ["Item"], "next": ["/admin/runs/problem/"]
        }  # fmt: skip


def test_an_entity_without_a_table_is_a_sentence(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "tables", lambda entity, system: [])
    answer = desk.post(ADD, {"entity_type": "Product", "external_system": "Netsuite"}).content.decode()
    assert "NetSuite has no table for a product." in answer


def test_a_mapping_is_created_and_the_person_returns(desk: Client, source: Source, priya: User) -> None:
    product(source, "gpu", "GPU hours", "GPU-H")
    shown = page(desk, GPU | {"next": "/admin/runs/problem/"})
    assert '<option value="gpu" selected>GPU hours (GPU-H)</option>' in shown
    answer = post(desk, GPU | {"next": "/admin/runs/problem/"}, entity_id="gpu", external_id="2003")
    assert answer["Location"] == "/admin/runs/problem/"
    made = ExternalMapping.objects.get()
    assert (made.entity_type, made.entity_id, made.external_system, made.external_table, made.external_id) == (
        "Product", "gpu", "Netsuite", "Item", "2003",
    )  # fmt: skip
    assert (made.integration, made.source, made.created_by) == (None, None, "Priya Nair")
    assert (made.valid_from, made.valid_to) == (day("0001-01-01"), None)
    assert "GPU hours is mapped to 2003." in desk.get("/admin/").content.decode()


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_it_returns_only_to_this_site(desk: Client, address: str) -> None:
    answer = post(desk, GPU | {"next": address}, entity_id="gpu", external_id="2003")
    assert answer["Location"] == "/admin/mappings/externalmapping/"


def test_the_record_is_chosen_by_name_where_the_catalogue_knows_it(desk: Client, items: None) -> None:
    shown = page(desk, GPU)
    assert '<option value="2003">GPU Compute (2003)</option>' in shown and "data-one" in shown
    post(desk, GPU, entity_id="gpu", external_id="2003")
    assert ExternalMapping.objects.get().external_name == "GPU Compute"


def test_a_free_id_where_nothing_was_read(desk: Client) -> None:
    shown = page(desk, GPU)
    assert '<input type="text" name="external_id"' in shown
    assert "Names appear once a credential is connected." in shown


def test_an_id_that_the_destination_does_not_have_needs_a_tick(desk: Client, items: None) -> None:
    refused = post(desk, GPU, entity_id="gpu", external_id="9999").content.decode()
    assert "NetSuite had no Item “9999” when it was last read. Choose one of the list." in refused and "Use this id as it is" in refused
    assert '<option value="9999" selected>9999</option>' in refused
    assert not ExternalMapping.objects.exists()
    assert post(desk, GPU, entity_id="gpu", external_id="9999", unlisted="on").status_code == 302
    assert ExternalMapping.objects.get().external_id == "9999"


def test_an_entity_that_no_source_has_named_yet_may_be_mapped(desk: Client) -> None:
    assert post(desk, GPU, entity_id="to-come", external_id="2003").status_code == 302
    assert ExternalMapping.objects.get().entity_id == "to-come"


def test_opened_from_an_integration_it_is_linked_to_it(desk: Client, integration: IntegrationConfig) -> None:
    asked = {"integration": str(integration.pk)}
    first = page(desk, asked)
    assert "NetSuite US uses it before any other" in first and "Select mapping type" in first
    answer = desk.post(f"{ADD}?integration={integration.pk}", TYPE)
    second = desk.get(answer["Location"]).content.decode()
    assert f'<option value="{integration.pk}" selected>NetSuite US</option>' in second
    post(desk, asked | GPU, entity_id="gpu", external_id="2003", integration=str(integration.pk))
    assert ExternalMapping.objects.get().integration == integration


def test_the_same_entity_twice_is_a_sentence_with_the_way_to_the_other(desk: Client, integration: IntegrationConfig) -> None:
    other = stored()
    refused = post(desk, GPU, entity_id="gpu", external_id="2001").content.decode()
    assert "It is mapped to Item 2003 already." in refused
    assert f'<a href="/admin/mappings/externalmapping/{other.pk}/change/">Open it</a>' in refused
    assert post(desk, GPU, entity_id="gpu", external_id="2001", integration=str(integration.pk)).status_code == 302
    assert post(desk, GPU, entity_id="gpu", external_id="2002", valid_from="2026-11-01").status_code == 302
    assert ExternalMapping.objects.count() == 3


def test_dates_are_asked_and_checked(desk: Client) -> None:
    refused = post(desk, GPU, entity_id="gpu", external_id="1", valid_from="2026-11-02", valid_to="2026-11-01").content.decode()
    assert "It would end before it begins." in refused
    post(desk, GPU, entity_id="gpu", external_id="1", valid_from="2026-11-01", valid_to="2026-11-30")
    made = ExternalMapping.objects.get()
    assert (made.valid_from, made.valid_to) == (day("2026-11-01"), day("2026-11-30"))


def test_two_sources_are_asked_which(desk: Client, source: Source) -> None:
    assert 'name="source"' not in page(desk, GPU)
    eu = Source.objects.create(slug="eu", platform="m3ter", name="EU")
    assert "Every source" in page(desk, GPU)
    post(desk, GPU, entity_id="gpu", external_id="1", source=str(eu.pk))
    assert ExternalMapping.objects.get().source == eu


def test_nothing_typed_is_lost_on_the_way_back(desk: Client) -> None:
    answer = post(desk, GPU | {"next": "/admin/"}, entity_id="typed", external_id="", wizard_goto_step="type")
    said = parse_qs(urlsplit(answer["Location"]).query)
    assert (said["stage"], said["entity_id"], said["next"]) == (["type"], ["typed"], ["/admin/"])
    assert '<option value="Product" selected>' in desk.get(answer["Location"]).content.decode()
    again = desk.post(answer["Location"], TYPE)
    assert parse_qs(urlsplit(again["Location"]).query)["entity_id"] == ["typed"]
    other = desk.post(answer["Location"], {"entity_type": "Account", "external_system": "Netsuite"})
    assert "entity_id" not in parse_qs(urlsplit(other["Location"]).query)


def test_two_tabs_never_mix(desk: Client) -> None:
    """Each form carries its own first stage: saving the first after opening the second maps what the first says."""
    page(desk, GPU)
    page(desk, {"entity_type": "Account", "entity_id": "acc-1", "system": "Netsuite"})
    post(desk, GPU, entity_id="gpu", external_id="2003")
    assert ExternalMapping.objects.get().entity_type == "Product"


def test_save_and_map_the_next_unmapped(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    for uid in ("a", "b", "c", "gpu"):
        product(source, uid, f"Product {uid}")
    stored("Product", "a")
    answer = post(desk, GPU | {"next": "/admin/"}, entity_id="gpu", external_id="2003", then="next")
    said = parse_qs(urlsplit(answer["Location"]).query)
    assert (said["entity_id"], said["next"], said["table"]) == (["b"], ["/admin/"], ["Item"])
    post(desk, GPU, entity_id="b", external_id="1")
    last = post(desk, GPU | {"next": "/admin/"}, entity_id="c", external_id="1", then="next")
    assert last["Location"] == "/admin/"
    assert "Every one of the products is mapped." in desk.get("/admin/").content.decode()


def test_the_next_unmapped_of_an_integration_is_what_it_cannot_use_yet(
    desk: Client, source: Source, integration: IntegrationConfig
) -> None:
    for uid in ("a", "b", "c"):
        product(source, uid, custom_fields={"netsuite_internal_item_id": "2003"} if uid == "b" else {})
    stored("Product", "c")
    linked = {"integration": str(integration.pk)}
    answer = post(desk, GPU | linked, entity_id="gpu", external_id="1", integration=str(integration.pk), then="next")
    said = parse_qs(urlsplit(answer["Location"]).query)
    assert (said["entity_id"], said["integration"]) == (["a"], [str(integration.pk)])
    post(desk, GPU | linked, entity_id="a", external_id="1", integration=str(integration.pk))
    integration.current_version.options |= {"enforceExternalMappingsForConfig": True}
    integration.current_version.save()
    answer = post(desk, GPU | linked, entity_id="other", external_id="1", integration=str(integration.pk), then="next")
    assert parse_qs(urlsplit(answer["Location"]).query)["entity_id"] == ["c"]


def test_search_fields_are_answered_by_name_code_and_id(desk: Client, source: Source, items: None) -> None:
    account(source, "acc-1", "Borealis AI", "BOR")
    product(source, "gpu", "GPU hours")

    def found(what: str, **asked: str) -> list[dict[str, str]]:
        return desk.get(f"/admin/mappings/externalmapping/find/{what}/", asked).json()["results"]

    assert found("entities", entity_type="Account", q="boreal") == [{"id": "acc-1", "text": "Borealis AI (BOR)"}]
    assert found("entities", entity_type="Account", q="acc-1") == [{"id": "acc-1", "text": "Borealis AI (BOR)"}]
    assert found("entities", entity_type="Account", q="gpu") == []
    assert found("records", system="Netsuite", table="Item", tenant=TENANT, q="gpu") == [{"id": "2003", "text": "GPU Compute (2003)"}]
    read("Item", {"2003": "GPU in EU"}, tenant="EU")
    assert found("records", system="Netsuite", table="Item", q="gpu in") == [{"id": "2003", "text": "GPU in EU (2003)"}]
    assert len(found("records", system="Netsuite", table="Item", q="")) == 4


@pytest.mark.parametrize("path", ["add/", "tables/", "find/entities/", "find/records/"])
def test_reading_is_not_mapping(client: Client, path: str) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_externalmapping"))
    client.force_login(user)
    assert client.get(f"/admin/mappings/externalmapping/{path}").status_code == 403
    assert client.post(f"/admin/mappings/externalmapping/{path}").status_code in (403, 405)
    user.user_permissions.add(Permission.objects.get(codename="map"))
    client.force_login(User.objects.get(pk=user.pk))
    assert client.get(f"/admin/mappings/externalmapping/{path}").status_code == 200


def test_what_waited_is_told(desk: Client, integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Problem.objects.exists()
    monkeypatch.setattr("mappings.views.create.waiting", lambda *args: type("W", (), {"together": type("H", (), {"bills": 6})}))
    post(desk, GPU, entity_id="gpu", external_id="2003")
    assert "The 6 Bills that waited for it go by themselves." in desk.get("/admin/").content.decode()
