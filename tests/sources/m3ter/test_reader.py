"""m3ter's shapes, whole: what goes in and the Bill that comes out, and the sentence for each thing that is wrong."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest

from billing.bill import Band, Bill, Line, Party, Period, Ref
from billing.document import slice_digest
from integrations.contract import Item
from integrations.sources.m3ter.reader import read_bill, read_item, read_party
from runs.intake.json_stream import parse

OCTOBER = Period(start=dt.date(2026, 10, 1), end=dt.date(2026, 11, 1))


def usage(**more: Any) -> dict[str, Any]:
    return {
        "id": "l1",
        "lineItemType": "USAGE",
        "description": "API requests",
        "quantity": 100,
        "units": 100,
        "unit": "calls",
        "averageUnitPrice": D("0.105"),
        "subtotal": D("10.5"),
        "currency": "USD",
        "conversionRate": 1,
        "convertedSubtotal": D("10.5"),
        **more,
    }


def bill(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {"id": "b1", "accountId": "a1", "currency": "USD", "billDate": "2026-10-31", "billTotal": D("10.5"), "lineItems": list(lines)}
    return {name: value for name, value in {**given, **more}.items() if value is not ...}


def only(**more: Any) -> Line:
    """The line that a Bill of one such line has."""
    (line,) = read_bill(bill(usage(**more))).lines
    return line


EMBEDDED = """
{
  "id": "b7e2f4c1", "version": 4, "accountId": "a-7", "accountCode": "BOR-07", "startDate": "2026-10-01", "endDate": "2026-11-01",
  "startDateTimeUTC": "2026-10-01T00:00:00Z", "billDate": "2026-10-31", "dueDate": "2026-11-30", "billingFrequency": "MONTHLY",
  "timezone": "UTC", "status": "APPROVED", "locked": true, "currency": "EUR", "billTotal": 1102.35,
  "currencyConversions": [{"from": "USD", "to": "EUR", "multiplier": 0.9}], "purchaseOrderNumber": "PO-88141",
  "sequentialInvoiceNumber": "INV-2026-10417", "externalInvoiceDate": "2026-11-01", "lastCalculatedDate": "2026-11-02T08:00:00Z",
  "dtLastModified": "2026-11-03T12:30:00.250Z", "unknownField": {"kept": "out"},
  "lineItems": [
    {"id": "l-1", "lineItemType": "USAGE", "description": "API requests", "quantity": 1500, "units": 1500, "unit": "calls",
     "subtotal": 1000.0150000000001, "currency": "USD", "conversionRate": 0.9, "convertedSubtotal": 900.01350000000009,
     "averageUnitPrice": 0.66667667, "productId": "p-1", "productCode": "API", "productName": "API requests",
     "accountingProductId": "p-9", "accountingProductCode": "REV", "accountingProductName": "Usage revenue", "aggregationId": "agg-1",
     "planId": "plan-1", "contractId": "c-1", "segment": {"region": "eu"}, "sequenceNumber": 1,
     "servicePeriodStartDate": "2026-10-01", "servicePeriodEndDate": "2026-11-01",
     "usagePerPricingBand": [
       {"pricingBandId": "t-1", "lowerLimit": 0, "fixedPrice": 0, "unitPrice": 0.7, "unitSubtotal": 700, "bandUnits": 1000,
        "bandQuantity": 1000, "bandSubtotal": 700, "convertedBandSubtotal": 630},
       {"pricingBandId": "t-2", "lowerLimit": 1000, "fixedPrice": 1, "unitPrice": 0.6, "bandUnits": 500, "bandQuantity": 500,
        "bandSubtotal": 300.0150000000001}]},
    {"id": "l-2", "lineItemType": "STANDING_CHARGE", "description": "Platform", "quantity": 1, "units": 1, "unit": "month",
     "subtotal": 202.34, "currency": "EUR", "conversionRate": 1, "convertedSubtotal": 202.34, "averageUnitPrice": 202.34},
    {"id": "l-3", "lineItemType": "CREDIT_MEMO", "description": "Credit", "quantity": 1, "units": 1, "unit": "", "subtotal": -0.0035,
     "currency": "EUR", "conversionRate": 1, "convertedSubtotal": -0.0035, "averageUnitPrice": -0.0035,
     "referencedBillId": "b-0", "referencedLineItemId": "l-0"},
    {"id": "l-4", "lineItemType": "COMMITMENT_CONSUMED", "description": "Consumed, for information", "quantity": 1, "units": 1, "unit": "",
     "subtotal": 900, "currency": "EUR", "conversionRate": 1, "convertedSubtotal": 900, "averageUnitPrice": 900, "commitmentId": "cm-1"},
    {"id": "l-5", "lineItemType": "SOMETHING_NEW", "description": "Said apart", "quantity": 0, "units": 0, "unit": "", "subtotal": 5,
     "currency": "EUR", "conversionRate": 1, "convertedSubtotal": 5, "averageUnitPrice": 0, "additional": {"counted": false}}
  ]
}
"""


def test_an_embedded_bill_whole() -> None:
    assert read_bill(parse(EMBEDDED)) == Bill(
        source_id="b7e2f4c1",
        account=Party(id="a-7", code="BOR-07"),
        currency="EUR",
        total=D("1102.35"),
        bill_date=dt.date(2026, 10, 31),
        status="APPROVED",
        number="INV-2026-10417",
        invoice_date=dt.date(2026, 11, 1),
        due_date=dt.date(2026, 11, 30),
        period=OCTOBER,
        purchase_order="PO-88141",
        locked=True,
        version=4,
        updated_at=dt.datetime(2026, 11, 3, 12, 30, 0, 250_000, tzinfo=dt.UTC),
        lines=(
            Line(
                key="l-1",
                type="USAGE",
                description="API requests",
                amount=D("900.01350000000009"),
                quantity=D(1500),
                unit_price=D("0.600009003"),
                unit="calls",
                refs={
                    "Product": Ref(id="p-1", code="API", name="API requests"),
                    "AccountingProduct": Ref(id="p-9", code="REV", name="Usage revenue"),
                    "Aggregation": Ref(id="agg-1"),
                    "Contract": Ref(id="c-1"),
                    "Plan": Ref(id="plan-1"),
                },
                period=OCTOBER,
                bands=(
                    Band(
                        ref=Ref(id="t-1", name="API requests, from 0"),
                        amount=D(630),
                        quantity=D(1000),
                        unit_price=D("0.63"),
                        fixed_price=D(0),
                        lower_limit=D(0),
                    ),
                    Band(
                        ref=Ref(id="t-2", name="API requests, from 1,000"),
                        amount=D("270.01350000000009"),
                        quantity=D(500),
                        unit_price=D("0.54"),
                        fixed_price=D("0.9"),
                        lower_limit=D(1000),
                    ),
                ),
            ),
            Line(
                key="l-2",
                type="STANDING_CHARGE",
                description="Platform",
                amount=D("202.34"),
                quantity=D(1),
                unit_price=D("202.34"),
                unit="month",
            ),
            Line(
                key="l-3",
                type="CREDIT_MEMO",
                description="Credit",
                amount=D("-0.0035"),
                quantity=D(1),
                unit_price=D("-0.0035"),
                referenced_bill="b-0",
                referenced_line="l-0",
            ),
            Line(
                key="l-4",
                type="COMMITMENT_CONSUMED",
                description="Consumed, for information",
                amount=D(900),
                counted=False,
                quantity=D(1),
                unit_price=D(900),
                refs={"Commitment": Ref(id="cm-1")},
            ),
            Line(
                key="l-5",
                type="SOMETHING_NEW",
                description="Said apart",
                amount=D(5),
                counted=False,
                quantity=D(0),
                unit_price=D(0),
            ),
        ),
    )


def test_the_line_items_shape() -> None:
    """/bills/{id}/lineitems: only the id is required, and bands are called bandUsage."""
    line = {
        "id": "l-1",
        "billId": "b1",
        "version": 2,
        "lineItemType": "USAGE",
        "convertedSubtotal": D("10.5"),
        "productName": "API requests",
        "bandUsage": [{"bandUnits": 3, "convertedBandSubtotal": D("10.5"), "lowerLimit": None}],
    }
    assert read_bill(bill(line)).lines == (
        Line(
            key="l-1",
            type="USAGE",
            description="API requests",
            amount=D("10.5"),
            bands=(Band(ref=Ref(id="l-1.1", name="API requests"), amount=D("10.5"), quantity=D(3)),),
        ),
    )


def test_as_little_as_a_bill_can_have() -> None:
    assert read_bill(bill()) == Bill(
        source_id="b1", account=Party(id="a1"), currency="USD", total=D("10.5"), bill_date=dt.date(2026, 10, 31), status="PENDING"
    )


@pytest.mark.parametrize(
    ("line", "amount", "price"),
    [
        ({"convertedSubtotal": D("9.1"), "currency": "EUR", "conversionRate": D("0.5")}, "9.1", "0.0525"),
        ({"convertedSubtotal": D("9.1"), "currency": "EUR", "conversionRate": None}, "9.1", None),
        ({"convertedSubtotal": None}, "10.5", "0.105"),
        ({"convertedSubtotal": None, "conversionRate": 7}, "10.5", "0.105"),
        ({"convertedSubtotal": None, "currency": "EUR", "conversionRate": D("1.1")}, "11.55", "0.1155"),
        ({"convertedSubtotal": None, "currency": None, "conversionRate": D("1.1")}, "11.55", "0.1155"),
        ({"convertedSubtotal": D("0.10000000000000001")}, "0.10000000000000001", "0.105"),
        ({"convertedSubtotal": "10.50", "quantity": "1e2"}, "10.5", "0.105"),
    ],
)
def test_the_amount_in_the_bills_currency(line: dict[str, Any], amount: str, price: str | None) -> None:
    read = only(**line)
    assert (read.amount, read.unit_price) == (D(amount), price and D(price))


def test_a_product_of_two_long_numbers_is_exact() -> None:
    subtotal, rate = "123456789012345.12345678901234567", "1.2345678901234567"
    line = only(convertedSubtotal=None, subtotal=D(subtotal), currency="EUR", conversionRate=D(rate))
    assert int(str(line.amount).replace(".", "")) == int(subtotal.replace(".", "")) * int(rate.replace(".", ""))


def test_keys_do_not_change_when_a_bill_is_recalculated() -> None:
    anonymous: dict[str, Any] = {"id": None, "productId": "p", "segment": {"region": "eu"}, "sequenceNumber": 1}
    first = [usage(**anonymous), usage(**anonymous), usage(**anonymous | {"segment": {"region": "us"}})]
    again = [usage(**anonymous, quantity=7, subtotal=1, convertedSubtotal=1, description="API requests (eu)"), *first[1:]]
    before = [line.key for line in read_bill(bill(*first)).lines]
    after = [line.key for line in read_bill(bill(*again)).lines]
    assert before == after
    assert len(set(before)) == 3
    assert before[1] == f"{before[0]}#2"


def test_equal_ids_get_keys_of_their_own() -> None:
    assert [line.key for line in read_bill(bill(usage(), usage(), usage(id="l2"))).lines] == ["l1", "l1#2", "l2"]


CONSUMED = usage(id="l2", lineItemType="COMMITMENT_CONSUMED", subtotal=D("2.5"), convertedSubtotal=D("2.5"))
BALANCE = usage(id="l3", lineItemType="BALANCE_CONSUMED", subtotal=D("1.5"), convertedSubtotal=D("1.5"))
DRAWN = usage(id="l4", lineItemType="COMMITMENT_CONSUMED", subtotal=D("-2.5"), convertedSubtotal=D("-2.5"))
APART = usage(id="l5", additional={"counted": False})


@pytest.mark.parametrize(
    ("lines", "total", "counted"),
    [
        ([usage(), CONSUMED], "10.5", "l1"),
        ([usage(), CONSUMED, BALANCE], "10.5", "l1"),
        ([usage(), DRAWN], "8", "l1 l4"),
        ([usage(), CONSUMED], "13", "l1 l2"),
        ([usage(), CONSUMED], "99", "l1"),
        ([usage(), APART], "10.5", "l1"),
        ([usage(), APART, CONSUMED], "13", "l1 l2"),
        ([usage(), usage(id="l6", lineItemType="CREDIT_MEMO")], "21", "l1 l6"),
    ],
)
def test_which_lines_count(lines: list[dict[str, Any]], total: str, counted: str) -> None:
    read = read_bill(bill(*lines, billTotal=D(total)))
    assert " ".join(line.key for line in read.lines if line.counted) == counted
    assert read.total == D(total)


def test_without_a_total_the_counted_lines_are_added_and_rounded_once() -> None:
    read = read_bill(bill(usage(convertedSubtotal=D("10.004")), usage(id="l6", convertedSubtotal=D("0.0012")), CONSUMED, billTotal=None))
    assert (str(read.total), read.note) == ("10.01", "The source gave no total; this is the sum of the lines that count, rounded.")


def test_a_total_finer_than_the_currency_is_rounded_and_says_so() -> None:
    read = read_bill(bill(usage(), billTotal=D("10.4999999999")))
    assert (str(read.total), read.note) == ("10.50", "The source's total, 10.4999999999 USD, was rounded to 10.50.")
    assert str(read_bill(bill(currency="JPY", billTotal=D("1204000.5"))).total) == "1204001"


@pytest.mark.parametrize(
    ("zone", "start", "end", "period"),
    [
        ("UTC", "2026-10-01", "2026-11-01", ("2026-10-01", "2026-11-01")),
        (None, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", ("2026-10-01", "2026-11-01")),
        ("America/New_York", "2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z", ("2026-10-01", "2026-11-01")),
        ("Pacific/Kiritimati", "2026-09-30T10:00:00Z", "2026-10-31T10:00:00Z", ("2026-10-01", "2026-11-01")),
        ("UTC", "2026-10-01T00:00:00", "2026-10-31T23:59:59Z", ("2026-10-01", "2026-11-01")),
        ("UTC", "2026-10-31T09:00:00Z", "2026-10-31T17:00:00Z", ("2026-10-31", "2026-11-01")),
        ("UTC", "2024-02-29", "2024-02-29", ("2024-02-29", "2024-02-29")),
        ("UTC", "2026-10-01", None, None),
    ],
)
def test_service_periods(zone: str | None, start: str, end: str | None, period: tuple[str, str] | None) -> None:
    line = usage(servicePeriodStartDate=start, servicePeriodEndDate=end)
    read = read_bill(bill(line, timezone=zone)).lines[0].period
    assert read == (period and Period(start=dt.date.fromisoformat(period[0]), end=dt.date.fromisoformat(period[1])))


def test_text_is_cleaned_of_what_no_database_or_page_takes() -> None:
    line = only(description="API\x00requests\ud800\n(株式会社)", productId="p", productName=" API\u0085 ")
    assert (line.description, line.refs["Product"].name) == ("API requests (株式会社)", "API")


def test_numbers_may_be_text_and_flags_too() -> None:
    """As CSV has them."""
    read = read_bill(bill(usage(convertedSubtotal=" -10.50 "), billTotal="-10.50", version="7", locked="True"))
    assert (read.total, read.version, read.locked, read.lines[0].amount) == (D("-10.5"), 7, True, D("-10.5"))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"id": None}, "id is missing."),
        ({"id": "b\x00"}, "id has control characters."),
        ({"id": True}, "id is not text."),
        ({"accountId": ""}, "accountId is missing."),
        ({"accountId": ["a"]}, "accountId is not text."),
        ({"currency": ...}, "currency is missing."),
        ({"currency": "usd"}, "currency: “usd” is not a currency code of ISO 4217."),
        ({"currency": "XAU"}, "currency: “XAU” has no minor unit, so amounts in it cannot be rounded."),
        ({"billDate": ...}, "billDate is missing."),
        ({"billDate": "31/10/2026"}, "billDate is 31/10/2026, not a date."),
        ({"billDate": "2026-02-29"}, "billDate is 2026-02-29, not a date."),
        ({"dueDate": 30}, "dueDate is 30, not a date."),
        ({"billTotal": D("NaN")}, "billTotal is NaN, not a number."),
        ({"billTotal": D("-Infinity")}, "billTotal is -Infinity, not a number."),
        ({"billTotal": D("1e400")}, "billTotal is 1E+400, which is more digits than money or a quantity has."),
        ({"billTotal": D("1e-400")}, "billTotal is 1E-400, which is more digits than money or a quantity has."),
        ({"billTotal": 10**18}, "billTotal is 1000000000000000000, which is more digits than money or a quantity has."),
        ({"billTotal": True}, "billTotal is true, not a number."),
        ({"billTotal": "12,50"}, "billTotal is 12,50, not a number."),
        ({"billTotal": 10.5}, "billTotal is 10.5, not a number."),
        ({"billTotal": {}}, "billTotal is an object, not a number."),
        ({"billTotal": None, "lineItems": None}, "billTotal is missing and there are no lineItems to add up."),
        ({"status": "DRAFT"}, "status is DRAFT, not one of PENDING, APPROVED, VOID."),
        ({"locked": "maybe"}, "locked is maybe, not true or false."),
        ({"version": D("1.5")}, "version is 1.5, not a whole number from 0."),
        ({"version": -1}, "version is -1, not a whole number from 0."),
        ({"dtLastModified": "yesterday"}, "dtLastModified is yesterday, not a date."),
        ({"timezone": "Mars/Olympus"}, "timezone is Mars/Olympus, not the name of a time zone."),
        ({"lineItems": {}}, "lineItems is not a list."),
        ({"lineItems": [usage(), 7]}, "line 2: this is not a JSON object."),
        ({"startDate": "2026-11-01", "endDate": "2026-10-01"}, "endDate is before startDate."),
    ],
)
def test_what_is_wrong_with_a_bill_is_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_bill(bill(usage(), **wrong) if "lineItems" not in wrong else bill(**wrong))
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"quantity": D("NaN")}, "line 3: quantity is NaN, not a number."),
        ({"quantity": False}, "line 3: quantity is false, not a number."),
        ({"lineItemType": None}, "line 3: lineItemType is missing."),
        ({"convertedSubtotal": "ten"}, "line 3: convertedSubtotal is ten, not a number."),
        ({"convertedSubtotal": None, "subtotal": None}, "line 3: convertedSubtotal and subtotal are missing."),
        (
            {"convertedSubtotal": None, "currency": "EUR", "conversionRate": 0},
            "line 3: convertedSubtotal is missing, and subtotal cannot be taken as USD: currency and conversionRate do not say how.",
        ),
        ({"productId": "p\n"}, "line 3: productId has control characters."),
        ({"servicePeriodStartDate": "2026-10-02", "servicePeriodEndDate": "2026-10-01"},
         "line 3: servicePeriodEndDate is before servicePeriodStartDate."),
        ({"servicePeriodEndDate": "9999-12-31T12:00:00Z"},
         "line 3: servicePeriodEndDate is 9999-12-31 12:00:00+00:00, which is past the end of the calendar."),
        ({"usagePerPricingBand": "x"}, "line 3: usagePerPricingBand is not a list."),
        ({"usagePerPricingBand": [{"bandSubtotal": 1}, {}]}, "line 3, band 2: convertedBandSubtotal and bandSubtotal are missing."),
        ({"additional": {"counted": "perhaps"}}, "line 3, additional: counted is perhaps, not true or false."),
        ({"id": None, "segment": {"region": ["eu"]}}, "line 3, segment: region is neither text nor a number."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_names_it(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_bill(bill(usage(), usage(id="l2"), usage(**wrong)))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("raw", [None, [], "text", 7])
def test_what_is_no_object_is_refused(raw: Any) -> None:
    for read, noun in ((read_bill, "Bill"), (read_party, "Account")):
        with pytest.raises(ValueError, match=f"The {noun} is not a JSON object"):
            read(raw)


def test_an_account_whole() -> None:
    raw = parse("""{"id": "a-7", "name": "Étoile Média", "code": "ETM-03", "emailAddress": "ap@etoile.example.test", "currency": "EUR",
        "address": {"addressLine1": "12 rue de l’Échiquier", "addressLine2": "", "postCode": 75010, "country": "FR", "region": null},
        "customFields": {"country": "FR", "tier": 3, "rate": 0.15, "score": 2.0, "vip": true, "left": null}, "version": 1}""")
    assert read_party(raw) == Party(
        id="a-7",
        code="ETM-03",
        name="Étoile Média",
        email="ap@etoile.example.test",
        currency="EUR",
        address={"addressLine1": "12 rue de l’Échiquier", "postCode": "75010", "country": "FR"},
        custom_fields={"country": "FR", "tier": 3, "rate": "0.15", "score": 2, "vip": True},
    )


@pytest.mark.parametrize("kind", ["Product", "Aggregation", "CompoundAggregation"])
def test_a_catalogue_item_whole(kind: str) -> None:
    raw = {"id": "p1", "code": "API", "name": "API requests", "customFields": {"netsuite_internal_item_id": "2001"}, "segments": [{}]}
    assert read_item(kind, raw) == Item(
        kind=kind, ref=Ref(id="p1", code="API", name="API requests"), custom_fields={"netsuite_internal_item_id": "2001"}
    )


def test_fifty_thousand_lines_are_one_bill() -> None:
    lines = [usage(id=f"l{number}", convertedSubtotal=D("0.0001")) for number in range(50_000)]
    read = read_bill(bill(*lines, billTotal=5))
    assert (len(read.lines), read.total, read.lines[-1].key) == (50_000, D(5), "l49999")
    assert slice_digest(read) == slice_digest(read_bill(bill(*lines, billTotal=D("5.00"))))
