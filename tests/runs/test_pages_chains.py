"""How the pages tell a Bill that becomes several documents: its steps, one row in the lists, its money once."""

import json
from contextlib import redirect_stdout
from decimal import Decimal as D
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from billing.bill import Ref
from integrations import details
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from runs import export, overview, tasks
from runs.models import IntegrationRun, Problem, Status
from runs.orders import sync
from runs.present import chain
from runs.present.facts import RunFacts
from runs.readiness import readiness
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.runs.pages import BILLS, RUNS, a_client, preview_page, run_page
from tests.runs.test_chains import ACCOUNT, a_box, fulfil, inventory, moved, post
from tests.runs.test_chains import chain as a_chain
from tests.runs.test_flow import work

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    return a_client(superuser=True)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def rows(admin: Client, address: str) -> list[IntegrationRun]:
    return list(admin.get(address).context["cl"].result_list)


def parent() -> IntegrationRun:
    return IntegrationRun.objects.select_related("delivery").get(delivery__slot="chain")


def child(slot: str) -> IntegrationRun:
    return IntegrationRun.objects.get(delivery__slot=slot, parent__isnull=False)


@pytest.fixture
def posted(credential: object, customer: object, books: Books) -> IntegrationConfig:
    """An order, its invoice and a payment of 30.00."""
    integration = a_chain(credential)
    arrive(a_bill("b-1", [a_line("l1", "100.00")], number="INV-1", movements=(moved("payment", "p1", "30.00"),)))
    work(integration)
    return integration


@pytest.fixture
def refused(credential: object, customer: object, books: Books) -> IntegrationConfig:
    """An order whose invoice was refused; its payment waits behind."""
    integration = a_chain(credential)
    arrive(a_bill("b-1", [a_line("l1", "100.00")], number="INV-1", movements=(moved("payment", "p1", "30.00"),)))
    books.fault("status", status=400, match="so-b-1/!transform")
    work(integration)
    return integration


@pytest.fixture
def unfulfilled(credential: object, customer: object, books: Books) -> IntegrationConfig:
    inventory(books)
    integration = a_chain(credential, "AUTO")
    arrive(a_box())
    work(integration)
    return integration


def test_a_chain_lists_its_steps_in_order(posted: IntegrationConfig, admin: Client, books: Books) -> None:
    page = text_of(admin.get(run_page(parent())))

    assert "Sales order, invoice and payment are posted." in page
    assert "NetSuite holds the sales order, invoice and payment of this Bill." in page
    numbers = [books.documents(kind)[0]["tranId"] for kind in ("salesOrder", "invoice", "customerPayment")]
    places = [page.index(f">{number} <span") for number in numbers]
    assert places == sorted(places) and "Payment of 30.00 USD" in page
    assert "Exchanges with" not in page and "Lines" not in page and ">Attempts<" not in page


def test_the_headline_of_a_chain_is_that_of_its_failed_step(refused: IntegrationConfig, admin: Client) -> None:
    run = parent()
    page = text_of(admin.get(run_page(run)))

    assert "Sales order is posted; the invoice was refused; payment is to follow." in page
    assert f'<h2 id="headline">{child("main").error}' in page.replace("&quot;", '"').replace("&#x27;", "'")
    assert f'action="{RUNS}{run.pk}/retry/"' in page and "waits for the step before" in page
    [problem] = RunFacts(run).problems
    assert list(problem.runs.all()) == [child("main")]


def test_a_retry_of_a_chain_goes_on_where_it_stopped_and_shows_the_chain(refused: IntegrationConfig, admin: Client) -> None:
    run = parent()
    answer = admin.post(f"{RUNS}{run.pk}/retry/")
    work(refused)

    assert answer["Location"] == run_page(run)
    run.refresh_from_db()
    assert run.status == Status.COMPLETE and not Problem.objects.exclude(state="closed").exists()


def test_a_step_names_its_chain_and_its_siblings(posted: IntegrationConfig, admin: Client) -> None:
    page = text_of(admin.get(run_page(child("payment:p1"))))

    assert "<h1" in page and "Payment of INV-1 to NetSuite US" in page
    assert f'Step 3 of 3 of <a href="{run_page(parent())}">' in page
    assert all(run_page(child(slot)) in page for slot in ("order", "main"))
    assert "<dt>On the invoice</dt><dd>30.00 USD</dd>" in page and "<code>pay-b-1-p1</code>" in page
    assert "Exchanges with NetSuite" in page
    assert "Lines sent" in text_of(admin.get(run_page(child("main"))))


def test_a_step_says_what_it_waits_for_and_that_it_is_asked(unfulfilled: IntegrationConfig, admin: Client) -> None:
    for run in (child("main"), parent()):
        page = text_of(admin.get(run_page(run)))
        assert "The invoice waits until the sales order is fulfilled." in page
        assert "NetSuite is asked every minute" in page and f'action="{RUNS}sync/{unfulfilled.pk}/"' in page
        assert ">Try now<" not in page and ">Cancel before sending<" in page


def test_who_may_not_sync_is_shown_no_button(unfulfilled: IntegrationConfig) -> None:
    page = text_of(a_client("runs.view_integrationrun").get(run_page(parent())))

    assert "The invoice waits until" in page and f"sync/{unfulfilled.pk}/" not in page


def test_a_sync_asks_at_once_what_is_waited_for(unfulfilled: IntegrationConfig, books: Books) -> None:
    fulfil(books, "so-b-1")

    sync(unfulfilled)
    tasks.look(str(unfulfilled.pk))

    assert parent().status == Status.COMPLETE


def test_a_chain_that_lacks_a_mapping_says_so(credential: object, customer: object, books: Books, admin: Client) -> None:
    integration = a_chain(credential, netsuiteDefaultItemId=None)
    arrive(a_bill("b-1"))
    work(integration)

    page = text_of(admin.get(run_page(parent())))

    assert "What is missing" in page and "API calls" in page and 'id="steps"' not in page


def test_lists_and_counters_have_one_row_of_a_chain(posted: IntegrationConfig, admin: Client) -> None:
    run = parent()

    assert rows(admin, RUNS) == [run] == rows(admin, f"{RUNS}?view=posted")
    assert "Invoice INV-1" in admin.get(RUNS).content.decode()
    [lane] = overview.lanes(14)
    assert (lane.posted.count, lane.posted.money) == (1, {"USD": D("100.00")}) and lane.last_run is not None
    assert sum(day["posted"] for day in overview.per_day(14)) == 1
    tile = details.tiles(posted)["posted"]
    assert (tile.count, tile.money) == (1, {"USD": D("100.00")})
    [row] = details.latest_runs(posted)
    assert row.result == "Invoice INV-1" and row.url
    assert [row["id"] for row in printed("runs")] == [str(run.pk)]
    assert [row["amount"] for row in printed("runs", "--steps", str(run.pk))] == ["100.00", "100.00", "30.00"]


def printed(*arguments: str) -> list[dict[str, Any]]:
    with redirect_stdout(StringIO()) as out:
        call_command(*arguments)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_failed_chain_needs_one_person(refused: IntegrationConfig, admin: Client) -> None:
    answer = admin.get(f"{RUNS}?view=person")

    assert rows(admin, f"{RUNS}?view=person") == [parent()]
    assert [tab["count"] for tab in answer.context["cl"].model_admin.list_views(answer.context["cl"])][1] == "1"
    [lane] = overview.lanes(14)
    assert (lane.failed.count, lane.waiting.count, lane.posted.count) == (1, 0, 0)
    [problem] = Problem.objects.exclude(state="closed")
    assert rows(admin, f"{RUNS}?problem={problem.pk}") == [child("main")]


def test_what_is_only_ordered_is_not_posted(unfulfilled: IntegrationConfig) -> None:
    found = readiness(unfulfilled)

    assert found.goes + len(found.blocked) == 1


def test_the_steps_of_a_chain_are_a_list_too(posted: IntegrationConfig, admin: Client) -> None:
    run = parent()

    assert set(rows(admin, f"{RUNS}?chain={run.pk}")) == set(run.children.all())
    assert "INV-1, sales order" in admin.get(f"{RUNS}?chain={run.pk}").content.decode()


@pytest.mark.parametrize(("kind", "slot"), [("salesOrder", "order"), ("invoice", "main"), ("customerPayment", "payment:p1")])
def test_a_documents_id_and_number_find_its_step(kind: str, slot: str, posted: IntegrationConfig, admin: Client, books: Books) -> None:
    [document] = books.documents(kind)

    assert rows(admin, f"{RUNS}?q={document['id']}") == [child(slot)]
    assert child(slot) in rows(admin, f"{RUNS}?q={document['tranId']}")
    assert admin.get(f"{RUNS}search/?q={document['id']}")["Location"] == run_page(child(slot))


def test_a_bills_number_and_its_account_find_the_chain(posted: IntegrationConfig, admin: Client) -> None:
    assert rows(admin, f"{RUNS}?q=Acme") == [parent()]
    assert parent() in rows(admin, f"{RUNS}?q=INV-1") and child("order") not in rows(admin, f"{RUNS}?q=INV-1")


def test_a_bill_shows_all_that_the_destination_holds(posted: IntegrationConfig, admin: Client, books: Books) -> None:
    page = text_of(admin.get(f"{BILLS}{parent().bill_id}/change/"))

    for kind, name in (("salesOrder", "Sales order"), ("invoice", "Invoice"), ("customerPayment", "Payment")):
        assert f"{name} {books.documents(kind)[0]['tranId']} <span" in page
    assert "30.00 USD" in page


def test_a_bill_of_which_only_the_order_stands_shows_that(unfulfilled: IntegrationConfig, admin: Client) -> None:
    page = text_of(admin.get(f"{BILLS}{parent().bill_id}/change/"))

    assert "Sales order SO" in page and "Nothing yet" not in page and "Step 2 of 2 waits" in page


def test_a_preview_shows_every_document_and_request_in_order(unfulfilled: IntegrationConfig, admin: Client) -> None:
    [bill] = arrive(a_bill("b-2", a_box().lines, total=D("80.00"), movements=(moved("payment", "p1", "80.00"),)))

    page = text_of(admin.get(preview_page(bill, unfulfilled)))

    assert "4 documents" in page and "Customer deposit of 80.00 USD" in page
    assert "is made from the sales order" in page and "waits until the sales order is fulfilled" in page
    requests = [page.index(each) for each in ("of 4: sales order", "of 4: customer deposit", "of 4: invoice", "of 4: deposit application")]
    assert requests == sorted(requests) and "!transform/invoice" in page


def test_a_preview_leaves_an_order_alone_that_is_invoiced(posted: IntegrationConfig, admin: Client) -> None:
    page = text_of(admin.get(preview_page(parent().bill, posted)))

    assert "stays as it is: the next document is made from it already" in page
    assert "of 2: invoice" in page and "of 2: payment" in page


def test_a_preview_without_the_types_of_items_says_that_they_are_read(credential: object, customer: object, admin: Client) -> None:
    integration = a_chain(credential, "AUTO")
    [bill] = arrive(a_bill("b-1"))

    page = text_of(admin.get(preview_page(bill, integration)))

    assert "so it is not known which documents this Bill becomes" in page and ">Refresh names<" in page
    assert f"/catalogue/{integration.credential_id}/?next=" in page and ">Send this Bill<" in page


def test_a_bill_without_a_flow_says_so_in_its_preview(credential: object, customer: object, books: Books, admin: Client) -> None:
    integration = a_chain(credential, "AUTO")
    records = [{"id": "9002", "itemId": "GIFT", "displayName": "Gift"}]
    post(books, "/_emulator/records", {"system": "netsuite", "tenant": ACCOUNT, "type": "otherChargeSaleItem", "records": records})
    ExternalMapping.objects.create(
        entity_type="Product", entity_id="prod-gift", external_system="Netsuite", external_table="Item", external_id="9002"
    )
    line = a_line("l1", refs={"Product": Ref(id="prod-gift", name="Gift")})
    [bill] = arrive(a_bill("b-1", [line], number="INV-1"))
    work(integration)

    page = text_of(admin.get(preview_page(bill, integration)))

    assert '<h2 id="headline">It would not be sent: no sync flow is defined for invoice INV-1' in page
    assert ">Send this Bill<" not in page


def test_documents_of_one_kind_are_counted(posted: IntegrationConfig) -> None:
    order, invoice, payment = chain.steps_of(parent())

    assert chain.listed([order]) == "sales order"
    assert chain.listed([order, invoice, payment, payment]) == "sales order, invoice and 2 payments"


def test_a_file_has_the_invoice_of_a_chain_once(posted: IntegrationConfig) -> None:
    [row] = export.rows(posted, export.lane_of(posted), export.Window())

    assert [line[0] for line in row.lines] == ["b-1"]
