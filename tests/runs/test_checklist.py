"""The checklist of an integration: asked only when a person says so, kept, and a way to make what is missing."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from credentials.models import Credential
from integrations.models import IntegrationConfig
from runs.models import Event, Problem
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, an_integration, arrive
from tests.runs.pages import work


@pytest.fixture
def orders(credential: Credential) -> IntegrationConfig:
    return an_integration(credential, documentFlow="AUTO")


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("priya", "priya@example.com", "pw", first_name="Priya", last_name="Nair"))
    return client


def to(name: str, integration: IntegrationConfig) -> str:
    return reverse(f"admin:{name}", args=(integration.pk,))


def shown(desk: Client, integration: IntegrationConfig) -> str:
    return desk.get(to("runs_checklist", integration)).content.decode()


def test_nothing_is_asked_before_a_person_says_so(desk: Client, orders: IntegrationConfig, books: Books) -> None:
    before = books.hub.calls.report()["total"]
    page = shown(desk, orders)
    assert books.hub.calls.report()["total"] == before
    for words in ("Nothing was checked yet", "Check now", "Billpost is the source of truth", "mark sales orders as fulfilled"):
        assert words in page
    assert "Lists &gt; Accounting &gt; Items &gt; New" in page
    assert to("runs_checklist", orders) in desk.get(to("integrations_integrationconfig_change", orders)).content.decode()


def test_what_is_found_is_kept_and_shown_in_the_three_tables(desk: Client, orders: IntegrationConfig, books: Books) -> None:
    books.configure(permissions_missing=["salesOrder"])
    desk.post(to("runs_checklist_check", orders))
    asked = books.hub.calls.report()["total"]
    page = shown(desk, orders)
    assert books.hub.calls.report()["total"] == asked
    for words in (">Transactions<", ">Lists<", ">Setup<", "Access Payment Audit Log", "Cannot tell", "by Priya Nair"):
        assert words in page
    assert "An administrator adds Sales Order, level Full" in page
    assert Event.objects.get(verb="checked").after["missing"] >= 1


def test_what_is_missing_is_made_once_and_used(desk: Client, orders: IntegrationConfig, books: Books) -> None:
    desk.post(to("runs_checklist_check", orders))
    assert "Create “Advanced Billing Discount”" in shown(desk, orders)
    for _ in range(2):
        desk.post(to("runs_checklist_create", orders), {"name": "discountItem"})
    made = [item for item in books.documents("discountItem") if item["itemId"] == "Advanced Billing Discount"]
    orders.refresh_from_db()
    assert [item["id"] for item in made] == [orders.options["discountItemId"]]
    assert orders.options["documentFlow"] == "AUTO"
    assert orders.versions.count() == 2
    assert "Create “Advanced Billing Discount”" not in shown(desk, orders)


def test_a_refusal_is_told_and_changes_nothing(desk: Client, orders: IntegrationConfig, books: Books) -> None:
    books.configure(permissions_missing=["discountItem"])
    desk.post(to("runs_checklist_create", orders), {"name": "discountItem"})
    assert "Pressing again makes nothing twice." in shown(desk, orders)
    orders.refresh_from_db()
    assert orders.options["discountItemId"] == ""


def test_without_a_credential_the_page_says_what_comes_first(desk: Client, orders: IntegrationConfig) -> None:
    IntegrationConfig.objects.update(credential=None)
    assert "is not connected yet" in shown(desk, orders)
    desk.post(to("runs_checklist_check", orders))
    assert "Nothing was checked." in shown(desk, orders)


def test_only_who_may_configure_makes_anything(client: Client, orders: IntegrationConfig, books: Books) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_integrationconfig"))
    client.force_login(viewer)
    assert client.get(to("runs_checklist", orders)).status_code == 200
    assert client.post(to("runs_checklist_check", orders)).status_code == 403
    assert client.post(to("runs_checklist_create", orders), {"name": "discountItem"}).status_code == 403
    assert client.get(to("runs_checklist_check", orders)).status_code == 405


def test_all_that_can_be_made_is_made_with_one_button(desk: Client, orders: IntegrationConfig, books: Books) -> None:
    desk.post(to("runs_checklist_check", orders))
    assert "Put 2 right" in shown(desk, orders)
    desk.post(to("runs_checklist_create", orders), {"name": ""})
    orders.refresh_from_db()
    assert orders.options["discountItemId"] and orders.options["paymentMethodId"]
    assert orders.versions.count() == 2
    assert "Put 2 right" not in shown(desk, orders)


def test_a_missing_permission_leads_to_the_checklist(desk: Client, integration: IntegrationConfig, books: Books) -> None:
    books.configure(permissions_missing=["invoice"])
    arrive(a_bill())
    work(integration)
    page = desk.get(f"/admin/runs/problem/{Problem.objects.get().pk}/change/").content.decode()
    assert to("runs_checklist", integration) in page and "checklist" in page


def test_the_set_up_makes_the_discount_item_before_there_is_an_integration(desk: Client, credential: Credential, books: Books) -> None:
    add = "/admin/integrations/integrationconfig/add/"
    desk.get(f"{add}?entity_type=Bill&system=Netsuite")
    typed = {
        "create_integration-current_step": "configure",
        "configure-entity_type": "Bill",
        "configure-system": "Netsuite",
        "configure-name": "Half typed",
        "configure-credential": str(credential.pk),
    }
    assert "Create “Advanced Billing Discount”" in desk.post(add, typed | {"configure-step": "1", "configure-goto": "2"}).content.decode()
    for _ in range(2):
        page = desk.post(add, typed | {"configure-step": "2", "configure-goto": "make:discountItem"}).content.decode()
    made = [item["id"] for item in books.documents("discountItem") if item["itemId"] == "Advanced Billing Discount"]
    assert len(made) == 1 and f'value="{made[0]}"' in page and "NetSuite has it now" in page
    books.configure(permissions_missing=["item"])
    refused = desk.post(add, typed | {"configure-step": "2", "configure-goto": "make:discountItem"}).content.decode()
    assert "Pressing again makes nothing twice." in refused and 'value="Half typed"' in refused
