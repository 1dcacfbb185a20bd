"""Metronome's data export as files: joined to the invoices that the API would have given, the latest row of an id, nulls anywhere."""

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st
from pytest import CaptureFixture

from billing.models import Account, Bill, CatalogueItem
from integrations.sources.metronome.export_files import TABLES, raw_records
from integrations.sources.metronome.reader import read_bill
from runs.intake.json_stream import parse

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


def bills(invoices: list[Row], lines: list[Row], products: list[Row] | None = None) -> list[dict[str, Any]]:
    tables = {"invoice": invoices, "line_item": lines, "product": [PRODUCT] if products is None else products}
    return [parse(record.text) for record in raw_records(tables) if record.collection == "bills"]


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
    records = raw_records({"invoice": [INVOICE], "finalized_invoice": [later]})
    assert [parse(record.text)["status"] for record in records] == ["VOID"]


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
    for record in raw_records({name: [row] for name, row in rows.items()}):
        if record.collection == "bills":
            try:
                assert read_bill(parse(record.text)).lines is not None
            except ValueError as refused:
                assert str(refused).strip()


def write(folder: Path, **tables: list[Row]) -> list[str]:
    paths = []
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, sorted({column for row in rows for column in row}), restval="NULL")
            writer.writeheader()
            writer.writerows(rows)
        paths.append(str(path))
    return paths


@pytest.mark.django_db
def test_files_are_imported_together(tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    assert set(TABLES) == {"invoice", "finalized_invoice", "line_item", "product"}
    bad = INVOICE | {"id": "inv-2", "customer_id": ""}
    files = write(tmp_path, line_item=[LINE, COMMIT], product=[PRODUCT], finalized_invoice=[INVOICE, bad])
    with pytest.raises(CommandError, match="1 record was rejected"):
        call_command("import_bills", "--source", "metronome", *files)
    report = json.loads(capsys.readouterr().out)
    assert (report["received"], report["created"]) == (2, 1)
    assert report["rejected"] == [{"where": "bill 2 (id inv-2)", "why": "customer_id is missing."}]
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
