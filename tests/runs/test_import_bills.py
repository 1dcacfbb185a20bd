"""import_bills as people and scripts call it: files in, one JSON report out, bad records by their place, the rest kept."""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest import CaptureFixture, MonkeyPatch

from billing import store
from billing.bill import Line, Period, Ref
from billing.models import Account, Bill, BillRevision, CatalogueItem, Source
from runs.collect import Collector

pytestmark = pytest.mark.django_db
Report = dict[str, Any]
Import = Callable[..., tuple[Report, int]]


def raw(uid: str = "b1", **more: Any) -> dict[str, Any]:
    line = {"id": "l1", "lineItemType": "USAGE", "description": "API", "convertedSubtotal": 10.5, "productId": "p1", "productName": "API"}
    given = {"id": uid, "accountId": "a1", "currency": "USD", "billDate": "2026-10-31", "billTotal": 10.5, "lineItems": [line]}
    return {**given, **more}


@pytest.fixture
def run(capsys: CaptureFixture[str], tmp_path: Path) -> Import:
    """Imports files given as name=text; the report and the exit code."""

    def run(*arguments: str, source: str = "m3ter", **files: str | bytes) -> tuple[Report, int]:
        paths = []
        for name, text in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(str(path))
        code = 0
        try:
            call_command("import_bills", "--source", source, *arguments, *paths)
        except CommandError:
            code = 1
        return json.loads(capsys.readouterr().out), code

    return run


def counts(report: Report) -> tuple[int, int, int, int]:
    return report["received"], report["created"], report["revised"], report["unchanged"]


def rejected(report: Report) -> list[tuple[str, str]]:
    return [(entry["where"], entry["why"]) for entry in report["rejected"]]


def uids() -> list[str]:
    return list(Bill.objects.order_by("uid").values_list("uid", flat=True))


def test_an_array_of_bills_makes_the_source(run: Import) -> None:
    report, code = run(bills__json=json.dumps([raw(), raw("b2", status="APPROVED")]))
    assert (report, code) == ({"received": 2, "created": 2, "revised": 0, "unchanged": 0, "rejected": []}, 0)
    assert Source.objects.values("slug", "platform", "name").get() == {"slug": "m3ter", "platform": "m3ter", "name": "m3ter"}
    assert uids() == ["b1", "b2"]
    assert (Account.objects.get().uid, CatalogueItem.objects.get().name) == ("a1", "API")


def test_again_changes_nothing_and_a_newer_one_revises(run: Import) -> None:
    run(bills__json=json.dumps([raw(version=1)]))
    assert counts(run(bills__json=json.dumps([raw(version=1)]))[0]) == (1, 0, 0, 1)
    assert counts(run(bills__json=json.dumps([raw(version=2, billTotal=10.5, status="APPROVED")]))[0]) == (1, 0, 1, 0)
    assert counts(run(bills__json=json.dumps([raw(version=1), raw(version=2, status="APPROVED")]))[0]) == (2, 0, 0, 2)
    assert Bill.objects.get().status == "APPROVED"


def test_a_mixed_object_in_any_order(run: Import) -> None:
    mixed = {
        "bills": [raw()],
        "nextToken": None,
        "accounts": [{"id": "a1", "name": "Acme", "emailAddress": "ap@acme.example.test", "customFields": {"country": "UK"}}],
        "products": [{"id": "p1", "code": "API-REQ", "name": "API requests"}, {"id": "p2", "name": "Storage"}],
        "aggregations": [{"id": "g1", "name": "Requests"}],
        "compoundAggregations": [{"id": "c1", "name": "Peak"}],
    }
    report, code = run(all__json=json.dumps(mixed, indent=2))
    assert (counts(report), rejected(report), code) == ((1, 1, 0, 0), [], 0)
    assert Account.objects.values("uid", "name", "email", "custom_fields").get() == {
        "uid": "a1",
        "name": "Acme",
        "email": "ap@acme.example.test",
        "custom_fields": {"country": "UK"},
    }
    assert list(CatalogueItem.objects.order_by("kind", "uid").values_list("kind", "uid", "code", "name")) == [
        ("Aggregation", "g1", "", "Requests"),
        ("CompoundAggregation", "c1", "", "Peak"),
        ("Product", "p1", "API-REQ", "API requests"),
        ("Product", "p2", "", "Storage"),
    ]


def test_a_document_that_is_one_bill(run: Import) -> None:
    report, _ = run(bill__json=json.dumps(raw(), indent=1))
    assert counts(report) == (1, 1, 0, 0)
    assert json.loads(BillRevision.objects.get().raw) == raw()


def test_bad_records_of_an_array(run: Import) -> None:
    good, nan = json.dumps(raw()), json.dumps(raw("b2", billTotal=float("nan")))
    twice = '{"id": "b3", "id": "b4", "accountId": "a1", "currency": "USD", "billDate": "2026-10-31", "billTotal": 1}'
    unseen = json.dumps(raw("b5", unread=float("inf")))
    wrong = json.dumps(raw("b6", lineItems=[raw()["lineItems"][0], {"id": "l2", "lineItemType": "USAGE", "convertedSubtotal": "ten"}]))
    report, code = run(bills__json=f"[{good}, {nan}, {twice}, {unseen}, {wrong}, 7, {json.dumps(raw('b8'))}]")
    assert (counts(report), code, uids()) == ((7, 2, 0, 0), 1, ["b1", "b8"])
    assert rejected(report) == [
        ("bills.json: bill 2 (id b2)", "billTotal is NaN, not a number."),
        ("bills.json: bill 3 (id b4)", "“id” stands twice in one object, so it is not clear which holds."),
        ("bills.json: bill 4 (id b5)", "Infinity is not a number that JSON has."),
        ("bills.json: bill 5 (id b6)", "line 2: convertedSubtotal is ten, not a number."),
        ("bills.json: bill 6", "The Bill is not a JSON object."),
    ]


def test_bad_accounts_and_products(run: Import) -> None:
    mixed = {"accounts": [{"name": "Acme"}, {"id": "a2"}], "products": [{"id": ""}], "invoices": [raw()], "bills": [raw()]}
    report, code = run(all__json=json.dumps(mixed))
    assert (counts(report), code) == ((1, 1, 0, 0), 1)
    assert rejected(report) == [
        ("all.json: account 1", "id is missing."),
        ("all.json: product 1", "id is missing."),
        ("all.json", "“invoices” was not read: only accounts, products, aggregations, compoundAggregations, bills are."),
    ]
    assert Account.objects.filter(uid="a2").exists()


def test_what_stands_before_a_break_is_kept(run: Import) -> None:
    report, code = run(bills__json=f'[{json.dumps(raw())},\n {json.dumps(raw("b2"))},\n  {{"id": oops}}, {json.dumps(raw("b4"))}]')
    assert (counts(report), code, uids()) == ((2, 2, 0, 0), 1, ["b1", "b2"])
    why = "The JSON is broken here: Expecting value. What stands before it was read, nothing after it."
    assert rejected(report) == [("bills.json: line 3, column 10", why)]


def test_a_cut_file(run: Import) -> None:
    text = json.dumps({"accounts": [{"id": "a1", "name": "Acme"}], "bills": [raw(), raw("b2")]})
    report, code = run(bills__json=text[:-40])
    assert (counts(report), code) == ((1, 1, 0, 0), 1)
    ((where, why),) = rejected(report)
    assert where == f"bills.json: line 1, column {text[:-40].rindex(chr(34)) + 1}"
    assert why.startswith("The JSON is broken here: Unterminated string")
    assert Account.objects.get().name == "Acme"


def test_jsonl_goes_on_after_a_bad_line(run: Import) -> None:
    lines = [
        json.dumps(raw()),
        "",
        "{broken",
        json.dumps(raw("b2")) + " trailing",
        json.dumps({"accounts": [{"id": "a1", "name": "Acme"}], "bills": [raw("b3"), raw("b4", currency="ZZZ")]}),
        '{"id": "b5", "id": "b6"}',
        json.dumps([raw("b7")]),
        json.dumps(raw("b8")),
    ]
    report, code = run(file__jsonl="\n".join(lines))
    assert (counts(report), code, uids()) == ((8, 4, 0, 0), 1, ["b1", "b3", "b7", "b8"])
    assert rejected(report) == [
        ("file.jsonl: line 3", "The line is not JSON: Expecting property name enclosed in double quotes, at column 2."),
        ("file.jsonl: line 4", f"The line is not JSON: something follows the record, at column {len(lines[3]) - 7}."),
        ("file.jsonl: line 5, bill 2 (id b4)", "currency: “ZZZ” is not a currency code of ISO 4217."),
        ("file.jsonl: line 6", "currency is missing."),
    ]


def test_bytes_that_are_not_utf_8_cost_one_record_only(run: Import) -> None:
    good, bad = json.dumps(raw("b1")).encode(), json.dumps(raw("b2", accountCode="X")).encode().replace(b'"X"', b'"\xe9"')
    for name, text in {"one__json": b"\xef\xbb\xbf[" + bad + b"," + good + b"]", "two__jsonl": bad + b"\n" + good}.items():
        report, code = run(**{name: text})
        assert (report["received"], [why for _, why in rejected(report)], code) == (2, ["The text is not UTF-8."], 1)
    assert uids() == ["b1"]


CSV = """\
id,accountId,accountCode,currency,billDate,billTotal,status,locked,version,lineItems.id,lineItems.lineItemType,lineItems.description,\
lineItems.quantity,lineItems.convertedSubtotal,lineItems.productId,lineItems.servicePeriodStartDate,lineItems.servicePeriodEndDate,\
lineItems.additional.counted
b1,a1,ACME,USD,2026-10-31,12.50,APPROVED,true,3,l1,USAGE,"API, requests",100,10.5,p1,2026-10-01,2026-11-01,
b1,a1,ACME,USD,2026-10-31,12.50,APPROVED,true,3,l2,STANDING_CHARGE,Platform,1,2.00,p2,,,
b1,,,,,,,,,l3,USAGE,Apart,,7,,,,false
b2,a2,,JPY,2026-10-31,0,,,,,,,,,,,,
"""


def test_csv_has_a_row_per_line_item(run: Import) -> None:
    report, code = run(bills__csv="\ufeff" + CSV)
    assert (counts(report), rejected(report), code) == ((2, 2, 0, 0), [], 0)
    bill = store.read(BillRevision.objects.get(bill__uid="b1"))
    assert (bill.total, bill.status, bill.locked, bill.version, bill.account.code) == (Decimal("12.5"), "APPROVED", True, 3, "ACME")
    october = Period(start=bill.bill_date.replace(day=1), end=bill.bill_date.replace(month=11, day=1))
    assert bill.lines == (
        Line(
            key="l1",
            type="USAGE",
            description="API, requests",
            amount=Decimal("10.5"),
            quantity=Decimal(100),
            refs={"Product": Ref(id="p1")},
            period=october,
        ),
        Line(
            key="l2",
            type="STANDING_CHARGE",
            description="Platform",
            amount=Decimal(2),
            quantity=Decimal(1),
            refs={"Product": Ref(id="p2")},
        ),
        Line(key="l3", type="USAGE", description="Apart", amount=Decimal(7), counted=False),
    )
    assert store.read(BillRevision.objects.get(bill__uid="b2")).lines == ()
    assert counts(run(bills__csv=CSV)[0]) == (2, 0, 0, 2)


def test_bad_rows_of_csv(run: Import) -> None:
    header = "id,accountId,currency,billDate,billTotal,lineItems.id,lineItems.lineItemType,lineItems.convertedSubtotal"
    rows = [
        "b1,a1,USD,2026-10-31,3,l1,USAGE,1",
        '"b1",a1,USD,2026-10-31,3,"l\n2",USAGE,2',
        "b2,a1,USD,2026-10-31,3,l1,USAGE,1",
        "b2,a1,USD,2026-10-31,4,l2,USAGE,2",
        "",
        ",a1,USD,2026-10-31,3,l1,USAGE,1",
        "b3,a1,USD,2026-10-31,3,l1,USAGE,3,surplus",
        "b4,a1,USD,2026-10-31,3,l1,USAGE,three",
        "b5,a1,USD,2026-10-31,3,l1,USAGE,3",
    ]
    report, code = run(bills__csv="\n".join([header, *rows]))
    assert (counts(report), code, uids()) == ((6, 1, 0, 0), 1, ["b5"])
    assert rejected(report) == [
        ("bills.csv: lines 2 to 3 (id b1)", "line 2: id has control characters."),
        ("bills.csv: lines 5 to 6 (id b2)", "billTotal is 3, but 4 on line 6 of the same Bill."),
        ("bills.csv: line 8", "The id is empty."),
        ("bills.csv: line 9 (id b3)", "Line 9 has 9 cells, the header has 8."),
        ("bills.csv: line 10 (id b4)", "line 1: convertedSubtotal is three, not a number."),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,total\nx,1\n", "There is no column “id”, so the rows cannot be told apart into Bills."),
        ("id,total,total\nb1,1,1\n", "The column “total” stands twice."),
        ("id,lineItems,lineItems.id\nb1,x,1\n", "“lineItems” is a column and also has columns inside it."),
        ("", "There is no column “id”, so the rows cannot be told apart into Bills."),
    ],
)
def test_csv_without_the_columns_of_bills(run: Import, text: str, why: str) -> None:
    assert rejected(run(bills__csv=text)[0]) == [("bills.csv: line 1", why)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (json.dumps([raw(), raw("b2", currency="")]), "standard input: bill 2 (id b2)"),
        (json.dumps({"bills": [raw(), raw("b2", currency="")]}, indent=1), "standard input: bill 2 (id b2)"),
        (f"{json.dumps(raw())}\n{json.dumps(raw('b2', currency=''))}\n", "standard input: line 2"),
        (f"{json.dumps(raw(), indent=1)} {json.dumps(raw('b2', currency=''), indent=1)}", "standard input: bill 2 (id b2)"),
        (CSV.replace("JPY", ""), "standard input: line 5 (id b2)"),
    ],
)
def test_standard_input_is_recognised(run: Import, monkeypatch: MonkeyPatch, text: str, where: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    report, code = run("-")
    assert (counts(report), rejected(report), code) == ((2, 1, 0, 0), [(where, "currency is missing.")], 1)


def test_empty_files(run: Import) -> None:
    report, code = run(a__json="", b__jsonl="\n\n", c__json="[]", d__json="{}", e__json='{"bills": []}')
    assert (counts(report), rejected(report), code) == ((0, 0, 0, 0), [], 0)


def test_a_file_that_is_not_there_does_not_stop_the_others(run: Import) -> None:
    report, code = run("nowhere.json", bills__json=json.dumps([raw()]))
    assert (counts(report), code) == ((1, 1, 0, 0), 1)
    assert rejected(report) == [("nowhere.json", "The file cannot be read: No such file or directory.")]


def test_several_files_are_taken_in_order(run: Import) -> None:
    report, _ = run(one__json=json.dumps([raw()]), two__json=json.dumps([raw(status="APPROVED")]), three__json=json.dumps([raw()]))
    assert counts(report) == (3, 1, 2, 0)
    assert Bill.objects.get().status == "PENDING"


def test_another_source_of_a_platform(run: Import) -> None:
    run("--platform", "m3ter", source="acme-eu", bills__json=json.dumps([raw()]))
    assert Source.objects.values("slug", "platform", "name").get() == {"slug": "acme-eu", "platform": "m3ter", "name": "m3ter (acme-eu)"}
    assert counts(run(source="acme-eu", bills__json=json.dumps([raw()]))[0]) == (1, 0, 0, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--source", "acme"], "No source is called “acme”. Known are "),
        (["--source", "acme", "--platform", "other"], "No source is called “other”. Known are "),
        (["--source", "a b", "--platform", "m3ter"], "“a b” cannot name a source: use letters, digits, hyphens and underscores."),
        (["--source", "old", "--platform", "other"], "The source “old” is a m3ter source, not one of other."),
    ],
)
def test_a_source_that_cannot_be(arguments: list[str], sentence: str) -> None:
    Source.objects.create(slug="old", platform="m3ter", name="Old")
    with pytest.raises(CommandError) as caught:
        call_command("import_bills", *arguments, "bills.json")
    assert str(caught.value).startswith(sentence)
    assert Source.objects.count() == 1


def test_an_upgraded_reader_revises_nothing(run: Import, monkeypatch: MonkeyPatch) -> None:
    """The raw text that is stored is what the new reader reads again."""
    run(bills__json=json.dumps([raw(), raw("b2")]))
    old = Collector.source.fget  # type: ignore[attr-defined]

    def upgraded(collector: Collector) -> Any:
        source = old(collector)
        read = source.read_bill
        return replace(source, schema=2, read_bill=lambda record: read({**record, "purchaseOrderNumber": record.get("poNumber", "none")}))

    monkeypatch.setattr(Collector, "source", property(upgraded))
    report, _ = run(bills__json=json.dumps([raw(), raw("b2", poNumber="PO-2")]))
    assert counts(report) == (2, 0, 1, 1)


def test_a_long_file_is_streamed(run: Import, monkeypatch: MonkeyPatch) -> None:
    """Bills are stored while the file is still being read."""
    stored: list[int] = []

    class Slow(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            stored.append(Bill.objects.count())
            return super().readinto(buffer)

    text = "[" + ",".join(json.dumps(raw(f"b{number}")) for number in range(2500)) + "]"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Slow(text.encode())))
    report, _ = run("-")
    assert counts(report) == (2500, 2500, 0, 0)
    assert 0 < stored[len(stored) // 2] < 2500
    assert max(after - before for before, after in pairwise(stored)) <= 500
