"""SuiteQL and record lists."""

from typing import Any

import pytest

from tests.emulation.books import Books, detail, invoice, line


@pytest.fixture
def three(books: Books) -> Books:
    for number, day in ((1, "2026-08-31"), (2, "2026-09-30"), (3, "2026-10-31")):
        books.put(f"bill-{number}", invoice(line(amount=number * 10.5), tranDate=day, tranId=f"B-{number}", memo=f"memo {number}"))
    return books


def test_invoices_by_external_id(three: Books) -> None:
    sql = (
        "SELECT id, externalid, tranid, trandate, TO_CHAR(trandate, 'YYYY-MM-DD') AS day, foreigntotal, foreignamountunpaid, status, memo, "
        "postingperiod, entity, currency, type, voided, BUILTIN.DF(currency) AS symbol FROM transaction "
        "WHERE type = 'CustInvc' AND externalid IN (?, ?) ORDER BY id"
    )
    assert three.query(sql, "bill-2", "bill-9") == [
        {
            "id": "88002",
            "externalid": "bill-2",
            "tranid": "B-2",
            "trandate": "9/30/2026",
            "day": "2026-09-30",
            "foreigntotal": "21",
            "foreignamountunpaid": "21",
            "status": "A",
            "memo": "memo 2",
            "postingperiod": "202609",
            "entity": "1001",
            "currency": "1",
            "type": "CustInvc",
            "voided": "F",
            "symbol": "USD",
        }
    ]


def test_answers_follow_every_change(three: Books) -> None:
    sql = "SELECT foreigntotal, foreignamountunpaid, status FROM transaction WHERE externalid = 'bill-1'"
    three.query(sql)
    three.records("invoice", {"externalId": "bill-1", "status": "Paid In Full"})
    assert three.query(sql) == [{"foreigntotal": "10.5", "foreignamountunpaid": "0", "status": "B"}]
    three.records("invoice", {"externalId": "bill-1", "deleted": True})
    assert three.query(sql) == []
    three.control("reset", {})
    assert three.query("SELECT COUNT(*) AS n FROM transaction") == [{"n": "0"}]


def test_a_credit_memo_is_negative_and_lines_have_the_ledgers_sign(three: Books) -> None:
    three.call("PUT", "record/v1/creditMemo/eid:cm-1", {**invoice(line(amount=7, quantity=2)), "tranDate": "2026-10-01"})
    sql = "SELECT foreigntotal, type FROM transaction WHERE recordtype = 'creditmemo'"
    assert three.query(sql) == [{"foreigntotal": "-7", "type": "CustCred"}]
    lines = (
        "SELECT tl.mainline, tl.foreignamount, tl.quantity, tl.item FROM transactionline tl JOIN transaction t ON t.id = tl.transaction "
        "WHERE t.externalid = ? ORDER BY tl.linesequencenumber"
    )
    credit = [{"mainline": "T", "foreignamount": "-7"}, {"mainline": "F", "foreignamount": "7", "quantity": "2", "item": "2001"}]
    assert three.query(lines, "cm-1") == credit
    assert three.query(lines, "bill-1")[1] == {"mainline": "F", "foreignamount": "-10.5", "item": "2001"}


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("SELECT id, entityid, email, isinactive FROM customer WHERE id = 1001", ("1001", "Acme Cloud", "ap-1001@example.test", "F")),
        ("SELECT id, itemid, itemtype FROM item WHERE itemid = 'Edge Gateway'", ("2015", "Edge Gateway", "InvtPart")),
        ("SELECT id FROM currency WHERE symbol = 'KWD'", ("5",)),
        ("SELECT name FROM subsidiary WHERE id = 1", ("Parent Company",)),
        ("SELECT name FROM department WHERE id = 4", ("Usage Billing",)),
        ("SELECT name FROM location WHERE id = 2", ("London",)),
        ("SELECT name FROM classification WHERE id = 3", ("Self-serve",)),
        ("SELECT fullname, accttype FROM account WHERE id = 25", ("Operating Bank", "Bank")),
        (
            "SELECT periodname, startdate, enddate, closed FROM accountingperiod WHERE id = 202602",
            ("Feb 2026", "2/1/2026", "2/28/2026", "F"),
        ),
        ("SELECT COUNT(*) AS n FROM transaction WHERE trandate >= TO_DATE('2026-09-01', 'YYYY-MM-DD')", ("2",)),
        ("SELECT SUM(foreigntotal) AS s, NVL(NULL, 'x') AS x FROM transaction", ("63", "x")),
        ("SELECT 'a transaction' AS word FROM transaction WHERE tranid = 'B-1'", ("a transaction",)),
    ],
)
def test_tables(three: Books, sql: str, row: tuple[str, ...]) -> None:
    assert [tuple(found.values()) for found in three.query(sql)] == [row]


def ask(books: Books, body: Any, path: str = "query/v1/suiteql", **headers: str) -> Any:
    return books.call("POST", path, body, **{"Prefer": "transient", **headers})


def test_pages_of_rows(three: Books) -> None:
    first = ask(three, {"q": "SELECT id FROM transaction ORDER BY id"}, "query/v1/suiteql?limit=2").json()
    assert (first["count"], first["hasMore"], first["totalResults"], first["offset"]) == (2, True, 3, 0)
    second = ask(three, {"q": "SELECT id FROM transaction ORDER BY id"}, "query/v1/suiteql?limit=2&offset=2").json()
    assert (second["items"], second["hasMore"]) == ([{"links": [], "id": "88003"}], False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": {"q": "SELECT id FROM transaction"}, "Prefer": "respond-async"},
        {"body": {"q": "SELECT id FROM transaction"}, "path": "query/v1/suiteql?limit=1001"},
        {"body": {"q": "SELECT id FROM transaction"}, "path": "query/v1/suiteql?limit=2&offset=3"},
        {"body": {"q": "SELECT id FROM transaction"}, "path": "query/v1/suiteql?limit=two"},
        {"body": {"q": "SELECT nothing FROM transaction"}},
        {"body": {"q": "SELECT id FROM dragons"}},
        {"body": {"q": "DELETE FROM customer"}},
        {"body": {"q": "ATTACH DATABASE '/tmp/x' AS x"}},
        {"body": {"q": "SELECT 1; SELECT 2"}},
        {"body": {"q": "SELECT id FROM transaction WHERE id = ?"}},
        {"body": {"q": "SELECT TO_DATE('soon', 'YYYY-MM-DD') AS d FROM currency"}},
        {"body": {"query": "SELECT 1"}},
        {"body": []},
    ],
    ids=str,
)
def test_wrong_queries(three: Books, wrong: dict[str, Any]) -> None:
    assert detail(ask(three, **wrong))[0] == 400
    assert len(three.query("SELECT id FROM customer")) == 20


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ('externalId IS "bill-2"', [2]),
        ('externalid IS "BILL-2"', [2]),
        ('externalId IS_NOT "bill-2"', [1, 3]),
        ("tranId START_WITH B-", [1, 2, 3]),
        ('memo CONTAIN "2"', [2]),
        ('memo ENDWITH "3" OR memo END_WITH "1"', [1, 3]),
        ("total GREATER 21", [3]),
        ("total GREATER_OR_EQUAL 21 AND total LESS 31.5", [2]),
        ("total BETWEEN [10, 21]", [1, 2]),
        ("id ANY_OF [88001, 88003]", [1, 3]),
        ("id ANY_OF_NOT [88001, 88003]", [2]),
        ("entity EQUAL 1001 AND NOTHING EMPTY", [1, 2, 3]),
        ('tranDate ON_OR_AFTER "9/30/2026"', [2, 3]),
        ('tranDate BEFORE "2026-09-30"', [1]),
        ('tranDate ON "9/30/2026" OR (tranDate AFTER "10/1/2026" AND memo EMPTY_NOT)', [2, 3]),
        ("otherRefNum EMPTY", [1, 2, 3]),
        ("otherRefNum IS x", []),
    ],
)
def test_filters(three: Books, q: str, found: list[int]) -> None:
    answer = three.session.get(f"{three.base}/services/rest/record/v1/invoice", params={"q": q})
    assert [int(item["id"]) - 88000 for item in answer.json()["items"]] == found


def test_booleans_in_filters(three: Books) -> None:
    three.records("customer", {"id": "1003", "isInactive": True})
    answer = three.session.get(f"{three.base}/services/rest/record/v1/customer", params={"q": "isInactive IS true"})
    assert [item["id"] for item in answer.json()["items"]] == ["1003"]


@pytest.mark.parametrize("q", ["memo", "memo IS", "memo LIKE x", "(memo IS x", 'tranDate ON "soon"', "memo IS x AND"])
def test_wrong_filters(three: Books, q: str) -> None:
    answer = three.session.get(f"{three.base}/services/rest/record/v1/invoice", params={"q": q})
    assert detail(answer)[:2] == (400, "INVALID_PARAMETER")


def test_pages_of_a_list(three: Books) -> None:
    page = three.call("GET", "record/v1/invoice?limit=1&offset=1").json()
    assert (page["count"], page["hasMore"], page["totalResults"], page["offset"]) == (1, True, 3, 1)
    assert [link["rel"] for link in page["links"]] == ["self", "previous", "next"]
    assert page["items"][0]["id"] == "88002"


def test_metadata_names_custom_fields(books: Books) -> None:
    books.records("customField", {"scriptId": "custcol_new"})
    schema = books.call("GET", "record/v1/metadata-catalog/invoice", Accept="application/schema+json").json()
    lines = schema["properties"]["item"]["properties"]["items"]["items"]["properties"]
    assert lines["custcol_new"]["x-ns-custom-field"] and lines["amount"]["type"] == "number"
    assert "custbody_src_bill_id" in schema["properties"]
    assert "invoice" in [entry["name"] for entry in books.call("GET", "record/v1/metadata-catalog").json()["items"]]
    assert detail(books.call("GET", "record/v1/metadata-catalog/dragon"))[0] == 404


def test_governance_limits(books: Books) -> None:
    books.configure(concurrency=15)
    assert books.call("GET", "system/v1/governanceLimits").json()["accountConcurrencyLimit"] == 15
