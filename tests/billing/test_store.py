"""Arrivals become revisions: what is new, what is unchanged, what is late, and at what cost in statements."""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from billing import bill as canonical
from billing import rows, store
from billing.bill import Band, Line, Movement, Party, Period, Ref
from billing.models import Account, Bill, BillRevision, CatalogueItem, Source

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> Source:
    return Source.objects.create(slug="acme", platform="m3ter", name="Acme")


def bill(uid: str = "b1", total: str = "10.00", **more: Any) -> canonical.Bill:
    lines = more.pop("lines", (Line(key="l1", type="USAGE", description="API requests", amount=Decimal(total)),))
    given = {"account": Party(id="a1", code="ACME"), "currency": "USD", "bill_date": dt.date(2026, 10, 31), "status": "PENDING", **more}
    return canonical.Bill(source_id=uid, total=Decimal(total), lines=lines, **given)


def unread(raw: str) -> canonical.Bill:
    raise AssertionError("nothing is to be read again")


def receive(source: Source, *bills: canonical.Bill, schema: int = 1, reread: store.Reread = unread) -> tuple[int, int, int]:
    arrivals = [(f"bill {n}", one, f'{{"n": {n}}}') for n, one in enumerate(bills, 1)]
    counts = store.receive(source, arrivals, schema, reread)
    assert counts.refused == []
    return counts.created, counts.revised, counts.unchanged


def current(uid: str = "b1") -> tuple[int, str]:
    """The number of the current revision, and the total that the Bill's column shows."""
    stored = Bill.objects.select_related("current_revision").get(uid=uid)
    assert stored.current_revision is not None
    assert store.read(stored.current_revision).total == stored.total
    return stored.current_revision.number, str(stored.total.normalize())


def revisions(uid: str = "b1") -> list[int]:
    return list(BillRevision.objects.filter(bill__uid=uid).order_by("number").values_list("number", flat=True))


A, B = bill(total="10.00"), bill(total="12.00")


def test_the_columns_of_a_new_bill(source: Source) -> None:
    arrival = bill(
        number="INV-1",
        due_date=dt.date(2026, 11, 30),
        period=Period(start=dt.date(2026, 10, 1), end=dt.date(2026, 11, 1)),
        status="APPROVED",
        locked=True,
        version=3,
        updated_at=dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC),
        parent_bill="b0",
        consolidation_level="PARENT",
    )
    assert receive(source, arrival) == (1, 0, 0)
    row = Bill.objects.values().get()
    assert {name: row[name] for name in row.keys() - {"id", "created_at", "updated_at", "account_id", "current_revision_id"}} == {
        "source_id": source.pk,
        "uid": "b1",
        "number": "INV-1",
        "currency": "USD",
        "total": Decimal("10"),
        "bill_date": dt.date(2026, 10, 31),
        "due_date": dt.date(2026, 11, 30),
        "period_start": dt.date(2026, 10, 1),
        "period_end": dt.date(2026, 11, 1),
        "status": "APPROVED",
        "locked": True,
        "parent_bill": "b0",
        "consolidation_level": "PARENT",
        "source_version": 3,
        "source_updated_at": dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC),
    }
    revision = BillRevision.objects.get()
    assert (revision.number, revision.schema, revision.source_version, revision.raw) == (1, 1, 3, '{"n": 1}')
    assert store.read(revision) == arrival
    assert Account.objects.get().code == "ACME"


def test_a_b_a_is_three_revisions(source: Source) -> None:
    assert receive(source, A) == (1, 0, 0)
    assert receive(source, B) == (0, 1, 0)
    assert receive(source, A) == (0, 1, 0)
    assert revisions() == [1, 2, 3]
    assert current() == (3, "1E+1")


def test_a_b_a_in_one_file_is_three_revisions(source: Source) -> None:
    assert receive(source, A, B, A, A, bill("b2")) == (2, 2, 1)
    assert revisions() == [1, 2, 3]
    assert current() == (3, "1E+1")
    assert current("b2") == (1, "1E+1")


def test_what_says_the_same_stores_nothing(source: Source) -> None:
    receive(source, bill(total="10.10"))
    same = bill(total="10.1", note="another note", account=Party(id="a1", code="OTHER"), version=4)
    assert receive(source, same) == (0, 0, 1)
    assert revisions() == [1]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "APPROVED"},
        {"number": "INV-2"},
        {"due_date": dt.date(2026, 12, 1)},
        {"invoice_date": dt.date(2026, 11, 1)},
        {"purchase_order": "PO-1"},
        {"currency": "EUR"},
        {"account": Party(id="a2")},
        {"period": Period(start=dt.date(2026, 10, 1), end=dt.date(2026, 11, 1))},
        {"movements": (Movement(uid="p1", kind="payment", date=dt.date(2026, 11, 1), currency="USD", amount=Decimal(1)),)},
        {"lines": (Line(key="l1", type="USAGE", description="API calls", amount=Decimal("10.00")),)},
        {"lines": (Line(key="l2", type="USAGE", description="API requests", amount=Decimal("10.00")),)},
        {"lines": (Line(key="l1", type="USAGE", description="API requests", amount=Decimal("10.00"), refs={"Product": Ref(id="p")}),)},
        {
            "lines": (
                Line(
                    key="l1",
                    type="USAGE",
                    description="API requests",
                    amount=Decimal("10.00"),
                    bands=(Band(ref=Ref(id="t1"), amount=Decimal("10.00")),),
                ),
            )
        },
    ],
)
def test_what_says_something_else_is_a_revision(source: Source, change: dict[str, Any]) -> None:
    receive(source, A)
    assert receive(source, bill(**change)) == (0, 1, 0)
    assert current()[0] == 2


def test_a_lock_is_followed_without_a_revision(source: Source) -> None:
    receive(source, A)
    assert receive(source, replace(A, locked=True)) == (0, 0, 1)
    assert Bill.objects.get().locked
    assert revisions() == [1]


def test_an_older_version_is_kept_but_never_current(source: Source) -> None:
    receive(source, replace(A, version=2))
    assert receive(source, replace(B, version=1, locked=True)) == (0, 1, 0)
    assert (revisions(), current()) == ([1, 2], (1, "1E+1"))
    assert not Bill.objects.get().locked
    assert receive(source, replace(B, version=1)) == (0, 0, 1)
    assert receive(source, replace(B, version=3)) == (0, 1, 0)
    assert (revisions(), current()) == ([1, 2, 3], (3, "12"))


def test_an_older_time_is_kept_but_never_current(source: Source) -> None:
    noon = dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)
    receive(source, replace(A, updated_at=noon))
    earlier = replace(B, updated_at=noon - dt.timedelta(minutes=1))
    assert receive(source, earlier, earlier) == (0, 1, 1)
    assert receive(source, earlier) == (0, 0, 1)
    assert current() == (1, "1E+1")


def test_an_older_arrival_in_the_same_file(source: Source) -> None:
    assert receive(source, replace(A, version=5), replace(B, version=4), replace(B, version=4)) == (1, 1, 1)
    assert current() == (1, "1E+1")


def test_a_version_seen_without_a_change_still_makes_others_older(source: Source) -> None:
    receive(source, replace(A, version=2))
    assert receive(source, replace(A, version=4)) == (0, 0, 1)
    assert receive(source, replace(B, version=3)) == (0, 1, 0)
    assert (revisions(), current()) == ([1, 2], (1, "1E+1"))


def test_the_same_id_of_two_sources_is_two_bills(source: Source) -> None:
    other = Source.objects.create(slug="other", platform="m3ter", name="Other")
    assert receive(source, A) == receive(other, B) == (1, 0, 0)
    assert Bill.objects.count() == Account.objects.count() == 2


def test_an_upgraded_reader_revises_nothing(source: Source) -> None:
    receive(source, A)
    upgraded = replace(A, purchase_order="only the new reader reads this")
    assert receive(source, upgraded, schema=2, reread=lambda raw: upgraded) == (0, 0, 1)
    assert receive(source, replace(upgraded, total=Decimal(11)), schema=2, reread=lambda raw: upgraded) == (0, 1, 0)
    assert list(BillRevision.objects.order_by("number").values_list("schema", flat=True)) == [1, 2]


def test_a_stored_record_that_the_new_reader_refuses_counts_as_another(source: Source) -> None:
    def refuse(raw: str) -> canonical.Bill:
        raise ValueError("the currency is missing")

    receive(source, A)
    assert receive(source, B, schema=2, reread=refuse) == (0, 1, 0)


def test_what_no_column_can_hold_is_refused_with_its_place(source: Source) -> None:
    arrivals = [
        ("bill 1", bill("b" * 201), "{}"),
        ("bill 2", bill(total="1E+20"), "{}"),
        ("bill 3", bill(version=2**63), "{}"),
        ("bill 4", bill(), "{}"),
    ]
    counts = store.receive(source, arrivals, 1, unread)
    assert counts == store.Counts(
        created=1,
        refused=[
            ("bill 1", "The Bill's id has 201 characters; at most 200 can be kept."),
            ("bill 2", "The total 1E+20 USD is more than can be kept."),
            ("bill 3", "The version 9223372036854775808 is not a number that a version can have."),
        ],
    )


def test_long_names_are_cut_in_lists_and_whole_in_the_document(source: Source) -> None:
    long = "株" * 500
    receive(source, bill(number=long, account=Party(id="a1", name=long)))
    assert (Bill.objects.get().number, Account.objects.get().name) == ("株" * 200, "株" * 300)
    assert store.read(BillRevision.objects.get()).number == long


def test_what_lines_name_is_kept_in_the_catalogue(source: Source) -> None:
    line = Line(
        key="l1",
        type="USAGE",
        description="API",
        amount=Decimal(10),
        refs={"Product": Ref(id="p1", code="API", name="API requests"), "Plan": Ref(id="plan")},
        bands=(Band(ref=Ref(id="t1", name="from 0"), amount=Decimal(10)),),
    )
    receive(source, bill(lines=(replace(line, refs={"Product": Ref(id="p1")}), line)))
    assert list(CatalogueItem.objects.order_by("kind").values_list("kind", "uid", "code", "name")) == [
        ("PricingBand", "t1", "", "from 0"),
        ("Product", "p1", "API", "API requests"),
    ]


def test_a_bill_never_blanks_or_overwrites_what_is_known(source: Source) -> None:
    store.receive_parties(source, [Party(id="a1", name="Acme", email="ap@acme.test", custom_fields={"country": "UK"})])
    store.receive_items(source, [("Product", Ref(id="p1", name="API"), {"family": "core"})])
    line = Line(key="l1", type="USAGE", description="API", amount=Decimal(10), refs={"Product": Ref(id="p1", code="API-1", name="Other")})
    receive(source, bill(lines=(line,), account=Party(id="a1", code="ACME", name="Other")))
    account, item = Account.objects.get(), CatalogueItem.objects.get()
    assert (account.code, account.name, account.email, account.custom_fields) == ("ACME", "Acme", "ap@acme.test", {"country": "UK"})
    assert (item.code, item.name, item.custom_fields) == ("API-1", "API", {"family": "core"})


def test_a_record_of_its_own_overwrites_but_never_with_a_blank(source: Source) -> None:
    first = Party(id="a1", code="ACME", name="Acme", email="ap@acme.test", currency="USD", address={"country": "US"})
    assert store.receive_parties(source, [first, Party(id="a2"), Party(id="a1", name="Acme Cloud")]) == 3
    store.receive_parties(source, [Party(id="a1", email="billing@acme.test")])
    account = Account.objects.get(uid="a1")
    assert (account.code, account.name, account.email, account.address) == ("ACME", "Acme Cloud", "billing@acme.test", {"country": "US"})


def test_load_fills_the_account_from_what_is_known_now(source: Source) -> None:
    receive(source, A, bill("b2", account=Party(id="a2", code="TWO")))
    store.receive_parties(source, [Party(id="a1", name="Acme", email="ap@acme.test", address={"country": "US"}, custom_fields={"tier": 1})])
    stored = {revision.bill_id: revision for revision in BillRevision.objects.all()}
    ids = {row.uid: row.pk for row in Bill.objects.all()}
    with CaptureQueriesContext(connection) as queries:
        loaded = store.load(stored.values())
    assert len(queries) == 2
    known = Party(id="a1", code="ACME", name="Acme", email="ap@acme.test", address={"country": "US"}, custom_fields={"tier": 1})
    assert loaded == {
        stored[ids["b1"]].pk: replace(A, account=known),
        stored[ids["b2"]].pk: bill("b2", account=Party(id="a2", code="TWO")),
    }


def test_others_are_held_off_before_anything_is_looked_at(source: Source) -> None:
    """What is not stored when a chunk is looked up cannot be stored by another process before the chunk is."""
    if not connection.features.has_select_for_update:
        assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
        return
    with CaptureQueriesContext(connection) as queries:
        receive(source, A)
    asked = [query["sql"] for query in queries.captured_queries if query["sql"].startswith("SELECT")]
    assert "billing_source" in asked[0] and asked[0].endswith("FOR NO KEY UPDATE")


def test_a_lost_race_is_run_once_more(source: Source) -> None:
    insert = rows.insert
    errors = iter([IntegrityError("account_once_per_source")])

    def beaten_once(model: type[Model], columns: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
        insert(model, columns, values)
        for error in errors:
            raise error

    with mock.patch.object(rows, "insert", beaten_once):
        assert receive(source, A, bill("b2")) == (2, 0, 0)
    assert Bill.objects.count() == BillRevision.objects.count() == 2
    assert (current(), current("b2")) == ((1, "1E+1"), (1, "1E+1"))


def test_a_chunk_that_fails_leaves_nothing(source: Source) -> None:
    """Its Bills are there with their revisions or not at all."""
    with mock.patch.object(Bill.objects, "bulk_create", side_effect=RuntimeError("killed")), pytest.raises(RuntimeError):
        receive(source, A, bill("b2"))
    assert Bill.objects.count() == BillRevision.objects.count() == 0


def test_rows_stored_at_once_are_those_that_django_stores(source: Source) -> None:
    """Every value of a Bill and of its revision, read back and saved by Django, is the same in the database."""
    arrival = bill(total="1234.50", due_date=dt.date(2026, 11, 30), updated_at=dt.datetime(2026, 11, 1, 8, 0, 0, 5, dt.UTC), number="№ 1")
    receive(source, arrival)
    at_once = [as_stored(model) for model in (Bill, BillRevision)]
    for row in (Bill.objects.get(), BillRevision.objects.get()):
        row.save(update_fields=[field.name for field in row._meta.fields if not field.primary_key and field.name != "updated_at"])
    assert [as_stored(model) for model in (Bill, BillRevision)] == at_once


def as_stored(model: type[Model]) -> dict[str, Any]:
    """The only row as the database has it, JSON for what it says."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")
        row = dict(zip([column[0] for column in cursor.description or ()], cursor.fetchone(), strict=True))
    return row | {name: json.loads(value) for name, value in row.items() if name == "document"}


def test_ids_go_on_after_what_was_deleted(source: Source) -> None:
    receive(source, A, bill("b2"))
    Bill.objects.update(current_revision=None)
    seen = set(BillRevision.objects.values_list("pk", flat=True))
    BillRevision.objects.all().delete()
    Bill.objects.all().delete()
    receive(source, A)
    assert not seen & set(BillRevision.objects.values_list("pk", flat=True))
    Bill.objects.create(
        source=source, uid="by-django", account=Account.objects.get(), currency="USD", total=0, bill_date=dt.date(2026, 1, 1)
    )
    assert Bill.objects.count() == 2


def many(count: int, total: str, **more: Any) -> Iterable[canonical.Bill]:
    lines = tuple(
        Line(key=f"l{n}", type="USAGE", description="API", amount=Decimal(total) / 5, refs={"Product": Ref(id=f"p{n}", name="API")})
        for n in range(5)
    )
    return [bill(f"b{n}", total, lines=lines, account=Party(id=f"a{n % 50}", code="A"), **more) for n in range(count)]


def statements(source: Source, bills: Iterable[canonical.Bill]) -> int:
    with CaptureQueriesContext(connection) as queries:
        receive(source, *bills)
    return len([query for query in queries.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])


def test_statements_per_bill(source: Source) -> None:
    """Statements for a full chunk of 500: at most 0.05 per Bill, less where a statement may carry any number of values."""
    new = statements(source, many(500, "10"))
    revised = statements(source, many(500, "11"))
    unchanged = statements(source, many(500, "11"))
    assert new <= 25, new
    assert revised <= 25, revised
    assert unchanged <= 5, unchanged


def test_statements_do_not_grow_with_bills_in_a_chunk(source: Source) -> None:
    other = Source.objects.create(slug="other", platform="m3ter", name="Other")
    with mock.patch.object(type(connection.ops), "bulk_batch_size", lambda self, fields, objs: len(objs)):
        most = 12 if connection.vendor == "postgresql" else 11
        assert statements(source, many(400, "10")) == statements(other, many(2, "10")) <= most
        assert statements(source, many(400, "11")) == statements(other, many(2, "11")) <= 8
