"""The QuickBooks emulator, asked as Intuit's API is: versions, numbers, batches, the query language, request ids, limits and pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from integrations.emulation.hub import Hub
from tests.wire import emulated

ROOT = "https://quickbooks.api.intuit.com/v3/company/9130"
TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"


def line(amount: float = 10, **detail: Any) -> dict[str, Any]:
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "2001"}, **detail}}


def invoice(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"CustomerRef": {"value": "1001"}, "TxnDate": "2026-09-30", "Line": list(lines) or [line()], **fields}


@dataclass
class Company:
    """A logged-in session on one company."""

    hub: Hub
    session: requests.Session

    def post(self, path: str, body: Any, **params: str) -> requests.Response:
        return self.session.post(f"{ROOT}/{path}", json=body, params=params, timeout=5)

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(f"{ROOT}/{path}", params=params, timeout=5)

    def query(self, statement: str) -> Any:
        return self.get("query", query=statement).json().get("QueryResponse")

    def made(self, *lines: dict[str, Any], kind: str = "Invoice", **fields: Any) -> dict[str, Any]:
        answer = self.post(kind.lower(), invoice(*lines, **fields))
        assert answer.status_code == 200, answer.text
        return dict(answer.json()[kind])

    def configure(self, **settings: Any) -> None:
        self.hub.emulators["quickbooks"].configure(settings)


def code(answer: requests.Response) -> str:
    """The code of the accounting service's envelope, whose shape is checked on the way."""
    fault = answer.json()["Fault"]
    assert set(fault) == {"Error", "type"} and answer.status_code == 400
    [error] = fault["Error"]
    assert set(error) == {"Message", "Detail", "code", "element"}
    return str(error["code"])


@pytest.fixture
def company() -> Iterator[Company]:
    with emulated() as hub:
        content = hub.emulators["quickbooks"].credential_files(None)["QUICKBOOKS_OAUTH"]
        form = {"grant_type": "refresh_token", "refresh_token": content["refreshToken"]}
        answer = requests.post(TOKENS, data=form, auth=(content["clientId"], content["clientSecret"]), timeout=5)
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield Company(hub, session)


# --- documents ---------------------------------------------------------------------------------------------------------------------------


def test_totals_are_worked_out_and_names_filled_in(company: Company) -> None:
    made = company.made(line(18, Qty=1200, UnitPrice=0.015), line(2.5), DocNumber="A-1")
    assert (made["TotalAmt"], made["Balance"], made["SyncToken"], made["DueDate"]) == (20.5, 20.5, "0", "2026-09-30")
    assert made["CustomerRef"] == {"value": "1001", "name": "Acme Cloud"} and made["CurrencyRef"]["value"] == "USD"
    assert made["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "API Usage"
    assert company.get(f"invoice/{made['Id']}").json()["Invoice"] == made


def test_an_update_needs_the_version_and_sparse_keeps_the_rest(company: Company) -> None:
    made = company.made(DocNumber="A-1", PrivateNote="n")
    assert code(company.post("invoice", {"Id": made["Id"], "SyncToken": "7", "sparse": True})) == "5010"
    changed = company.post("invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Line": [line(3)]}).json()["Invoice"]
    assert (changed["SyncToken"], changed["TotalAmt"], changed["PrivateNote"]) == ("1", 3, "n")
    whole = company.post("invoice", {**invoice(), "Id": made["Id"], "SyncToken": "1"}).json()["Invoice"]
    assert "PrivateNote" not in whole


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (invoice(CustomerRef={"value": "9"}), "2500"),
        (invoice(line(ItemRef={"value": "9"})), "2500"),
        ({"Line": [line()]}, "2020"),
        (invoice(foo=1), "2010"),
        (invoice(DocNumber="x" * 22), "2050"),
        (invoice(TxnDate="soon"), "2040"),
        (invoice({"DetailType": "Nonsense", "Amount": 1}), "2170"),
        (invoice(line(10, Qty=3, UnitPrice=3.33333)), None),
        (invoice(line(10, Qty=3, UnitPrice=3.33)), "6070"),
        (invoice(line(10, Qty=3, UnitPrice=3.333333)), "2040"),
        (invoice(line(-10)), "6000"),
        (invoice(CurrencyRef={"value": "XXX"}), "2500"),
    ],
)
def test_what_intuit_refuses(company: Company, body: dict[str, Any], expected: str | None) -> None:
    answer = company.post("invoice", body)
    assert (code(answer) if expected else answer.status_code) == (expected or 200)


def test_a_number_may_exist_once(company: Company) -> None:
    company.made(DocNumber="A-1")
    assert code(company.post("invoice", invoice(DocNumber="A-1"))) == "6140"
    assert company.post("invoice", invoice(DocNumber="A-1"), include="allowduplicatedocnum").status_code == 200
    assert company.post("creditmemo", invoice(DocNumber="A-1")).status_code == 200, "another type has numbers of its own"
    company.configure(custom_numbers=False)
    assert company.made(DocNumber="A-1")["DocNumber"] == "1001"


def test_closed_books(company: Company) -> None:
    made = company.made()
    company.configure(closed_before="2026-10-01")
    assert code(company.post("invoice", invoice())) == "6210"
    assert code(company.post("invoice", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2026-10-05"})) == "6210"
    assert company.post("invoice", invoice(TxnDate="2026-10-01")).status_code == 200
    assert company.get("preferences").json()["Preferences"]["AccountingInfoPrefs"] == {"BookCloseDate": "2026-09-30"}


def test_void_and_delete(company: Company) -> None:
    first, second = company.made(), company.made(kind="CreditMemo")
    voided = company.post("invoice", {"Id": first["Id"], "SyncToken": "0"}, operation="void").json()["Invoice"]
    assert (voided["TotalAmt"], voided["Balance"], voided["PrivateNote"]) == (0, 0, "Voided")
    gone = company.post("creditmemo", {"Id": second["Id"], "SyncToken": "0"}, operation="delete").json()["CreditMemo"]
    assert gone["status"] == "Deleted" and code(company.get(f"creditmemo/{second['Id']}")) == "610"


def test_names_are_unique(company: Company) -> None:
    assert company.post("customer", {"DisplayName": "Northwind"}).json()["Customer"]["Active"] is True
    assert code(company.post("customer", {"DisplayName": "Northwind"})) == "6240"
    assert code(company.post("item", {"Name": "API Usage"})) == "6240"
    assert code(company.post("customer", {"DisplayName": "a:b"})) == "2040"


# --- batches and request ids -------------------------------------------------------------------------------------------------------------


def test_a_batch_answers_each_part_by_its_id(company: Company) -> None:
    parts = [
        {"bId": "b1", "operation": "create", "Invoice": invoice(DocNumber="A-1")},
        {"bId": "b2", "operation": "create", "Invoice": invoice(DocNumber="A-1")},
        {"bId": "b3", "Query": "select * from Invoice where DocNumber = 'A-1'"},
    ]
    first, second, third = company.post("batch", {"BatchItemRequest": parts}).json()["BatchItemResponse"]
    assert first["bId"] == "b1" and first["Invoice"]["DocNumber"] == "A-1"
    assert second["bId"] == "b2" and second["Fault"]["Error"][0]["code"] == "6140"
    assert third["QueryResponse"]["Invoice"][0]["Id"] == first["Invoice"]["Id"]


def test_batch_limits(company: Company) -> None:
    part = {"bId": "b", "operation": "create", "Invoice": invoice()}
    assert code(company.post("batch", {"BatchItemRequest": [part] * 51})) == "1040"
    long_id = {**part, "bId": "b" * 11}
    assert code(company.post("batch", {"BatchItemRequest": [long_id]}, requestid="r")) == "2050"
    assert company.post("batch", {"BatchItemRequest": [long_id]}).status_code == 200
    assert code(company.post("batch", {"BatchItemRequest": [part]}, requestid="r" * 37)) == "2050"


def test_a_request_id_is_answered_once(company: Company) -> None:
    first = company.post("invoice", invoice(), requestid="r-1").json()
    assert company.post("invoice", invoice(line(99)), requestid="r-1").json() == first
    assert len(company.query("select * from Invoice")["Invoice"]) == 1
    company.configure(request_id_seconds=0)
    assert company.post("invoice", invoice(), requestid="r-1").json() != first


# --- the query language ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "numbers"),
    [
        ("select * from Invoice", ["A-1", "A-2", "it's"]),
        ("SELECT * FROM Invoice WHERE DocNumber IN ('A-1', 'A-2')", ["A-1", "A-2"]),
        (r"select * from Invoice where DocNumber = 'it\'s'", ["it's"]),
        ("select * from Invoice where DocNumber like 'A%'", ["A-1", "A-2"]),
        ("select * from Invoice where TotalAmt > '15' and CustomerRef = '1001'", ["A-2"]),
        ("select * from Invoice where TxnDate >= '2026-10-01'", ["it's"]),
        ("select * from Invoice where MetaData.CreateTime > '2030-01-01T00:00:00Z'", []),
        ("select * from Invoice orderby TotalAmt desc startposition 1 maxresults 1", ["it's"]),
        ("select * from Invoice startposition 2 maxresults 5", ["A-2", "it's"]),
    ],
)
def test_queries(company: Company, statement: str, numbers: list[str]) -> None:
    company.made(line(10), DocNumber="A-1")
    company.made(line(20), DocNumber="A-2")
    company.made(line(30), DocNumber="it's", TxnDate="2026-10-15", CustomerRef={"value": "1002"})
    assert [each["DocNumber"] for each in company.query(statement).get("Invoice", [])] == numbers
    posted = company.session.post(f"{ROOT}/query", data=statement, headers={"Content-Type": "application/text"}, timeout=5)
    assert [each["DocNumber"] for each in posted.json()["QueryResponse"].get("Invoice", [])] == numbers


def test_counts_and_inactive_names(company: Company) -> None:
    assert company.query("select count(*) from Customer") == {"totalCount": 20}
    company.post("customer", {"Id": "1020", "SyncToken": "0", "sparse": True, "Active": False})
    assert company.query("select count(*) from Customer") == {"totalCount": 19}
    assert company.query("select count(*) from Customer where Active IN (true, false)") == {"totalCount": 20}


@pytest.mark.parametrize(
    "statement",
    [
        "select * from Invoice where DocNumber = 'a' or DocNumber = 'b'",
        "select Id from Invoice",
        "select * from Nothing",
        "select * from Invoice where PrivateNote = 'x'",
        "drop table Invoice",
        "select * from Invoice where DocNumber = 'open",
    ],
)
def test_what_the_language_has_not(company: Company, statement: str) -> None:
    assert code(company.get("query", query=statement)) in ("4000", "4001")


# --- the gateway, the login and the pages ------------------------------------------------------------------------------------------------


def test_the_gateway_has_a_shape_of_its_own(company: Company) -> None:
    company.configure(batches_per_minute=0)
    answer = company.post("batch", {"BatchItemRequest": []})
    assert answer.status_code == 429 and answer.json()["fault"]["error"][0]["code"] == "3001"
    assert company.get("preferences").status_code == 200
    company.session.headers["Authorization"] = "Bearer nobody"
    answer = company.get("preferences")
    assert answer.status_code == 401 and "errorCode=003200" in answer.json()["fault"]["error"][0]["message"]


def test_every_answer_has_a_trace_id(company: Company) -> None:
    traces = {company.get("preferences").headers["intuit_tid"] for _ in range(3)}
    assert len(traces) == 3


def test_the_discovery_document(company: Company) -> None:
    for name in ("openid_configuration", "openid_sandbox_configuration"):
        found = requests.get(f"https://developer.intuit.com/.well-known/{name}/", timeout=5).json()
        assert found["token_endpoint"] == TOKENS and found["revocation_endpoint"].endswith("/v2/oauth2/tokens/revoke")


def test_a_person_sees_the_invoice(company: Company) -> None:
    made = company.made(DocNumber="A-1", BillEmail={"Address": "ap@example.test"})
    page = requests.get(f"https://app.qbo.intuit.com/app/invoice?txnId={made['Id']}&deeplinkcompanyid=9130", timeout=5)
    assert page.status_code == 200
    assert all(text in page.text for text in ("Invoice A-1", "Acme Cloud", "API Usage", "ap@example.test", "USD 10"))
    assert "A-1" in requests.get("https://app.qbo.intuit.com/app/invoices", timeout=5).text
    assert requests.get("https://app.qbo.intuit.com/app/invoice?txnId=7", timeout=5).status_code == 404


def test_records_by_hand(company: Company) -> None:
    emulator = company.hub.emulators["quickbooks"]
    with pytest.raises(ValueError, match="no record type Widget"):
        emulator.add_records("9130", "Widget", [{}])
    [number] = emulator.add_records("77", "Invoice", [{**invoice({**line(), "Amount": 10}), "Balance": 4}])
    [record] = emulator.state()["77"]["Invoice"]
    assert (record["Id"], record["Balance"], record["TotalAmt"]) == (number, 4, 10)


@pytest.mark.parametrize("settings", [{"nonsense": 1}, {"closed_before": "soon"}, {"custom_numbers": 1}, {"token_seconds": -1}])
def test_settings_are_checked(company: Company, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        company.configure(**settings)
