"""Documents are found under the number that people read, or under NetSuite's own id."""

from decimal import Decimal
from typing import Any

from tests.destinations.netsuite.books import Books, a_document

TENANT = "1234567_SB1"
BY_HAND = {
    "tranId": "88190",
    "entity": {"id": "1001"},
    "currency": {"id": "1"},
    "subsidiary": {"id": "1"},
    "item": {"items": [{"item": {"id": "2001"}, "amount": Decimal("12.50")}]},
}


def enter(books: Books, **changes: Any) -> str:
    """An invoice that somebody in NetSuite entered: without our external id."""
    books.hub.emulators["netsuite"].add_records(TENANT, "invoice", [BY_HAND | changes])
    return str(books.records("invoice")[-1]["id"])


def test_a_document_is_found_by_its_number(books: Books) -> None:
    number = enter(books)
    customer = next(each for each in books.records("customer") if each["id"] == "1001")
    [held] = books.client.by_number("invoice", "88190")
    assert (held.external_id, held.number, held.key, held.total, held.currency) == (number, "88190", "", Decimal("12.5"), "USD")
    assert held.customer == customer["companyName"]
    assert books.client.by_number("creditMemo", "88190") == []


def test_a_document_is_found_by_its_id_when_no_number_is_the_same(books: Books) -> None:
    books.send(a_document())
    number = books.records("invoice")[0]["id"]
    [held] = books.client.by_number("invoice", number)
    assert (held.external_id, held.key, held.number) == (number, "bill-1", "INV-bill-1")
    assert books.client.by_number("invoice", "no-such-number") == []


def test_a_number_that_stands_twice_is_found_twice(books: Books) -> None:
    ids = [enter(books), enter(books)]
    assert sorted(held.external_id for held in books.client.by_number("invoice", "88190")) == ids
