"""The file lane: the same selection and payload as over the API, as NetSuite's import file, and never a second invoice after it."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from billing.bill import Period
from integrations.emulation.contract import Request
from integrations.models import IntegrationConfig
from runs.deliver import deliver
from runs.models import Delivery, IntegrationRun
from runs.select import select
from tests.runs.conftest import ACCOUNT, Books
from tests.runs.factories import a_bill, a_line, arrive
from tests.runs.pages import a_client, work

pytestmark = pytest.mark.django_db
Row = dict[str, str]
COLUMNS = [
    "External ID", "Invoice #", "Customer (Entity)", "Date", "Due Date", "Terms", "Currency", "Exchange Rate", "Subsidiary", "Memo", "PO #",
    "Item", "Quantity", "Rate", "Amount", "Description", "Tax Code", "Department", "Class", "Location", "Posting Period",
]  # fmt: skip


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)):
        yield


def export(integration: IntegrationConfig, **options: Any) -> list[Row]:
    out = io.StringIO()
    call_command("export_file", integration=str(integration.pk), stdout=out, **options)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def ids(rows: list[Row]) -> list[str]:
    return list(dict.fromkeys(row["External ID"] for row in rows))


def test_the_file_says_what_would_be_sent(integration: IntegrationConfig, books: Books) -> None:
    lines = [a_line("l1", "1.004"), a_line("l2", "2.00", description="=cmd()", quantity=None), a_line("l3", "0.00")]
    arrive(a_bill("b-1", lines, number="INV-1"))
    first, second = export(integration)
    assert list(first) == [*COLUMNS, "custcol_m3ter_external_line_item"]
    assert {name: value for name, value in first.items() if value} == {
        "External ID": "b-1",
        "Invoice #": "INV-1",
        "Customer (Entity)": "1001",
        "Date": "2026-10-31",
        "Currency": "1",
        "Memo": "b-1 r1 g1",
        "Item": "2020",
        "Quantity": "1000",
        "Rate": "0.001004",
        "Amount": "1.00",
        "Description": "API calls l1",
        "custcol_m3ter_external_line_item": "l1",
    }
    assert (second["Description"], second["Quantity"], second["Rate"], second["Amount"]) == ("'=cmd()", "1", "2.00", "2.00")


def test_service_periods_have_their_columns(integration: IntegrationConfig, books: Books) -> None:
    fields = {"servicePeriodStart": "custcol_start", "servicePeriodEnd": "custcol_end"}
    integration.current_version.options["netsuiteItemCustomFieldMapping"] = fields
    integration.current_version.save()
    arrive(a_bill("b-1"))
    [row] = export(integration)
    assert (row["custcol_start"], row["custcol_end"]) == ("2026-10-01", "2026-10-31")


def test_only_what_is_owed_is_in_it(integration: IntegrationConfig, books: Books) -> None:
    """No credit memo, no zero invoice, no line of nothing."""
    arrive(a_bill("zero", [a_line(amount="0.00")]), a_bill("credit", [a_line(amount="-5.00")]), a_bill("owed", [a_line(amount="5.00")]))
    assert ids(export(integration)) == ["owed"]


def test_the_previous_billing_period_unless_dates_are_given(integration: IntegrationConfig, books: Books) -> None:
    september = Period(start=dt.date(2026, 9, 1), end=dt.date(2026, 10, 1))
    november = Period(start=dt.date(2026, 11, 1), end=dt.date(2026, 12, 1))
    arrive(
        a_bill("october"),
        a_bill("october, dated later", bill_date=dt.date(2026, 11, 3)),
        a_bill("september, dated later", period=september, bill_date=dt.date(2026, 10, 2)),
        a_bill("november", period=november, bill_date=dt.date(2026, 11, 15)),
        a_bill("no period", period=None),
    )
    assert set(ids(export(integration))) == {"october", "october_x002C__x0020_dated_x0020_later", "no_x0020_period"}
    assert ids(export(integration, start="2026-11-10")) == ["november"]
    assert len(ids(export(integration, end="2026-12-31"))) == 5


def test_delivered_bills_can_be_left_out(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    select(integration)
    deliver(integration)
    arrive(a_bill("b-2"))
    assert ids(export(integration)) == ["b-1", "b-2"]
    assert ids(export(integration, unsent=True)) == ["b-2"]


def test_a_bill_that_cannot_be_built_is_named_and_the_rest_is_there(integration: IntegrationConfig, books: Books, capsys: Any) -> None:
    arrive(a_bill("b-1"), a_bill("b-2", [a_line(type="NO_SUCH_TYPE")], number="INV-BAD"))
    with pytest.raises(CommandError, match="1 Bill is not in the file"):
        export(integration)
    assert "INV-BAD: Nothing was sent" in capsys.readouterr().err


# --- imported by hand ------------------------------------------------------------------------------------------------------------------


def import_by_hand(books: Books, rows: list[Row], **changes: str) -> None:
    """As the Import Assistant does: one invoice per External ID."""
    records = []
    for key, lines in groupby(rows, key=lambda row: row["External ID"]):
        given = [row | changes for row in lines]
        head = given[0]
        items = [{"item": row["Item"]} | {name.lower(): float(row[name]) for name in ("Quantity", "Rate", "Amount")} for row in given]
        header = {"externalId": key, "entity": head["Customer (Entity)"], "tranDate": head["Date"], "currency": head["Currency"]}
        records.append(header | {"memo": head["Memo"], "tranId": head["Invoice #"], "item": items})
    body = json.dumps({"system": "netsuite", "tenant": ACCOUNT, "type": "invoice", "records": records})
    answer = books.hub.handle(Request.build("POST", "https://127.0.0.1/_emulator/records", {}, body))
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("memo", [{}, {"Memo": "imported by Jo"}])
def test_what_was_imported_by_hand_is_found_and_not_posted_twice(integration: IntegrationConfig, books: Books, memo: Row) -> None:
    arrive(a_bill("b-1", [a_line("l1", "60.00"), a_line("l2", "40.00")]), a_bill("b-2"))
    import_by_hand(books, export(integration), **memo)
    before = {document["externalId"]: document["id"] for document in books.documents()}
    assert set(before) == {"b-1", "b-2"}
    for hours in (1, 2, 3):
        with time_machine.travel(dt.datetime(2026, 11, 21, 9 + hours, tzinfo=dt.UTC)):
            work(integration)
    assert {document["externalId"]: document["id"] for document in books.documents()} == before
    assert {document["total"] for document in books.documents()} == {Decimal(100)}
    assert {run.status for run in IntegrationRun.objects.all()} == {"COMPLETE"}
    assert {delivery.external_id for delivery in Delivery.objects.all()} == set(before.values())


# --- the page ----------------------------------------------------------------------------------------------------------------------------


def test_the_page_looks_at_it_and_gives_it(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"), a_bill("zero", [a_line(amount="0.00")]), a_bill("b-2", [a_line(type="NO_SUCH_TYPE")], number="INV-BAD"))
    client = a_client("runs.view_integrationrun", "integrations.view_integrationconfig", "integrations.operate")
    address = f"/admin/runs/integrationrun/export/{integration.pk}/"
    page = client.get(address).content.decode()
    assert "1 invoice with 1 line" in page and "October 2026" in page and "INV-BAD" in page and "1 Bill of these dates makes no row" in page
    answer: Any = client.get(f"/admin/runs/integrationrun/export/{integration.pk}.csv")
    text = b"".join(answer.streaming_content).decode()
    assert ids(list(csv.DictReader(io.StringIO(text)))) == ["b-1"] and "2026-10.csv" in answer["Content-Disposition"]
    assert "The file would be empty" in client.get(f"{address}?start=2026-11-01").content.decode()
    assert a_client("integrations.view_integrationconfig").get(address).status_code == 403
    details = client.get(f"/admin/integrations/integrationconfig/{integration.pk}/change/").content.decode()
    assert address in details
