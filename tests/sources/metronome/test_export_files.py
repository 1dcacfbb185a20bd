"""Metronome's data export as files: joined to the invoices that the API would have given, the latest row of an id, nulls anywhere."""

import csv
import io
import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest import CaptureFixture

from billing.models import Account, Bill, CatalogueItem
from integrations.sources.metronome.export_files import TABLES
from integrations.sources.metronome.reader import read_bill
from runs.intake.found import Found
from runs.intake.tables import read_tables, table_of

Row = dict[str, str]
CENTS = {"credit_type_id": "2714e483-4ff1-48e4-9e25-ac732e8f24f2", "credit_type_name": "USD (cents)"}
INVOICE: Row = {
    "id": "inv-1",
    "environment_type": "PRODUCTION",
    "customer_id": "cus-1",
    "contract_id": "con-1",
    "status": "FINALIZED",
    "total": "100000",
    "start_timestamp": "2026-06-01 00:00:00+00:00",
    "end_timestamp": "2026-07-01 00:00:00+00:00",
    "issued_at": "2026-07-02 00:00:00+00:00",
    "metadata": '{"custom_fields": {"netsuite_internal_customer_id": "4410"}}',
    "updated_at": "2026-07-02 01:00:00",
    **CENTS,
}
LINE: Row = {
    "id": "li-1",
    "invoice_id": "inv-1",
    "product_id": "prd-9",
    "name": "",
    "quantity": "3000000",
    "unit_price": "0.05",
    "total": "150000",
    "starting_at": "2026-06-01T00:00:00Z",
    "ending_before": "2026-07-01T00:00:00Z",
    "presentation_group_values": '{"region": "eu"}',
    "updated_at": "2026-07-02 01:00:00",
    **CENTS,
}
COMMIT: Row = {"id": "li-2", "invoice_id": "inv-1", "name": "Commit", "commit_id": "com-2", "total": "-50000", **CENTS}
PRODUCT: Row = {"id": "prd-9", "name": "Tokens", "metadata": '{"netsuite_internal_item_id": "88"}', "updated_at": ""}


def as_csv(rows: list[Row], columns: list[str] | None = None) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or sorted({column for row in rows for column in row} | {"id", "invoice_id"}), restval="NULL")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(errors="surrogateescape")


def found(**tables: list[Row]) -> list[Found]:
    return list(read_tables([(f"{name}.csv", io.BytesIO(as_csv(rows))) for name, rows in tables.items()], TABLES))


def bills(invoices: list[Row], lines: list[Row], products: list[Row] | None = None) -> list[dict[str, Any]]:
    records = found(invoice=invoices, line_item=lines, product=[PRODUCT] if products is None else products)
    assert not [record.fault for record in records if record.fault]
    return [record.value for record in records if record.collection == "bills"]


def test_tables_join_to_an_invoice() -> None:
    (raw,) = bills([INVOICE], [LINE, COMMIT])
    read = read_bill(raw)
    assert (read.source_id, read.currency, read.total, read.status) == ("inv-1", "USD", Decimal(1000), "APPROVED")
    assert read.account.custom_fields == {"netsuite_internal_customer_id": "4410"}
    assert [(line.key, line.type, line.description, line.amount) for line in read.lines] == [
        ("li-1", "USAGE", "Tokens (eu)", Decimal(1500)),
        ("li-2", "COMMITMENT_CONSUMED", "Commit", Decimal(-500)),
    ]
    assert raw["line_items"][0]["product_custom_fields"] == {"netsuite_internal_item_id": "88"}


def test_the_latest_row_of_an_id_holds_however_often_it_comes() -> None:
    older = INVOICE | {"total": "1", "updated_at": "2026-07-01 01:00:00"}
    newer = INVOICE | {"total": "2", "updated_at": "2026-07-03 01:00:00"}
    for order in ([older, INVOICE, newer], [newer, older, INVOICE], [newer, newer, older]):
        assert [raw["total"] for raw in bills(order, [])] == ["2"]
    assert [raw["total"] for raw in bills([INVOICE, INVOICE | {"total": "3"}], [])] == ["3"]
    (raw,) = bills([INVOICE], [LINE, LINE | {"total": "7", "updated_at": "2026-07-04"}])
    assert [line["total"] for line in raw["line_items"]] == ["7"]


def test_both_names_of_the_invoice_table_are_one_table() -> None:
    later = INVOICE | {"status": "VOID", "updated_at": "2026-07-09"}
    records = found(invoice=[INVOICE], finalized_invoice=[later], line_item=[])
    assert [record.value["status"] for record in records] == ["VOID"]


def test_each_invoice_gets_its_own_lines_however_the_files_are_sorted() -> None:
    numbers = list(range(40))
    random.Random(8).shuffle(numbers)
    invoices = [INVOICE | {"id": f"inv-{number}"} for number in numbers if number % 7]
    lines = [LINE | {"id": f"li-{number}-{at}", "invoice_id": f"inv-{number}", "total": str(at)} for at in range(3) for number in numbers]
    made = bills(invoices, lines)
    assert [raw["id"] for raw in made] == sorted(row["id"] for row in invoices)
    for raw in made:
        number = raw["id"].removeprefix("inv-")
        assert [line["id"] for line in raw["line_items"]] == [f"li-{number}-{at}" for at in range(3)]


def test_a_line_that_moved_to_another_invoice_is_on_that_one_only() -> None:
    first, second = bills([INVOICE, INVOICE | {"id": "inv-2"}], [LINE, LINE | {"invoice_id": "inv-2", "updated_at": "2026-07-05"}])
    assert (first["line_items"], [line["id"] for line in second["line_items"]]) == ([], ["li-1"])


@pytest.mark.parametrize(
    ("tables", "where", "why"),
    [
        ({"invoice": [INVOICE]}, "the data export", "There is no file of the table line_item beside the others."),
        ({"line_item": [LINE]}, "the data export", "There is no file of the table invoice or finalized_invoice beside the others."),
    ],
)
def test_half_an_export_is_refused_whole(tables: dict[str, list[Row]], where: str, why: str) -> None:
    """Invoices without their lines would be revisions of nothing."""
    [refused] = found(**tables)
    assert (refused.where, refused.fault) == (where, f"{why} Nothing of the export was taken.")


def test_a_row_that_cannot_be_placed_is_named_by_its_line() -> None:
    records = found(invoice=[INVOICE, INVOICE | {"id": "NULL"}], line_item=[LINE, LINE | {"id": "x", "name": "a\udcffb"}])
    assert [(record.where, record.fault) for record in records if record.fault] == [
        ("invoice.csv: line 3", "id is missing."),
        ("line_item.csv: line 3", "The text is not UTF-8."),
    ]
    [taken] = [record for record in records if not record.fault]
    assert taken.where == "invoice.csv: line 2, with lines from line_item.csv: line 2 on (id inv-1)"


def test_a_file_of_something_else_is_told() -> None:
    files = [("invoice.csv", io.BytesIO(as_csv([INVOICE]))), ("line_item.csv", io.BytesIO(b"name,total\nx,1\n"))]
    [refused] = read_tables(files, TABLES)
    assert (refused.where, refused.fault) == ("line_item.csv: line 1", "There is no column “id”. Nothing of the export was taken.")


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("line_item.csv", "line_item"),
        ("line_item_2026-10 (1).CSV", "line_item"),
        ("finalized_invoice-0.csv", "invoice"),
        ("invoices.csv", ""),
        ("product.json", ""),
        ("export/line_item/product/part-0.csv", "product"),
        ("product/invoice.csv", "invoice"),
    ],
)
def test_the_name_tells_the_table(name: str, table: str) -> None:
    known = table_of(name, TABLES)
    assert (known.names[0] if known else "") == table


def test_the_sandbox_stays_where_it_is() -> None:
    assert read_bill(bills([INVOICE | {"environment_type": "SANDBOX"}], [])[0]).withheld == "It comes from Metronome's sandbox."


def test_custom_fields_stand_in_metadata_in_one_of_three_ways() -> None:
    for metadata in ({"a": "1"}, {"custom_fields": {"a": "1"}}, {"customer_custom_fields": {"a": "1"}, "custom_fields": {"b": "2"}}):
        assert bills([INVOICE | {"metadata": json.dumps(metadata)}], [])[0]["customer_custom_fields"] == {"a": "1"}
    with pytest.raises(ValueError, match="customer_custom_fields is not a JSON object"):
        read_bill(bills([INVOICE | {"metadata": "{broken"}], [])[0])


@given(data=st.data())
def test_any_cell_may_be_null_or_anything(data: st.DataObject) -> None:
    """The join never fails; the reader answers with a Bill or a sentence."""
    cells = st.sampled_from(["", "x", "-1", "1e400", "NaN", "{}", "[1]", '{"a":{"b":1}}', "inv-1", "2026-07-02"])
    rows = {name: dict(row) for name, row in (("invoice", INVOICE), ("line_item", LINE), ("product", PRODUCT))}
    for row in rows.values():
        for column in data.draw(st.sets(st.sampled_from(sorted(row)))):
            row[column] = data.draw(cells)
    for record in found(**{name: [row] for name, row in rows.items()}):
        assert record.collection or record.fault.strip()
        if record.collection == "bills":
            try:
                assert read_bill(record.value).lines is not None
            except ValueError as refused:
                assert str(refused).strip()


def write(folder: Path, **tables: list[Row]) -> list[str]:
    paths = []
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        path.write_bytes(as_csv(rows))
        paths.append(str(path))
    return paths


@pytest.mark.django_db
def test_files_are_imported_together(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    bad = INVOICE | {"id": "inv-2", "customer_id": ""}
    files = write(tmp_path, line_item=[LINE, COMMIT], product=[PRODUCT], finalized_invoice=[INVOICE, bad])
    with pytest.raises(CommandError, match="1 record was rejected"):
        call_command("import_bills", "--source", "metronome", *files)
    report = json.loads(capsys.readouterr().out)
    assert (report["received"], report["created"]) == (2, 1)
    assert report["rejected"] == [{"where": "finalized_invoice.csv: line 3 (id inv-2)", "why": "customer_id is missing."}]
    assert Bill.objects.get().total == 1000
    assert Account.objects.get().custom_fields == {"netsuite_internal_customer_id": "4410"}
    assert CatalogueItem.objects.get(kind="Product").custom_fields == {"netsuite_internal_item_id": "88"}


@pytest.mark.django_db
def test_folders_of_the_bucket_tell_the_table_and_a_missing_file_is_told(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    for table, row in (("invoice", INVOICE), ("line_item", LINE)):
        folder = tmp_path / table / "dt=2026-07-02"
        folder.mkdir(parents=True)
        write(folder, part_1=[row])
    files = [str(path) for path in sorted(tmp_path.rglob("*.csv"))]
    call_command("import_bills", "--source", "metronome", *files)
    assert json.loads(capsys.readouterr().out)["created"] == 1
    with pytest.raises(CommandError):
        call_command("import_bills", "--source", "metronome", str(tmp_path / "invoice.csv"), *files)
    (rejected,) = json.loads(capsys.readouterr().out)["rejected"]
    assert rejected["where"].endswith("invoice.csv") and rejected["why"].startswith("The file cannot be read")
