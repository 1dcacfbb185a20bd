"""A text that is word for word what is current is not read again; whatever may say something new is."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from billing import store
from billing.bill import Bill as CanonicalBill
from billing.models import Bill, BillRevision, Source
from tests.runs.factories import a_bill, a_line, the_source

pytestmark = pytest.mark.django_db
A = a_bill("b-1", [a_line(amount="1.00")], version=1)
B = a_bill("b-1", [a_line(amount="2.00")], version=1)
LOCKED = replace(A, locked=True, version=2)
TEXTS = {"a": A, "b": B, "locked": LOCKED, "other": a_bill("b-2", version=1)}


class Reader:
    """Receives texts by their names and counts how many it had to read."""

    def __init__(self, schema: int = 1) -> None:
        self.schema, self.reads = schema, 0

    def receive(self, texts: Iterable[str], dry: bool = False) -> store.Counts:
        take = store.compare if dry else store.receive
        return take(the_source(), [self._unread(text) for text in texts], self.schema, lambda raw: TEXTS[raw])

    def _unread(self, text: str) -> store.Arrival:
        def read() -> CanonicalBill:
            self.reads += 1
            return TEXTS[text]

        return text, store.Unread(TEXTS[text].source_id, read), text


def counts(found: store.Counts) -> tuple[int, int, int]:
    return found.created, found.revised, found.unchanged


def test_the_same_text_is_not_read_again(django_assert_num_queries: Any) -> None:
    reader = Reader()
    assert counts(reader.receive(["a", "other"])) == (2, 0, 0)
    with django_assert_num_queries(1 + 1):
        assert counts(reader.receive(["a", "other", "a"])) == (0, 0, 3)
    assert reader.reads == 2


def test_a_newer_reader_reads_it_again() -> None:
    Reader().receive(["a"])
    newer = Reader(schema=2)
    assert counts(newer.receive(["a"])) == (0, 0, 1) and newer.reads == 1


def test_one_text_among_others_of_its_bill_is_read() -> None:
    """A, B, A is three revisions, in one chunk as in three."""
    reader = Reader()
    reader.receive(["a"])
    assert counts(reader.receive(["b", "a", "other"])) == (1, 2, 0)
    revisions = BillRevision.objects.filter(bill__uid="b-1").order_by("number")
    assert [each.document["total"] for each in revisions] == ["1.00", "2.00", "1.00"]


def test_what_moved_the_lock_since_is_not_forgotten() -> None:
    reader = Reader()
    reader.receive(["a"])
    assert counts(reader.receive(["locked"])) == (0, 0, 1) and Bill.objects.get().locked
    assert counts(reader.receive(["a"])) == (0, 0, 1) and Bill.objects.get().locked
    assert reader.reads == 3


@pytest.mark.parametrize("order", list(permutations(["a", "b", "locked", "a"]))[:12])
def test_the_store_ends_as_if_all_were_read(order: tuple[str, ...]) -> None:
    """One text after another by their texts, then again as Bills that were read: the same revisions, the same columns."""
    for text in order:
        Reader().receive([text])
    by_text = state()
    Bill.objects.update(current_revision=None)
    BillRevision.objects.all().delete()
    Bill.objects.all().delete()
    for text in order:
        store.receive(Source.objects.get(), [(text, TEXTS[text], text)], 1, lambda raw: TEXTS[raw])
    assert state() == by_text


def state() -> tuple[list[Any], list[Any]]:
    revisions = BillRevision.objects.order_by("number").values_list("number", "digest", "raw")
    return list(revisions), list(Bill.objects.values_list("total", "status", "locked", "source_version", "current_revision__number"))


def test_a_rejected_text_is_passed_over() -> None:
    unread = store.Unread("b-9", lambda: None)
    assert counts(store.receive(the_source(), [("x", unread, "x")], 1, lambda raw: A)) == (0, 0, 0)
    assert Bill.objects.count() == 0
