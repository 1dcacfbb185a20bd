"""The control API, over the wire that tests fake."""

import pytest

from integrations.emulation.calls import generic_path
from tests.emulation.books import ACCOUNT, Books, invoice, line

SYSTEM = {"system": "netsuite", "tenant": ACCOUNT}


def test_state_holds_what_the_api_returns(books: Books) -> None:
    books.put("bill-1", invoice(line(amount=12.5), line("2002", amount=3)))
    assert books.state() == [books.get("bill-1")]
    assert [customer["id"] for customer in books.state("customer")] == [str(number) for number in range(1001, 1021)]


def test_state_knows_the_standard_account_before_any_call(books: Books) -> None:
    books.control("reset", {})
    assert books.control("state").json()["netsuite"][ACCOUNT]["invoice"] == []


def test_calls_are_counted_without_ids_and_without_control(books: Books) -> None:
    for number in (1, 2):
        books.put(f"bill-{number}", invoice())
    books.get("bill-1")
    record = "/services/rest/record/v1/invoice/*"
    assert books.control("calls").json() == {
        "total": 4,
        "by": [
            {"system": "netsuite", "method": "GET", "path": record, "status": 200, "count": 1},
            {"system": "netsuite", "method": "POST", "path": "/services/rest/auth/oauth2/v1/token", "status": 200, "count": 1},
            {"system": "netsuite", "method": "PUT", "path": record, "status": 204, "count": 2},
        ],
    }


@pytest.mark.parametrize(
    ("path", "generic"),
    [
        ("/services/rest/record/v1/invoice/eid:bill-1", "/services/rest/record/v1/invoice/*"),
        ("/services/rest/record/v1/invoice/eid%3Abill-1", "/services/rest/record/v1/invoice/*"),
        ("/services/rest/record/v1/invoice/88001/item/1", "/services/rest/record/v1/invoice/*/item/*"),
        ("/services/rest/async/v1/job/3/task/1/result", "/services/rest/async/v1/job/*/task/*/result"),
        ("/v3/company/9130/invoice", "/v3/company/*/invoice"),
        ("/a/0b9b3a4e-5f0e-4a5d-9a35-2c3a2f1f77aa", "/a/*"),
        ("/services/data/v60.0/sobjects/Account/001xx000003DGb2AAG", "/services/data/v60.0/sobjects/Account/*"),
        ("/services/rest/record/v1/serviceSaleItem", "/services/rest/record/v1/serviceSaleItem"),
    ],
)
def test_ids_in_paths_become_stars(path: str, generic: str) -> None:
    assert generic_path(path) == generic


def test_reset_clears_everything_but_credentials(books: Books) -> None:
    books.put("bill-1", invoice())
    books.records("customer", {"id": "1001", "isInactive": True})
    books.control(
        "configure", {"latency_ms": 1, "netsuite": {"concurrency": 1, "closed_before": "2026-10-01", "faults": [{"kind": "status"}]}}
    )
    books.control("reset", {})
    assert books.control("calls").json() == {"total": 0, "by": []}
    assert books.state() == []
    assert books.put("bill-1", invoice()).status_code == 204
    assert (books.hub.latency, books.hub.emulators["netsuite"].concurrency) == (0, 5)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("records", {"system": "nobody", "tenant": "a", "type": "invoice", "records": []}),
        ("records", {**SYSTEM, "type": "invoice", "records": {}}),
        ("records", {**SYSTEM, "type": "", "records": []}),
        ("records", {**SYSTEM, "type": "dragon", "records": [{}]}),
        ("records", {**SYSTEM, "type": "invoice", "records": [{"entity": "9999"}]}),
        ("records", {**SYSTEM, "type": "certificate", "records": [{"clientId": "c", "certificate": "no"}]}),
        ("records", {**SYSTEM, "type": "customField", "records": [{"scriptId": "Service Start"}]}),
        ("configure", {"nobody": {}}),
        ("configure", {"latency_ms": -1}),
        ("configure", {"latency_ms": True}),
        ("configure", {"netsuite": []}),
        ("configure", {"netsuite": {"concurrency": 0}}),
        ("configure", {"netsuite": {"dragons": 1}}),
        ("configure", {"netsuite": {"closed_before": "September"}}),
        ("configure", {"netsuite": {"required_fields": "department"}}),
        ("configure", {"netsuite": {"faults": {}}}),
        ("configure", {"netsuite": {"faults": [{"kind": "fire"}]}}),
        ("configure", {"netsuite": {"faults": [{"kind": "status", "status": 200}]}}),
        ("configure", {"netsuite": {"faults": [{"kind": "status", "times": "2"}]}}),
        ("configure", {"netsuite": {"faults": [{"kind": "status", "matches": "x"}]}}),
        ("configure", []),
    ],
)
def test_a_wrong_order_gets_a_sentence_and_changes_nothing(books: Books, path: str, body: object) -> None:
    before = books.control("state").json()
    answer = books.control(path, body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith((".", "]"))
    assert books.control("state").json() == before
    assert books.put("bill-1", invoice()).status_code == 204


def test_text_that_is_no_json_gets_a_sentence(books: Books) -> None:
    for body in ("{", "[NaN]", "[" * 100_000, '{"latency_ms": 1e99999999999999999999}'):
        answer = books.session.post(f"{books.base}/_emulator/configure", data=body)
        assert (answer.status_code, answer.json()["error"][:21]) == (400, "The body is not JSON:")


def test_unknown_control_and_unknown_system(books: Books) -> None:
    assert books.control("dragons").status_code == 404
    assert books.session.get(f"{books.base}/nowhere").status_code == 404
    assert books.control("calls").json()["total"] == 1


def test_records_of_any_tenant_have_their_own_books(books: Books) -> None:
    books.records("customer", {"id": "1500", "companyName": "Only there"}, tenant="7777777-sb2")
    assert "1500" in [customer["id"] for customer in books.state("customer", "7777777_SB2")]
    assert "1500" not in [customer["id"] for customer in books.state("customer")]


def test_a_record_changes_by_id_or_external_id_and_can_be_deleted(books: Books) -> None:
    books.put("bill-1", invoice(line(amount=40)))
    (number,) = books.records("invoice", {"externalId": "bill-1", "status": "Paid In Full"})
    paid = books.get("bill-1")
    assert (paid["id"], paid["status"]["id"], paid["amountRemaining"]) == (number, "Paid In Full", 0)
    books.records("invoice", {"id": number, "status": "Voided"})
    assert books.get("bill-1")["status"]["id"] == "Voided"
    books.records("invoice", {"id": number, "deleted": True})
    assert books.state() == []
