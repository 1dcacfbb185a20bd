"""The list of mappings, the page of one, deleting, and the panel of an entity."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from billing.models import Source
from integrations.models import IntegrationConfig
from mappings import service
from mappings.models import CatalogueRecord, ExternalMapping
from runs.models import Event
from tests.mappings.conftest import account, day, mapping, product, read, stored

pytestmark = pytest.mark.django_db
LIST = "/admin/mappings/externalmapping/"


def page(desk: Client, address: str = LIST, **query: str) -> str:
    answer = desk.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def rows(desk: Client, **query: str) -> int:
    return page(desk, **query).count('<tr><td class="action-checkbox">')


def test_both_ends_have_names_and_what_is_wrong_is_seen(desk: Client, source: Source, integration: IntegrationConfig, items: None) -> None:
    product(source, "gpu", "GPU hours", "GPU-H")
    account(source)
    stored()
    stored("Account", "acc-1", "1001", external_name="Borealis, as it was")
    november = {"valid_from": day("2026-11-01"), "valid_to": day("2026-11-30")}
    stored("Product", "old", "2002", integration=integration, changed_by="Tom Okafor", **november)
    stored("Product", "typo", "9999")
    CatalogueRecord.objects.filter(external_id="2002").update(active=False)
    shown = page(desk)
    for words in (
        "GPU hours", "Product, GPU-H", "GPU Compute (2003)", "Borealis AI", "Borealis, as it was (1001)", "NetSuite US", "Tom Okafor",
        "Storage Usage (2002)", "Inactive in NetSuite", "Not found in NetSuite",
        '<time datetime="2026-11-01">1 Nov 2026</time> to <time datetime="2026-11-30">30 Nov 2026</time>',
    ):  # fmt: skip
        assert words in shown
    CatalogueRecord.objects.filter(external_id="2002").update(listed=False)
    assert "Deleted in NetSuite" in page(desk)


def test_views_filters_and_search(desk: Client, source: Source, integration: IntegrationConfig, items: None) -> None:
    product(source, "gpu", "GPU hours")
    account(source)
    stored()
    stored("Account", "acc-1", "1001")
    stored("Product", "old", "2002", integration=integration, valid_to=day("2026-01-31"))
    CatalogueRecord.objects.filter(external_id="2002").update(active=False)
    assert rows(desk) == 3
    asked: list[dict[str, Any]] = [
        {"view": "linked"}, {"view": "dated"}, {"view": "ended"}, {"view": "unusable"}, {"entity_type": "Account"},
        {"external_table": "Customer"}, {"integration": str(integration.pk)}, {"entity_id": "acc-1"}, {"external_id": "2003"},
        {"q": "gpu ho"}, {"q": "acc-1"}, {"q": "2003"}, {"q": "Borealis"},
    ]  # fmt: skip
    assert [rows(desk, **query) for query in asked] == [1] * len(asked)
    assert rows(desk, external_system="Netsuite") == 3 and rows(desk, integration="no-id") == 3
    filtered = page(desk, entity_id="acc-1")
    assert "Entity <b>Borealis AI (BOR)</b>" in filtered


def test_a_linked_mapping_is_judged_by_its_own_books(desk: Client, integration: IntegrationConfig) -> None:
    read("Item", {"2003": "GPU in EU"}, tenant="EU", active=False)
    read("Item", {"2003": "GPU here"})
    stored(integration=integration)
    assert rows(desk, view="unusable") == 0 and "GPU here (2003)" in page(desk)
    stored("Product", "other")
    assert rows(desk, view="unusable") == 1


def test_a_page_of_the_list_costs_the_same_for_any_number_of_rows(desk: Client, source: Source, integration: IntegrationConfig) -> None:
    counts = []
    for start in (0, 1, 60):
        for number in range(start, start * 2 + 1):
            product(source, f"p-{number}", f"Product {number}")
            stored("Product", f"p-{number}", str(number), integration=integration if number % 2 else None)
        page(desk)
        with CaptureQueriesContext(connection) as queries:
            page(desk)
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_a_mapping_has_a_page_with_its_version_and_history(desk: Client, source: Source, priya: User, items: None) -> None:
    product(source, "gpu", "GPU hours", "GPU-H")
    service.create(mapping(), priya)
    made = ExternalMapping.objects.get()
    service.change(made, mapping(external_id="2021"))
    shown = page(desk, f"{LIST}{made.pk}/change/")
    for words in (
        "<h1>GPU hours in NetSuite", "Vector Search 2", "<dt>Version</dt><dd>2</dd>", "by Priya Nair", "by a command",
        "Priya Nair created it", "A command changed it: external id from 2003 to 2021",
        '<option value="2021" selected>Vector Search 2 (2021)</option>',
    ):  # fmt: skip
        assert words in shown


def save(desk: Client, made: ExternalMapping, version: int, **data: str) -> Any:
    given = {"entity_id": made.entity_id, "external_id": made.external_id, "version": str(version)} | data
    return desk.post(f"{LIST}{made.pk}/change/?next=/admin/", given)


def test_a_mapping_is_changed_and_the_person_returns(desk: Client, integration: IntegrationConfig, items: None) -> None:
    made = stored()
    answer = save(desk, made, 1, external_id="2021", integration=str(integration.pk), valid_from="2026-11-01")
    assert answer["Location"] == "/admin/"
    made.refresh_from_db()
    assert (made.external_id, made.external_name, made.integration, made.valid_from, made.version, made.changed_by) == (
        "2021", "Vector Search 2", integration, day("2026-11-01"), 2, "Priya Nair",
    )  # fmt: skip
    save(desk, made, 2, external_id="2021", integration=str(integration.pk), valid_from="2026-11-01")
    assert "Nothing was changed." in page(desk, "/admin/")


def test_an_old_page_does_not_write_over_a_newer_version_unseen(desk: Client, priya: User) -> None:
    made = stored()
    service.change(made, mapping(external_id="2"), priya)
    refused = save(desk, made, 1, external_id="3").content.decode()
    assert "Priya Nair has changed it meanwhile. What you typed is kept; saving now replaces it." in refused
    assert 'value="3"' in refused and 'name="version" value="2"' in refused
    assert save(desk, made, 2, external_id="3").status_code == 302


def test_a_change_into_anothers_place_is_a_sentence(desk: Client) -> None:
    made = stored()
    stored("Product", "other", "2001")
    refused = save(desk, made, 1, entity_id="other").content.decode()
    assert "It is mapped to Item 2001 already." in refused


def test_what_is_stored_may_stay_though_the_destination_has_it_no_more(desk: Client, items: None) -> None:
    made = stored(external_id="9999")
    shown = page(desk, f"{LIST}{made.pk}/change/")
    assert "NetSuite had no Item 9999 when it was last read." in shown and "Use this id as it is" not in shown
    assert save(desk, made, 1, valid_to="2026-12-31").status_code == 302
    refused = save(desk, made, 2, external_id="9998").content.decode()
    assert "NetSuite had no Item “9998”" in refused


def test_deleting_asks_and_is_kept_in_the_history(desk: Client, priya: User) -> None:
    made = stored()
    asked = page(desk, f"{LIST}{made.pk}/delete/")
    assert "This cannot be undone" in asked and "Delete the mapping of gpu?" in asked and "Product gpu is 2003 in NetSuite." in asked
    desk.post(f"{LIST}{made.pk}/delete/", {"post": "yes"})
    assert not ExternalMapping.objects.exists()
    event = Event.objects.get(verb="deleted")
    assert (event.who, event.before["external_id"], event.after) == (priya, "2003", None)
    many = [stored("Product", uid).pk for uid in "abc"]
    desk.post(LIST, {"action": "delete_selected", "_selected_action": many, "post": "yes"})
    assert Event.objects.filter(verb="deleted").count() == 4 and not ExternalMapping.objects.exists()


def test_who_may_only_read_changes_nothing(client: Client) -> None:
    made = stored()
    user = User.objects.create_user("reader", is_staff=True)
    client.force_login(user)
    assert client.get(LIST).status_code == 403 and client.get(f"{LIST}{made.pk}/change/").status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_externalmapping"))
    client.force_login(User.objects.get(pk=user.pk))
    shown = page(client, f"{LIST}{made.pk}/change/")
    assert "You may read mappings but not change them." in shown and "Save" not in shown
    save(client, made, 1, external_id="1")
    assert client.get(f"{LIST}{made.pk}/delete/").status_code == 403
    made.refresh_from_db()
    assert (made.external_id, made.version) == ("2003", 1)
    assert "Create External mapping" not in page(client)


@pytest.mark.parametrize("pk", ["0", "x", "999"])
def test_what_is_not_there_is_not_found(desk: Client, pk: str) -> None:
    assert desk.get(f"{LIST}{pk}/change/").status_code == 404


def panel(user: User, uid: str, source: Source) -> str:
    request = RequestFactory().get("/admin/billing/account/1/change/?a=b")
    request.user = user
    text = '{% load mappings %}{% mapping_panel "Account" uid source %}'
    return Template(text).render(Context({"request": request, "uid": uid, "source": source.pk}))


def test_an_accounts_panel_shows_its_mappings_with_edit_and_delete(priya: User, source: Source, integration: IntegrationConfig) -> None:
    empty = panel(priya, "acc-1", source)
    assert "This Account is not mapped to any external system." in empty
    assert "add/?entity_type=Account&amp;entity_id=acc-1&amp;next=%2Fadmin%2Fbilling%2Faccount%2F1%2Fchange%2F%3Fa%3Db" in empty
    read("Customer", {"1001": "Borealis AI, Inc."})
    made = stored("Account", "acc-1", "1001", integration=integration)
    stored("Account", "acc-1", "1002", source=Source.objects.create(slug="eu", platform="m3ter", name="EU"))
    shown = panel(priya, "acc-1", source)
    for words in ("Borealis AI, Inc. (1001)", "only <a", "NetSuite US", f"{LIST}{made.pk}/change/?next=", f"{LIST}{made.pk}/delete/",
                  f"{LIST}?entity_id=acc-1", "1 mapping<"):  # fmt: skip
        assert words in shown
    reader = User.objects.create_user("reader")
    assert "Edit" not in panel(reader, "acc-1", source)
