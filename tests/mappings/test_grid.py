"""Many at once: what is missing first, suggestions, one act of saving."""

import re
import time
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import CatalogueItem, Source
from integrations import registry
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings import catalogue, entities, grid, grid_changes, held
from mappings.models import CatalogueRecord, ExternalMapping
from tests.mappings.conftest import TENANT, account, day, mapping, product, read, stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def products(source: Source, items: None) -> None:
    """Three products: one mapped, one that has the name of an item, one that has not."""
    product(source, "gpu", "GPU hours", "GPU-H")
    product(source, "api", "API Usage", "API")
    product(source, "prq", "Priority queue", "PRQ")
    stored(changed_by="Tom Okafor", external_name="GPU Compute")


def address(integration: IntegrationConfig, **query: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"/admin/mappings/externalmapping/grid/{integration.pk}/?{asked}"


def page(desk: Client, integration: IntegrationConfig, **query: str) -> str:
    answer = desk.get(address(integration, **query))
    assert answer.status_code == 200
    return answer.content.decode()


def key(uid: str, kind: str = "Product") -> str:
    return f"id:{kind}:{Source.objects.get(slug='m3ter').pk}:{uid}"


def post(desk: Client, integration: IntegrationConfig, query: dict[str, str] | None = None, **data: str) -> Any:
    typed = {key(name) if ":" not in name else name: value for name, value in data.items() if name in ("gpu", "api", "prq") or ":" in name}
    other = {name: value for name, value in data.items() if name not in ("gpu", "api", "prq") and ":" not in name}
    return desk.post(address(integration, **(query or {})), other | typed)


def titles(shown: str) -> list[str]:
    return re.findall(r'data-l="Product" class="wrap"><[^>]*>([^<]+)<', shown)


def mapped(uid: str) -> ExternalMapping:
    return ExternalMapping.objects.get(entity_id=uid)


def test_missing_first_with_suggestions_and_why(desk: Client, integration: IntegrationConfig) -> None:
    shown = page(desk, integration)
    assert titles(shown) == ["API Usage", "Priority queue", "GPU hours"]
    for words in (
        "Map products to NetSuite items", "<b>2 of 3 products are not mapped.</b>", "No suggestion", 'value="100"', "Mapped by Tom Okafor",
        'value="GPU Compute (2003)" data-stored="GPU Compute (2003)"', "Accept 1 suggestion of 90 or more", "External mapping</span>",
        '<option value="Vector Search 2 (2021)">', 'data-title="API Usage (2001)" data-sure', "Nothing is changed yet.",
    ):  # fmt: skip
        assert words in shown


def test_what_is_missing_is_held_up_by_money(desk: Client, integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = held.Held(6, {"USD": Decimal("36304.10"), "EUR": Decimal(4900)})
    found = held.Waiting({("Product", "prq"): queue}, queue)
    monkeypatch.setattr(grid, "waiting", lambda *args: found)
    shown = page(desk, integration)
    assert titles(shown)[0] == "Priority queue"
    assert "They hold up 36,304.10\N{NO-BREAK SPACE}USD and 4,900.00\N{NO-BREAK SPACE}EUR on 6 Bills." in shown


def test_saving_is_one_act(desk: Client, integration: IntegrationConfig, priya: User) -> None:
    answer = post(desk, integration, api="API Usage (2001)", prq="2021", gpu="GPU Compute (2003)")
    assert answer.status_code == 302
    assert (mapped("api").external_id, mapped("api").external_name, mapped("api").origin) == ("2001", "API Usage", "suggestion")
    assert (mapped("prq").external_id, mapped("prq").external_name, mapped("prq").origin) == ("2021", "Vector Search 2", "person")
    assert (mapped("gpu").version, mapped("gpu").changed_by, mapped("api").created_by) == (1, "Tom Okafor", "Priya Nair")
    shown = page(desk, integration)
    assert "2 mappings are saved." in shown and "All 3 products have their item." in shown


def test_a_record_is_meant_by_title_id_or_its_name_alone(desk: Client, integration: IntegrationConfig) -> None:
    read("Item", {"3001": "Twin", "3002": "Twin"})
    post(desk, integration, api="storage usage")
    assert mapped("api").external_id == "2002"
    refused = post(desk, integration, prq="Twin").content.decode()
    assert "NetSuite has no Item “Twin”. Choose one of the list, or refresh the names." in refused


def test_one_wrong_row_saves_none_and_says_why(desk: Client, integration: IntegrationConfig) -> None:
    refused = post(desk, integration, api="API Usage (2001)", prq="nonsense", gpu="").content.decode()
    assert "Nothing was saved: 2 rows need a change; each says why." in refused
    assert "NetSuite has no Item “nonsense”" in refused and "To take a mapping away, open it and delete it." in refused
    assert 'value="API Usage (2001)" data-stored=""' in refused and "3 changes, not saved." in refused
    assert ExternalMapping.objects.count() == 1


def test_accepting_only_fills_the_field(desk: Client, integration: IntegrationConfig) -> None:
    for data in ({"accept_all": "1"}, {"accept": key("api").removeprefix("id:")}):
        shown = post(desk, integration, prq="as typed", **data).content.decode()
        assert 'value="API Usage (2001)" data-stored=""' in shown and 'value="as typed" data-stored=""' in shown
        assert "2 changes, not saved." in shown
    assert ExternalMapping.objects.count() == 1


def test_an_inactive_record_is_seen_and_not_chosen_again(desk: Client, integration: IntegrationConfig) -> None:
    CatalogueRecord.objects.filter(external_id="2003").update(active=False)
    shown = page(desk, integration)
    assert titles(shown) == ["API Usage", "Priority queue", "GPU hours"]
    assert "Inactive item" in shown and 'value="GPU Compute (2003), inactive"' in shown and 'aria-invalid="true"' in shown
    assert '<option value="GPU Compute (2003)">' not in shown
    assert "GPU Compute (2003) is inactive in NetSuite." in post(desk, integration, prq="2003").content.decode()
    post(desk, integration, gpu="Vector Search 2 (2021)")
    assert (mapped("gpu").external_id, mapped("gpu").version) == ("2021", 2)
    CatalogueRecord.objects.filter(external_id="2021").update(active=False, listed=False)
    assert "Deleted item" in page(desk, integration)


def test_what_somebody_else_changed_meanwhile_is_not_written_over(desk: Client, integration: IntegrationConfig) -> None:
    before = timezone.now().isoformat()
    ExternalMapping.objects.filter(entity_id="gpu").update(external_id="2002", updated_at=timezone.now(), changed_by="Tom Okafor")
    refused = post(desk, integration, gpu="Vector Search 2 (2021)", seen_at=before).content.decode()
    assert "Tom Okafor has just changed it to Storage Usage (2002)." in refused
    assert mapped("gpu").external_id == "2002"


def test_new_ones_for_one_integration_alone(desk: Client, integration: IntegrationConfig) -> None:
    post(desk, integration, api="2001", gpu="2021", **{"for": "linked"})
    assert (mapped("api").integration, mapped("gpu").integration, mapped("gpu").external_id) == (integration, None, "2021")


def test_enforced_only_linked_ones_count_and_are_made(desk: Client, integration: IntegrationConfig) -> None:
    integrations.change_options(integration, integration.options | {"enforceExternalMappingsForConfig": True}, None)
    shown = page(desk, integration)
    assert "<b>3 of 3 products are not mapped.</b>" in shown and "New ones are only for NetSuite US" in shown
    post(desk, integration, gpu="2021")
    assert ExternalMapping.objects.get(integration=integration).external_id == "2021"
    assert ExternalMapping.objects.get(integration=None).external_id == "2003"


def test_changes_from_a_day_on_leave_older_bills_as_they_were(desk: Client, integration: IntegrationConfig) -> None:
    post(desk, integration, gpu="2021", valid_from="2026-11-01")
    old, new = ExternalMapping.objects.filter(entity_id="gpu").order_by("valid_from")
    assert (old.external_id, old.version, new.external_id, new.valid_from, new.valid_to) == ("2003", 1, "2021", day("2026-11-01"), None)
    post(desk, integration, gpu="2001", valid_from="2026-11-01")
    new.refresh_from_db()
    assert (new.external_id, ExternalMapping.objects.count()) == ("2001", 2)
    assert "is not a date" in post(desk, integration, gpu="2002", valid_from="soon").content.decode()


def test_a_custom_field_stands_for_a_mapping_until_there_is_one(desk: Client, integration: IntegrationConfig) -> None:
    CatalogueItem.objects.filter(uid="prq").update(custom_fields={"netsuite_internal_item_id": "2021"})
    shown = page(desk, integration)
    for words in ("<b>1 of 3 products is not mapped.</b>", "Custom field</span>", 'placeholder="Vector Search 2 (2021)"'):
        assert words in shown
    post(desk, integration, prq="2001")
    assert mapped("prq").external_id == "2001"


def test_the_same_id_in_two_sources_is_two_rows_and_two_mappings(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    eu = Source.objects.create(slug="eu", platform="m3ter", name="EU")
    product(eu, "api", "API Usage, EU")
    post(desk, integration, **{f"id:Product:{eu.pk}:api": "2021", key("api"): "2001"})
    made = {mapping.source: mapping.external_id for mapping in ExternalMapping.objects.filter(entity_id="api")}
    assert made == {eu: "2021", source: "2001"}
    integration.sources.add(source)
    assert titles(page(desk, integration)).count("API Usage, EU") == 0


def test_tabs_are_what_the_system_declares_and_the_sources_have(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    account(source)
    product(source, "agg", "Calls", kind="CompoundAggregation")
    product(source, "ap", "GPU, accounting", kind="AccountingProduct")
    read("Customer", {"1001": "Borealis AI"})
    shown = page(desk, integration)
    tabs = re.findall(r'href="\?tab=([\w-]+)"', shown)
    assert tabs == ["Product-Item", "Account-Customer", "Aggregation-Item"]
    assert "accounting product</small>" in shown
    customers = page(desk, integration, tab="Account-Customer")
    assert "Map Accounts to NetSuite customers" in customers and 'data-title="Borealis AI (1001)"' in customers
    desk.post(address(integration, tab="Account-Customer"), {key("acc-1", "Account"): "Borealis AI (1001)"})
    assert (mapped("acc-1").external_table, mapped("acc-1").external_id) == ("Customer", "1001")


def test_an_account_whose_own_id_is_sent_is_not_missing(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    account(source)
    read("Customer", {"1001": "Borealis AI"})
    shown = page(desk, integration, tab="Account-Customer")
    for words in ("All 1 Accounts have their customer.", "Account id as it is</span>", 'data-title="Borealis AI (1001)"'):
        assert words in shown
    integrations.change_options(integration, integration.options | {"useExternalMappingAccountCode": True}, None)
    assert "<b>1 of 1 Accounts is not mapped.</b>" in page(desk, integration, tab="Account-Customer")


def test_currencies_are_matched_by_their_code(integration: IntegrationConfig, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [entities.Entity("Currency", code, code, code) for code in ("USD", "XYZ")]
    monkeypatch.setattr(entities, "every", lambda kind, sources: known)
    read("Currency", {"1": "USD"})
    tab = next(tab for tab in grid.tabs_of("Netsuite") if tab.name == "Currency")
    rows = {row.entity.id: row for row in grid.load(integration, tab).rows}
    assert (rows["USD"].rule, str(rows["USD"].seen), rows["XYZ"].missing) == ("Matched at the destination", "USD (1)", True)


def test_search_and_what_is_shown(desk: Client, integration: IntegrationConfig) -> None:
    asked = {"missing": ["API Usage", "Priority queue"], "mapped": ["GPU hours"], "suggested": ["API Usage"], "bad": []}
    assert {show: titles(page(desk, integration, show=show)) for show in asked} == asked
    assert titles(page(desk, integration, q="compute")) == ["GPU hours"]
    assert titles(page(desk, integration, q="prq")) == ["Priority queue"]
    assert "Nothing matches." in page(desk, integration, q="nowhere")


def test_without_a_credential_ids_are_typed(desk: Client) -> None:
    bare = integrations.create("Bill", "Netsuite", "NetSuite EU", {})
    shown = page(desk, bare)
    assert "NetSuite EU is not connected yet." in shown and 'placeholder="Type an id"' in shown
    post(desk, bare, prq="4711")
    assert mapped("prq").external_id == "4711"


def test_why_names_are_missing_is_told(desk: Client, integration: IntegrationConfig) -> None:
    catalogue.note_failure("Netsuite", TENANT, "Item", "The role may not see items.")
    assert "The items could not be read from NetSuite." in page(desk, integration)
    assert "The role may not see items." in page(desk, integration)


def test_who_may_only_read_sees_and_cannot_save(client: Client, integration: IntegrationConfig) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    client.force_login(user)
    assert client.get(address(integration)).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_externalmapping"))
    client.force_login(User.objects.get(pk=user.pk))
    shown = page(client, integration)
    assert "Save mappings" not in shown and "<input" not in shown.split("<tbody>")[1].split("</tbody>")[0]
    assert post(client, integration, prq="2001").status_code == 403


def test_what_is_no_integration_is_not_found(desk: Client, integration: IntegrationConfig) -> None:
    assert desk.get("/admin/mappings/externalmapping/grid/00000000-0000-0000-0000-000000000000/").status_code == 404
    integrations.archive(integration, None)
    assert desk.get(address(integration)).status_code == 404


def many(source: Source, count: int, records: int) -> None:
    names = "compute storage api usage commit support seats egress vector search snapshot queue token region gpu premium basic"
    words = names.split(" ")

    def name(number: int) -> str:
        return f"{words[number % 17]} {words[number // 17 % 17]} {words[number // 289 % 17]} {number}"

    CatalogueItem.objects.bulk_create(
        CatalogueItem(source=source, kind="Product", uid=f"p-{number}", name=name(number), code=f"P-{number:04}") for number in range(count)
    )
    books = {"system": "Netsuite", "tenant": TENANT, "table": "Item"}
    CatalogueRecord.objects.bulk_create(
        CatalogueRecord(**books, external_id=f"9{number}", name=name(number * 3)) for number in range(records)
    )
    ExternalMapping.objects.bulk_create(mapping("Product", f"p-{number}", f"9{number}") for number in range(0, count, 2))


def test_a_thousand_rows_stay_quick_and_cost_no_more_queries(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    def measured() -> tuple[int, float]:
        page(desk, integration)
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            page(desk, integration)
        return len(queries), time.perf_counter() - began

    few, _ = measured()
    many(source, 997, 2_000)
    queries, seconds = measured()
    assert queries == few
    assert seconds < 5, "about one second on an idle machine"
    assert len(titles(page(desk, integration))) == 1_000


def test_more_rows_than_a_page_has_are_on_the_next(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    many(source, 1_500, 10)
    first, second = page(desk, integration), page(desk, integration, p="2")
    assert len(titles(first)) == 1_000 and len(titles(second)) == 503
    assert "Page 1 of 2, 1503 rows" in first and not set(titles(first)) & set(titles(second))


def test_every_destination_has_a_tab_for_each_entity_it_maps() -> None:
    for system in registry.systems():
        covered = {(tab.table, kind) for tab in grid.tabs_of(system.name) for kind in tab.types}
        assert covered == {(table.name, kind) for table in registry.tables(system.name) for kind in table.entities}


def test_a_refusal_half_way_undoes_all(integration: IntegrationConfig, monkeypatch: pytest.MonkeyPatch, priya: User) -> None:
    found = grid.load(integration, grid.tabs_of("Netsuite")[0])
    for row in found.rows:
        row.value = "Vector Search 2 (2021)"
    saved = iter([None, None])

    def refuse_the_third(wanted: ExternalMapping, *args: Any) -> str:
        if next(saved, "refuse") == "refuse":
            raise ValueError("Somebody else was faster.")
        wanted.save()
        return "created"

    monkeypatch.setattr(grid_changes.service, "save", refuse_the_third)
    assert grid_changes.save(found, found.rows, grid_changes.Terms(), priya) == []
    assert [row.error for row in found.rows] == ["", "", "Somebody else was faster."]
    assert ExternalMapping.objects.count() == 1


def test_a_customer_that_is_billed_in_another_currency_stands_out(desk: Client, integration: IntegrationConfig, source: Source) -> None:
    account(source, currency="EUR")
    account(source, "acc-2", "Cascadia", "CAS", currency="USD")
    read("Customer", {"1001": "Borealis AI", "1002": "Cascadia"}, currencies=["USD"])
    for uid, customer in (("acc-1", "1001"), ("acc-2", "1002")):
        stored("Account", uid, customer)
    shown = page(desk, integration, tab="Account-Customer")
    assert shown.count("Customer in USD only</span><small>Borealis AI is billed in EUR</small>") == 1 == shown.count("in USD only")
    assert shown.index("Borealis AI") < shown.index("Cascadia")
