"""A missing mapping is one problem for all its Bills; saving it, on whichever page, closes the problem and sends the Bills by itself."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from billing.bill import Ref
from credentials.models import Credential
from integrations import service as integrations
from integrations.models import IntegrationConfig
from mappings import held
from mappings.models import ExternalMapping
from runs import catalogue, recover
from runs.deliver import deliver
from runs.models import IntegrationRun, Problem
from runs.select import select
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, an_integration, arrive, the_source

pytestmark = pytest.mark.django_db
ADD = "/admin/mappings/externalmapping/add/"
GPU = {"Product": Ref(id="gpu", code="GPU-H", name="GPU hours")}
SEARCH = {"Product": Ref(id="search", code="VS", name="Vector search")}
Committed = Callable[..., Any]


@pytest.fixture
def into(credential: Credential) -> IntegrationConfig:
    return an_integration(credential, netsuiteDefaultItemId="", useExternalMappingAccountCode=True)


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("priya", first_name="Priya", last_name="Nair"))
    return client


def work(integration: IntegrationConfig) -> dict[str, str]:
    """Selects and delivers until nothing is due; each Bill's newest status."""
    fresh = IntegrationConfig.objects.get(pk=integration.pk)
    select(fresh)
    while recover.settle(fresh) + deliver(fresh):
        pass
    return {run.bill.uid: run.status for run in IntegrationRun.objects.filter(integration=integration).order_by("dt_created")}


def problems() -> dict[str, int]:
    """The open problems and how many Bills each holds."""
    return {problem.title: problem.runs.count() for problem in Problem.objects.exclude(state="closed")}


def three_bills(into: IntegrationConfig) -> None:
    """Two that lack one product, one that lacks two; the customer is mapped."""
    customer = {"entity_type": "Account", "entity_id": "acc-1", "external_system": "Netsuite", "external_table": "Customer"}
    ExternalMapping.objects.create(**customer, external_id="1001")
    arrive(
        a_bill("b-1", [a_line("l1", "10.00", refs=GPU)]),
        a_bill("b-2", [a_line("l1", "20.00", refs=GPU)], currency="EUR"),
        a_bill("b-3", [a_line("l1", "1.00", refs=GPU), a_line("l2", "2.00", refs=SEARCH)]),
    )
    assert work(into) == {"b-1": "ERROR", "b-2": "ERROR", "b-3": "ERROR"}


def test_one_problem_per_missing_entity_holds_all_its_bills(into: IntegrationConfig) -> None:
    three_bills(into)
    assert problems() == {"Product “GPU hours” has no Item.": 3, "Product “Vector search” has no Item.": 1}


def test_the_link_of_a_problem_opens_the_filled_in_form_which_frees_the_bills(
    desk: Client, into: IntegrationConfig, books: Books, django_capture_on_commit_callbacks: Committed
) -> None:
    three_bills(into)
    page = desk.get("/admin/runs/problem/").content.decode().replace("&amp;", "&")
    [link] = {text.split('"')[0] for text in page.split('href="') if text.startswith(ADD) and "entity_id=gpu&" in text.split('"')[0]}
    asked = parse_qs(urlsplit(link).query)
    assert {"entity_type": ["Product"], "entity_id": ["gpu"], "system": ["Netsuite"], "table": ["Item"]}.items() <= asked.items()
    assert "GPU hours (GPU-H)" in desk.get(link).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        answer = desk.post(link, {"entity_id": "gpu", "external_id": "2003"})
    assert answer["Location"] == asked["next"][0]
    assert "The 3 Bills that waited for it go by themselves." in desk.get(answer["Location"]).content.decode()
    assert work(into) == {"b-1": "COMPLETE", "b-2": "COMPLETE", "b-3": "ERROR"}
    assert problems() == {"Product “Vector search” has no Item.": 1}
    assert sorted(document["externalId"] for document in books.documents()) == ["b-1", "b-2"]


def test_the_grid_frees_bills_that_lacked_two(
    desk: Client, into: IntegrationConfig, books: Books, django_capture_on_commit_callbacks: Committed
) -> None:
    three_bills(into)
    catalogue.read(into.credential)
    url = f"/admin/mappings/externalmapping/grid/{into.pk}/"
    shown = desk.get(url).content.decode()
    assert "2 of 2 products are not mapped.</b> They hold up 13.00\N{NO-BREAK SPACE}USD and 20.00\N{NO-BREAK SPACE}EUR on 3 Bills." in shown
    source = the_source().pk
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(url, {f"id:Product:{source}:gpu": "Compute Usage (2003)", f"id:Product:{source}:search": "2001"})
    assert set(work(into).values()) == {"COMPLETE"} and problems() == {}
    assert len(books.documents()) == 3


def test_a_file_frees_them_too(into: IntegrationConfig, books: Books, tmp_path: Any, django_capture_on_commit_callbacks: Committed) -> None:
    three_bills(into)
    file = tmp_path / "mappings.csv"
    file.write_text(
        "m3terEntity,m3terId,externalSystem,externalTable,externalId,integrationConfigId\n"
        f"Product,gpu,Netsuite,Item,2003,\nProduct,search,Netsuite,Item,2001,{into.pk}\n"
    )
    with django_capture_on_commit_callbacks(execute=True):
        call_command("import_mappings", str(file))
    assert set(work(into).values()) == {"COMPLETE"} and problems() == {}


def test_a_mapping_linked_to_another_integration_frees_nothing_here(
    desk: Client, into: IntegrationConfig, django_capture_on_commit_callbacks: Committed
) -> None:
    three_bills(into)
    other = integrations.create("Bill", "Netsuite", "NetSuite EU", {})
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(f"{ADD}?entity_type=Product&system=Netsuite", {"entity_id": "gpu", "external_id": "2003", "integration": str(other.pk)})
    assert set(work(into).values()) == {"ERROR"} and len(problems()) == 2


def test_enforced_an_unlinked_mapping_does_not_help_and_a_linked_one_does(
    desk: Client, into: IntegrationConfig, django_capture_on_commit_callbacks: Committed
) -> None:
    integrations.change_options(into, into.options | {"enforceExternalMappingsForConfig": True}, None)
    arrive(a_bill("b-1", [a_line(refs=GPU)]))
    work(into)
    for linked, left in (("", 2), (str(into.pk), 0)):
        for entity, uid, external_id in (("Product", "gpu", "2003"), ("Account", "acc-1", "1001")):
            with django_capture_on_commit_callbacks(execute=True):
                asked = {"entity_id": uid, "external_id": external_id, "integration": linked}
                assert desk.post(f"{ADD}?entity_type={entity}&system=Netsuite", asked).status_code == 302
        work(into)
        assert len(problems()) == left


def test_what_each_entity_holds_up_and_all_of_them_together(into: IntegrationConfig) -> None:
    three_bills(into)
    pairs = [("Product", "gpu"), ("Product", "search"), ("Product", "unknown")]
    found = held.waiting("Netsuite", "Item", pairs)
    assert {pair[1]: (found.of(pair).bills, dict(found.of(pair).money)) for pair in pairs} == {
        "gpu": (3, {"USD": Decimal(13), "EUR": Decimal(20)}), "search": (1, {"USD": Decimal(3)}), "unknown": (0, {}),
    }  # fmt: skip
    assert found.together.bills == 3 and len(found.together.money) == 2
    other = integrations.create("Bill", "Netsuite", "NetSuite EU", {})
    assert held.waiting("Netsuite", "Item", pairs, other.pk).together.bills == 0
    assert held.waiting("Netsuite", "Item", pairs, into.pk).together.bills == 3
    assert held.waiting("Netsuite", "Customer", pairs).together.bills == 0


def test_the_next_unmapped_is_the_one_that_holds_up_most(desk: Client, into: IntegrationConfig) -> None:
    three_bills(into)
    arrive(a_bill("b-4", [a_line(refs={"Product": Ref(id="aaa", name="Aardvarks")})]))
    answer = desk.post(f"{ADD}?entity_type=Product&system=Netsuite", {"entity_id": "x", "external_id": "1", "then": "next"})
    assert parse_qs(urlsplit(answer["Location"]).query)["entity_id"] == ["gpu"]
