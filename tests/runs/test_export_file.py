import csv
import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integrations.models import IntegrationConfig
from runs.deliver import deliver
from runs.select import select
from tests.runs.conftest import Books
from tests.runs.factories import a_bill, a_line, arrive

pytestmark = pytest.mark.django_db


def export(integration: IntegrationConfig, **options: Any) -> list[dict[str, str]]:
    out = io.StringIO()
    call_command("export_file", integration=str(integration.pk), stdout=out, **options)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def test_the_file_says_what_would_be_sent(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1", [a_line("l1", "1.004"), a_line("l2", "2.00", description="=cmd()")], number="INV-1"))
    first, second = export(integration)
    assert first == {
        "Type": "invoice",
        "External ID": "b-1",
        "Invoice #": "INV-1",
        "Customer : Internal ID": "1001",
        "Date": "2026-10-31",
        "Due Date": "",
        "Currency : Internal ID": "1",
        "PO #": "",
        "Memo": "b-1 r1 g1",
        "Item : Internal ID": "2020",
        "Quantity": "1000",
        "Rate": "0.001004",
        "Amount": "1.00",
        "Description": "API calls l1",
    }
    assert second["Description"] == "'=cmd()"


def test_delivered_bills_can_be_left_out_and_dates_narrow_it(integration: IntegrationConfig, books: Books) -> None:
    arrive(a_bill("b-1"))
    select(integration)
    deliver(integration)
    arrive(a_bill("b-2"))
    assert [row["External ID"] for row in export(integration)] == ["b-1", "b-2"]
    assert [row["External ID"] for row in export(integration, unsent=True)] == ["b-2"]
    assert export(integration, start="2026-11-01") == []


def test_a_bill_that_cannot_be_built_is_named_and_the_rest_is_there(integration: IntegrationConfig, books: Books, capsys: Any) -> None:
    arrive(a_bill("b-1"), a_bill("b-2", [a_line(type="NO_SUCH_TYPE")], number="INV-BAD"))
    with pytest.raises(CommandError, match="1 Bill is not in the file"):
        export(integration)
    assert "INV-BAD: Nothing was sent" in capsys.readouterr().err
