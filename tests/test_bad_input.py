"""What no billing platform should send: told in a sentence that a finance person understands, and the rest of the file goes on."""

import html
import io
import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.models import Bill
from integrations.models import IntegrationConfig
from runs.collect import Collector, Report
from runs.models import IntegrationRun
from tests.end_to_end.raw import Raw, a_bill, a_line
from tests.runs.conftest import Books, books, credential, customer, integration, key_files
from tests.runs.factories import the_source
from tests.runs.pages import BILLS, a_client, preview_page, run_page, work

__all__ = ["books", "credential", "customer", "integration", "key_files"]

pytestmark = pytest.mark.django_db
GOOD = ("good-1", "good-2")
WHERE = "bills.json: bill 2 (id bad)"
LATIN = "Ünïcödé"


def bill_page(bill: Bill) -> str:
    return f"{BILLS}{bill.pk}/change/"


def take(text: str, name: str = "bills.json") -> Report:
    collector = Collector(the_source())
    collector.take_file(name, io.BytesIO(text.encode()))
    return collector.report


def among_good(bad: str) -> Report:
    """The report on a file with something bad between two good Bills, which are always kept."""
    before, after = (json.dumps(a_bill(uid)) for uid in GOOD)
    report = take(f"[{before}, {bad}, {after}]")
    assert set(GOOD) <= set(Bill.objects.values_list("uid", flat=True))
    return report


def bill(number: str = "", **changes: Any) -> str:
    """A bad Bill as JSON; the text of `number` takes the place of every "@"."""
    return json.dumps(a_bill("bad", **changes)).replace('"@"', number)


def line(number: str = "", **changes: Any) -> str:
    return json.dumps(a_bill("bad", [a_line("l", 100)]) | {"lineItems": [a_line("l", 100, **changes)]}).replace('"@"', number)


REJECTED = {
    "no currency": (bill(currency=None), "currency is missing."),
    "unknown currency": (bill(currency="XXQ"), "currency: “XXQ” is not a currency code of ISO 4217."),
    "currency as a list": (bill(currency=["USD"]), "currency is not text."),
    "NaN": (bill("NaN", billTotal="@"), "billTotal is NaN, not a number."),
    "infinity": (bill("-Infinity", billTotal="@"), "billTotal is -Infinity, not a number."),
    "NaN as text": (bill(billTotal="NaN"), "billTotal is NaN, not a number."),
    "words": (bill(billTotal="a lot"), "billTotal is a lot, not a number."),
    "true": (bill(billTotal=True), "billTotal is true, not a number."),
    "absurd exponent": (bill("1e400", billTotal="@"), "billTotal is 1E+400, which is more digits than money or a quantity has."),
    "more absurd": (bill("1e999999999", billTotal="@"), "billTotal is 1E+999999999, which is more digits than money or a quantity has."),
    "tiny exponent": (bill("1e-400", billTotal="@"), "billTotal is 1E-400, which is more digits than money or a quantity has."),
    "5000 digits": (bill("1" * 5000, billTotal="@"), f"billTotal is {'1' * 40}…, which is more digits than money or a quantity has."),
    "no date": (bill(billDate=None), "billDate is missing."),
    "other date": (bill(billDate="31/10/2026"), "billDate is 31/10/2026, not a date."),
    "no such day": (bill(dueDate="2026-02-30"), "dueDate is 2026-02-30, not a date."),
    "period": (bill(startDate="2026-11-01", endDate="2026-10-01"), "endDate is before startDate."),
    "status": (bill(status="SENT"), "status is SENT, not one of PENDING, APPROVED, VOID."),
    "locked": (bill(locked="maybe"), "locked is maybe, not true or false."),
    "version": (bill(version=1.5), "version is 1.5, not a whole number from 0."),
    "time zone": (bill(timezone="Mars/Olympus"), "timezone is Mars/Olympus, not the name of a time zone."),
    "no Account": (bill(accountId=None), "accountId is missing."),
    "Account as an object": (bill(accountId={"id": 1}), "accountId is not text."),
    "lines as text": (bill(lineItems="none"), "lineItems is not a list."),
    "a line as text": (json.dumps(a_bill("bad") | {"lineItems": ["x"]}), "line 1: this is not a JSON object."),
    "nothing to add up": (bill(lineItems=None, billTotal=None), "billTotal is missing and there are no lineItems to add up."),
    "a line of NaN": (line("NaN", convertedSubtotal="@"), "line 1: convertedSubtotal is NaN, not a number."),
    "a line without amount": (line(convertedSubtotal=None, subtotal=None), "line 1: convertedSubtotal and subtotal are missing."),
    "a line without type": (line(lineItemType=None), "line 1: lineItemType is missing."),
    "a quantity in words": (line(quantity="many"), "line 1: quantity is many, not a number."),
    "currency twice": (bill()[:-1] + ', "currency": "EUR"}', "“currency” stands twice in one object, so it is not clear which holds."),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_bad_bill_is_rejected_in_a_sentence_and_the_others_are_kept(name: str) -> None:
    text, why = REJECTED[name]
    report = among_good(text)
    assert [(each.where, each.why) for each in report.rejected] == [(WHERE, why)]
    assert (report.received, report.created) == (3, 2)


@pytest.mark.parametrize("junk", ['"text"', "5", "null", "[]", "[[1, [2]]]"])
def test_junk_in_place_of_a_bill_is_rejected(junk: str) -> None:
    assert [(each.where, each.why) for each in among_good(junk).rejected] == [("bills.json: bill 2", "The Bill is not a JSON object.")]


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_what_is_nested_too_deeply_is_passed_over(ending: str) -> None:
    """Brackets inside texts are none, also where the file is read in blocks."""
    inside = json.dumps({'text ]}\\" [{': "x" * 70_000 + '"]'})
    deep = '{"id": "bad", "x": ' + "[" * 20_000 + inside + "]" * 20_000 + "}"
    if ending == "json":
        assert [(each.where, each.why) for each in among_good(deep).rejected] == [("bills.json: bill 2", "It is nested too deeply.")]
    else:
        report = take("\n".join([json.dumps(a_bill(GOOD[0])), deep, json.dumps(a_bill(GOOD[1]))]), "bills.jsonl")
        assert (report.created, [(each.where, each.why) for each in report.rejected]) == (
            2,
            [("bills.jsonl: line 2", "It is nested too deeply.")],
        )


@pytest.mark.parametrize(
    ("uid", "why"),
    [
        (None, "id is missing."), (["a"], "id is not text."), ("a\nb", "id has control characters."),
        ("x" * 4000, "The Bill's id has 4000 characters; at most 200 can be kept."),
    ],
    ids=["none", "list", "control", "long"],
)  # fmt: skip
def test_an_id_that_is_none_is_told_and_never_fills_the_page(uid: Any, why: str) -> None:
    [rejected] = among_good(json.dumps(a_bill("bad") | {"id": uid})).rejected
    assert rejected.why == why and len(rejected.where) < 100 and rejected.where.isprintable()


# --- kept, and judged when it is to be sent ---------------------------------------------------------------------------------------------


def errors(integration: IntegrationConfig, *bills: Raw | str) -> dict[str, tuple[str, str]]:
    """What became of these Bills beside a good one, which is posted: {Bill: (status, sentence)}."""
    texts = [each if isinstance(each, str) else json.dumps(each) for each in (*bills, a_bill("good"))]
    report = take(f"[{', '.join(texts)}]")
    assert report.rejected == []
    work(integration)
    found = {run.bill.uid: (run.error_code or run.status, run.error) for run in IntegrationRun.objects.select_related("bill")}
    assert found.pop("good") == ("COMPLETE", "")
    return found


def test_an_unknown_line_type_is_not_booked_by_guess(integration: IntegrationConfig, books: Books) -> None:
    found = errors(integration, a_bill("b-1", [a_line("l", 100, "MAGIC")]))
    assert found == {"b-1": ("INVALID_BILL", "Nothing was sent: the Bill has a line type that we do not know, MAGIC.")}
    assert [document["externalId"] for document in books.documents()] == ["good"]


def test_a_total_that_its_lines_do_not_give_is_not_sent(integration: IntegrationConfig, books: Books) -> None:
    found = errors(integration, a_bill("b-1", billTotal=100.01), a_bill("b-2", billTotal=-100), a_bill("b-3", []) | {"billTotal": 5})
    assert found["b-1"] == ("AMOUNT_MISMATCH", "Nothing was sent: the lines add up to 100.00 USD, the Bill says 100.01 USD.")
    assert found["b-2"] == ("AMOUNT_MISMATCH", "Nothing was sent: the lines add up to 100.00 USD, the Bill says −100.00 USD.")
    assert found["b-3"] == ("AMOUNT_MISMATCH", "Nothing was sent: the lines add up to 0.00 USD, the Bill says 5.00 USD.")
    assert len(books.documents()) == 1


def test_a_line_in_another_currency_without_a_rate_is_rejected() -> None:
    [rejected] = among_good(line(currency="EUR", convertedSubtotal=None, conversionRate=None)).rejected
    assert rejected.why.startswith("line 1: convertedSubtotal is missing, and subtotal cannot be taken as USD")


def test_floats_with_17_digits_are_money_all_the_same(integration: IntegrationConfig, books: Books) -> None:
    """0.1 + 0.2 and the like, as a program with binary floats writes them."""
    amounts = ["0.30000000000000004", "1.1102230246251565e-16", "33.333333333333336", "66.66666666666667"]
    rows = [a_line(f"l{number}", amount) for number, amount in enumerate(amounts)]
    text = json.dumps(a_bill("b-1", rows, billTotal="@"))
    for amount in amounts:
        text = text.replace(f'"{amount}"', amount)
    found = errors(integration, text.replace('"@"', "100.30000000000001"))
    assert found == {"b-1": ("COMPLETE", "")}
    invoice = next(document for document in books.documents() if document["externalId"] == "b-1")
    assert invoice["total"] == Decimal("100.30")
    assert sorted(each["amount"] for each in invoice["item"]["items"]) == [Decimal(text) for text in ("0.00", "0.30", "33.33", "66.67")]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_fifty_thousand_lines_are_one_invoice(integration: IntegrationConfig, books: Books) -> None:
    rows = [a_line(f"l{number}", 0.015, description="API calls") for number in range(50_000)]
    assert errors(integration, a_bill("b-1", rows, billTotal=750)) == {"b-1": ("COMPLETE", "")}
    invoice = next(document for document in books.documents() if document["externalId"] == "b-1")
    assert invoice["total"] == 750 and len(invoice["item"]["items"]) == 50_000
    run = IntegrationRun.objects.get(bill__uid="b-1")
    for address in (run_page(run), bill_page(run.bill), preview_page(run.bill, integration)):
        page = a_client(superuser=True).get(address).content
        assert b"The first 1,000 of 50000 lines" in page and len(page) < 3_000_000


TEXTS = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;",
    "template": "{{ settings.SECRET_KEY }}{% load admin %}",
    "formula": '=HYPERLINK("http://example.invalid","click")',
    "right to left": "\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd العربية",
    "emoji": "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿 zero\u200bwidth",
    "marks": "Z̡̢̛̗͓̟a̴͡l̸g̶o̷",
    "sql": "'; DROP TABLE billing_bill; --",
    "long": f"{LATIN} " * 500,
    "control": "tab\tbell\x07nul\x00esc\x1b[31mred",
}


@pytest.mark.parametrize("name", TEXTS)
def test_any_text_arrives_as_text_and_no_page_takes_it_for_markup(name: str, integration: IntegrationConfig, books: Books) -> None:
    text = TEXTS[name]
    own = a_line("l", 100, description=text, unit=text[:100], productName=text[:150])
    odd = a_bill("odd", [own], accountCode=text[:70], purchaseOrderNumber=text[:40], sequentialInvoiceNumber=text[:40])
    found = errors(integration, odd)
    assert found["odd"][0] == "COMPLETE"
    [sent] = [each for document in books.documents() if document["externalId"] == "odd" for each in document["item"]["items"]]
    assert sent["description"] == re.sub("[\x00-\x1f]+", " ", text).strip()[:4000]
    run = IntegrationRun.objects.get(bill__uid="odd")
    client = a_client(superuser=True)
    for address in (run_page(run), bill_page(run.bill), preview_page(run.bill, integration), *LISTS):
        check_page(client, address, text)


LISTS = ("/admin/runs/integrationrun/", "/admin/billing/bill/", "/admin/billing/account/", "/admin/billing/catalogueitem/", "/admin/")


def check_page(client: Client, address: str, text: str) -> None:
    """The page stands, and what was sent appears on it escaped or not at all."""
    answer = client.get(address)
    page = answer.content.decode()
    assert answer.status_code == 200, address
    assert "<script>alert" not in page and "<img src=x" not in page and "\x00" not in page and "\x1b" not in page
    assert html.escape(text) == text or text not in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sequentialInvoiceNumber": "N" * 4000}, "Nothing was sent"),
        ({"purchaseOrderNumber": "P" * 4000}, "Nothing was sent"),
    ],
)
def test_a_text_too_long_for_the_destination_is_refused_by_name(
    changes: Raw, sentence: str, integration: IntegrationConfig, books: Books
) -> None:
    found = errors(integration, a_bill("b-1", **changes))
    assert found["b-1"][0] not in ("COMPLETE", "UNKNOWN") and found["b-1"][1].endswith(".")
