"""Mark as synced: a document that stands there already becomes the Bill's, after it was looked at; nothing is ever sent."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.models import IntegrationConfig
from runs import adopt, orders
from runs.models import Delivery, Event, IntegrationRun, Problem, Status
from runs.orders import NotPossibleError
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.runs.pages import a_client, a_run, work
from tests.runs.test_pages_orders import told
from tests.runs.test_problems_list import LIST
from tests.runs.test_problems_page import OPERATES, SEES

pytestmark = pytest.mark.django_db


def by_hand(books: Books, number: str = "88190", amount: str = "100.00", **changes: Any) -> str:
    """An invoice that somebody entered in NetSuite; returns its internal id."""
    line = {"item": {"id": "2001"}, "amount": Decimal(amount)}
    facts = {"tranId": number, "entity": {"id": "1001"}, "currency": {"id": "1"}, "subsidiary": {"id": "1"}, "item": {"items": [line]}}
    before = {document["id"] for document in books.documents()}
    books.emulator.add_records(ACCOUNT, "invoice", [facts | changes])
    [new] = {document["id"] for document in books.documents()} - before
    return str(new)


@pytest.fixture
def blocked(integration: IntegrationConfig, books: Books) -> IntegrationRun:
    """A Bill over 100.00 USD that NetSuite's form refuses."""
    books.configure(required_fields=["department"])
    arrive(a_bill("b-1", number="INV-1"))
    work(integration)
    run = IntegrationRun.objects.get()
    assert run.status == Status.ERROR
    return run


def page_of(run: IntegrationRun) -> str:
    return f"{LIST}run/{run.pk}/mark-as-synced/"


def look(run: IntegrationRun, number: str = "", client: Client | None = None) -> Any:
    return (client or a_client(*OPERATES)).post(page_of(run), {"number": number})


def confirm(seen: Any, client: Client | None = None) -> Any:
    """Presses the button of the page that shows both sides."""
    found = seen.context
    return (client or a_client(*OPERATES)).post(page_of(found["run"]), {"number": found["number"], "document": found["held"].external_id})


def mark(run: IntegrationRun, number: str = "") -> Any:
    """Looks, and confirms if the page asks."""
    seen = look(run, number)
    return seen if seen.context["told"] else confirm(seen)


def sentences(response: Any) -> str:
    assert response.status_code == 200, response
    return " ".join(response.context["told"])


def untouched(run: IntegrationRun, books: Books, writes: int) -> bool:
    run.refresh_from_db()
    return (run.status, Delivery.objects.get(pk=run.delivery_id).origin, books.writes()) == (Status.ERROR, "", writes)


def test_a_document_that_agrees_becomes_the_bills(blocked: IntegrationRun, books: Books) -> None:
    number, writes = by_hand(books), books.writes()

    response = mark(blocked, "88190")

    run = IntegrationRun.objects.get()
    delivery = run.delivery
    assert response["Location"] == f"/admin/runs/integrationrun/{run.pk}/change/" and "nothing was sent" in told(response)[0]
    assert (run.status, run.external_id, run.error, run.error_code) == (Status.COMPLETE, number, "", "")
    assert (delivery.origin, delivery.external_id, delivery.number, delivery.kind) == ("adopted", number, "88190", "invoice")
    assert (delivery.total, delivery.currency, delivery.revision, delivery.settled_by) == (Decimal(100), "USD", run.revision, run)
    assert delivery.verified_at and Problem.objects.get().state == "closed" and books.writes() == writes
    assert Event.objects.get(verb="marked as synced").after == {"document": "88190", "external id": number, "total": "100.00 USD"}
    assert "was there already; nothing was sent" in a_client(superuser=True).get(response["Location"]).content.decode()
    work(run.integration)
    assert (books.writes(), len(books.documents())) == (writes, 1)


def test_both_sides_are_shown_and_nothing_is_marked_before_somebody_confirms(blocked: IntegrationRun, books: Books) -> None:
    number, writes = by_hand(books, tranDate="2026-10-30"), books.writes()

    page = " ".join(look(blocked, "88190").content.decode().split())

    ours, theirs = page.split("<tbody>")[1].split("</tr>")[:2]
    customer = books.emulator.state()[ACCOUNT]["customer"][0]["companyName"]
    for said in ("INV-1", "Acme Cloud", "31 Oct 2026", "USD"):
        assert said in ours, said
    for said in ("88190", f"id {number}", customer, "30 Oct 2026", "USD"):
        assert said in theirs, said
    assert 'value="100' in ours and 'value="100' in theirs and "Mark INV-1 as synced</button>" in page and "/app/accounting/" in page
    assert untouched(blocked, books, writes)


def test_pressing_twice_marks_once(blocked: IntegrationRun, books: Books) -> None:
    by_hand(books)
    client = a_client(*OPERATES)
    seen = look(blocked, "88190", client)

    first, second = confirm(seen, client), confirm(seen, client)

    assert first["Location"] == second["Location"] and len(told(second)) == 1
    assert Event.objects.filter(verb="marked as synced").count() == 1


def test_what_changed_after_it_was_shown_is_not_marked(blocked: IntegrationRun, books: Books) -> None:
    by_hand(books)
    writes = books.writes()

    response = a_client(*OPERATES).post(page_of(blocked), {"number": "88190", "document": "88001"})

    assert "Another document stands there now" in sentences(response) and untouched(blocked, books, writes)


def test_two_people_cannot_give_one_document_to_two_bills(blocked: IntegrationRun, books: Books, integration: IntegrationConfig) -> None:
    by_hand(books)
    arrive(a_bill("b-2", number="INV-2"))
    work(integration)
    second = IntegrationRun.objects.get(bill__uid="b-2")
    seen = look(blocked, "88190"), look(second, "88190")

    assert confirm(seen[0]).status_code == 302
    assert "It is the document of INV-1 already." in sentences(confirm(seen[1]))


def test_the_internal_id_is_as_good_as_the_number(blocked: IntegrationRun, books: Books) -> None:
    number = by_hand(books)

    assert mark(blocked, number).status_code == 302
    assert Delivery.objects.get().external_id == number


def test_without_a_number_our_own_key_is_looked_under(blocked: IntegrationRun, books: Books) -> None:
    number = by_hand(books, externalId="b-1")

    assert mark(blocked).status_code == 302
    assert (Delivery.objects.get().external_id, Delivery.objects.get().key) == (number, "b-1")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"amount": "99.99"}, "NetSuite shows 99.99 USD, the Bill 100.00 USD."),
        ({"amount": "100.01"}, "NetSuite shows 100.01 USD, the Bill 100.00 USD."),
        ({"currency": {"id": "2"}}, "the Bill is in USD."),
    ],
)
def test_a_difference_is_shown_and_refused(facts: dict[str, Any], said: str, blocked: IntegrationRun, books: Books) -> None:
    by_hand(books, **facts)
    writes = books.writes()

    response = mark(blocked, "88190")

    assert said in sentences(response) and "What was found" in response.content.decode()
    assert untouched(blocked, books, writes)


def test_what_is_not_there_is_said(blocked: IntegrationRun, books: Books) -> None:
    writes = books.writes()

    assert "NetSuite has no document with the number or id 4711" in sentences(mark(blocked, "4711"))
    assert "no document under this Bill's key" in sentences(mark(blocked))
    assert untouched(blocked, books, writes)


def test_a_number_that_stands_twice_is_refused(blocked: IntegrationRun, books: Books) -> None:
    ids = [by_hand(books), by_hand(books)]
    writes = books.writes()

    said = sentences(mark(blocked, "88190"))

    assert "2 documents with the number 88190" in said and all(number in said for number in ids) and untouched(blocked, books, writes)


def test_a_document_is_no_two_bills(blocked: IntegrationRun, books: Books, integration: IntegrationConfig) -> None:
    by_hand(books)
    mark(blocked, "88190")
    arrive(a_bill("b-2", number="INV-2"))
    work(integration)
    second = IntegrationRun.objects.get(bill__uid="b-2")

    assert "It is the document of INV-1 already." in sentences(mark(second, "88190"))
    assert Delivery.objects.get(pk=second.delivery_id).origin == ""


def test_another_document_than_the_one_under_our_key_is_refused(blocked: IntegrationRun, books: Books) -> None:
    by_hand(books, "INV-1", externalId="b-1")
    by_hand(books, "88190")

    assert "NetSuite already holds INV-1 under this Bill's key" in sentences(mark(blocked, "88190"))


def test_the_destination_that_cannot_be_asked_leaves_it_as_it_is(blocked: IntegrationRun, books: Books) -> None:
    writes = books.writes()
    books.fault("status", status=503, match="suiteql", times=20)

    assert "NetSuite could not be asked" in sentences(mark(blocked, "88190"))
    assert untouched(blocked, books, writes)


def test_only_a_blocked_run_that_nothing_is_on_its_way_of_can_be_marked(blocked: IntegrationRun, integration: IntegrationConfig) -> None:
    for status in (Status.COMPLETE, Status.WAITING, Status.UNKNOWN, Status.STARTED):
        with pytest.raises(NotPossibleError, match="Only the newest run"):
            adopt.refuse_unless_possible(a_run(integration, status))
    later = a_run(integration, Status.WAITING, bill=blocked.bill, automatic=False)
    with pytest.raises(NotPossibleError, match="Only the newest run"):
        adopt.refuse_unless_possible(blocked)
    later.delete()
    soon = timezone.now() + dt.timedelta(minutes=1)
    for facts in ({"state": "UNKNOWN"}, {"state": "SENDING"}, {"state": "IDLE", "lease_until": soon}):
        Delivery.objects.filter(pk=blocked.delivery_id).update(**facts)
        assert "may still arrive" in sentences(mark(blocked, "88190"))


def test_a_late_worker_cannot_write_over_it(blocked: IntegrationRun, books: Books) -> None:
    by_hand(books)
    fence = blocked.delivery.fence

    mark(blocked, "88190")

    assert Delivery.objects.get().fence == fence + 1


def test_a_later_revision_makes_no_second_invoice(blocked: IntegrationRun, books: Books, integration: IntegrationConfig) -> None:
    """The document was entered by hand and does not carry our key: an upsert under it would double the Bill."""
    by_hand(books)
    mark(blocked, "88190")
    books.configure(required_fields=[])
    bill = a_bill("b-1", [a_line("l1", "120.00")], number="INV-1")
    arrive(bill)
    work(integration)

    second = IntegrationRun.objects.get(revision__number=2)
    assert (second.status, second.error_code, len(books.documents())) == (Status.ERROR, "ADOPTED", 1)
    orders.retry(second)
    work(integration)
    assert len(books.documents()) == 1

    arrive(replace(bill, lines=(a_line("l1", "100.00"),), total=Decimal("100.00")))
    work(integration)
    assert len(books.documents()) == 1


def test_a_document_with_our_key_is_updated_in_place_later(blocked: IntegrationRun, books: Books, integration: IntegrationConfig) -> None:
    number = by_hand(books, externalId="b-1")
    mark(blocked)
    books.configure(required_fields=[])
    arrive(a_bill("b-1", [a_line("l1", "120.00")], number="INV-1"))
    work(integration)

    assert (books.one()["id"], books.one()["total"]) == (number, Decimal("120.00"))


def test_marking_needs_the_permission(blocked: IntegrationRun) -> None:
    assert a_client(*SEES).get(page_of(blocked)).status_code == a_client(*SEES).post(page_of(blocked)).status_code == 403
    page = a_client(*OPERATES).get(page_of(blocked)).content.decode()
    assert "Nothing is sent." in page and "Nothing was marked" not in page
