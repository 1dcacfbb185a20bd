"""The customer of a Bill: which one it is, what is written to it, and how NetSuite is asked for it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from integrations.contract import Answer, CustomerRow, CustomerStep, Document, Plan, Request, Rule, Sending, Sought
from integrations.destinations.netsuite import DESTINATION
from integrations.destinations.netsuite.answers import fault_of
from integrations.http import Wire
from tests.destinations.netsuite import golden
from tests.destinations.netsuite.books import Books, a_document

ACCOUNT: dict[str, Any] = {
    "id": "cus-1",
    "code": "ACME",
    "name": "Acme Cloud",
    "email": "ap@acme.test",
    "address": {"addressLine1": "1 High Street", "locality": "Leeds", "postCode": "LS1 1AA", "country": "GB"},
}
OPTIONS = {
    "customerMatch": "EMAIL",
    "createMissingCustomers": True,
    "subsidiaryId": "2",
    "customFields": {"customerId": "custentity_customer_id"},
}
CREATED = {
    "externalId": "cus-1",
    "isPerson": False,
    "companyName": "Acme Cloud",
    "email": "ap@acme.test",
    "addressBook": {
        "items": [
            {
                "label": "Billing",
                "defaultBilling": True,
                "addressBookAddress": {
                    "addressee": "Acme Cloud",
                    "addr1": "1 High Street",
                    "city": "Leeds",
                    "zip": "LS1 1AA",
                    "country": {"id": "GB"},
                },
            }
        ]
    },
    "subsidiary": {"id": "2"},
    "currency": {"id": "1"},
    "custentity_customer_id": "cus-1",
}


def plan(
    step: str = "", mapped: str = "", account: dict[str, Any] | None = None, stamp: dict[str, Any] | None = None, **options: Any
) -> Plan:
    bill = {
        "source_id": "b-1",
        "number": "INV-1",
        "account": account or ACCOUNT,
        "currency": "USD",
        "total": "1.00",
        "bill_date": "2026-10-31",
        "status": "APPROVED",
        "lines": [{"key": "l1", "type": "USAGE", "description": "API", "amount": "1.00"}],
    }
    mappings = {"Currency": {"Currency:USD": "1"}, "Customer": {"Account:cus-1": mapped} if mapped else {}}
    said = {"customer": CustomerStep(step), **(stamp or {})}
    chosen = {"netsuiteDefaultItemId": "2020", **OPTIONS, **options}
    return golden.build({"bill": bill, "options": chosen, "mappings": mappings, "stamp": said})


def customer_of(found: Plan) -> Document:
    first, main = found.documents
    assert (first.slot, first.kind, main.slot) == ("customer", "customer", "main")
    return first


def test_a_customer_that_is_not_there_is_created_first_and_named_by_our_key() -> None:
    found = plan(
        "create", stamp={"site": "acme"}, customFields={"customerId": "custentity_customer_id", "customerSubdomain": "custentity_site"}
    )
    document = customer_of(found)
    assert document.body == CREATED | {"custentity_site": "acme"}
    assert (document.key, document.tag, document.total, document.lines, document.currency) == ("cus-1", "cus-1", 0, (), "USD")
    main = found.documents[1]
    assert main.body["entity"] == {"externalId": "cus-1"}
    assert main.customer is not None and (main.customer.rule, main.customer.id, main.customer.name) == (Rule.MATCH, "", "Acme Cloud")
    assert found.missing == ()


def test_without_options_and_an_address_nothing_is_made_up() -> None:
    document = customer_of(plan("create", account={"id": "cus 1", "code": "ACME"}, subsidiaryId="", customFields={}))
    assert document.body == {"externalId": "cus_x0020_1", "isPerson": False, "companyName": "ACME", "currency": {"id": "1"}}


def test_another_account_of_the_platform_prefixes_the_key() -> None:
    assert customer_of(plan("create", stamp={"source": "maxio-eu", "default_source": False})).key == "maxio-eu_x003A_cus-1"


def test_a_customer_that_was_there_gets_the_external_id_and_nothing_else() -> None:
    found = plan("claim", mapped="1002")
    assert customer_of(found).body == {"externalId": "cus-1"}
    assert found.documents[1].body["entity"] == {"id": "1002"}


def test_a_changed_account_brings_name_email_and_address_and_never_the_external_id() -> None:
    body = customer_of(plan("update", mapped="1002")).body
    assert body == {name: CREATED[name] for name in ("companyName", "email", "addressBook")}


def test_a_customer_that_is_as_it_should_be_is_not_written() -> None:
    (main,) = plan(mapped="1002").documents
    assert main.body["entity"] == {"id": "1002"}


def test_a_customer_that_is_neither_there_nor_to_be_created_is_missing() -> None:
    found = plan("absent", createMissingCustomers=False)
    assert [(missing.entity, missing.ref.id, missing.table) for missing in found.missing] == [("Account", "cus-1", "Customer")]


def test_before_anybody_has_looked_the_bill_says_what_will_happen() -> None:
    (main,) = plan().documents
    assert (
        main.customer is not None
        and main.customer.detail == "looked for by its e-mail address or external id before sending, created when there is none"
    )
    (main,) = plan(customerMatch="EXTERNAL_ID", createMissingCustomers=False).documents
    assert main.customer is not None and main.customer.detail == "looked for by its external id before sending, not created"


def test_where_accounts_are_only_mapped_the_accounts_own_id_is_taken_as_before() -> None:
    (main,) = plan(customerMatch="MAPPING", createMissingCustomers=False).documents
    assert main.customer is not None and (main.customer.rule, main.body["entity"]) == (Rule.SOURCE_ID, {"id": "cus-1"})


# --- against the emulated books -----------------------------------------------------------------------------------------------------------


def asked(books: Books, by: Any, *values: str) -> dict[str, list[CustomerRow]]:
    assert DESTINATION.customers is not None
    found = DESTINATION.customers.ask(Wire(books.login, "Netsuite"), books.login.settings["accountId"], by, values)
    return {value: list(rows) for value, rows in found.items()}


def test_customers_are_found_by_email_in_any_case_by_external_id_and_by_id(books: Books) -> None:
    books.enter("customer", {"id": "501", "companyName": "One", "email": "AP@one.test", "externalId": "cus-1"})
    books.enter("customer", {"id": "502", "companyName": "Two", "email": "ap@One.test", "isInactive": True})
    one = CustomerRow(id="501", name="One", email="AP@one.test", external_id="cus-1")
    two = CustomerRow(id="502", name="Two", email="ap@One.test", active=False)
    assert asked(books, "email", "ap@ONE.test", "nobody@one.test") == {"ap@ONE.test": [one, two]}
    assert asked(books, "external_id", "cus-1", "cus-2") == {"cus-1": [one]}
    assert asked(books, "id", "502", "9") == {"502": [two]}
    assert asked(books, "email") == {}


def test_creating_twice_makes_one_customer_with_one_address(books: Books) -> None:
    document = customer_of(plan("create"))
    first, second = books.send(document), books.send(document, update=True)
    assert first.fault is None and first.external_id == second.external_id
    [made] = [record for record in books.records("customer") if record.get("externalId") == "cus-1"]
    assert (made["id"], made["companyName"], made["email"]) == (first.external_id, "Acme Cloud", "ap@acme.test")
    assert len(made["addressBook"]["items"]) == 1 and made["custentity_customer_id"] == "cus-1"


def test_a_known_customer_is_changed_by_its_id(books: Books) -> None:
    assert books.send(customer_of(plan("claim", mapped="1002"))).external_id == "1002"
    assert books.send(customer_of(plan("update", mapped="1002", account=ACCOUNT | {"email": "new@acme.test"})), update=True).fault is None
    [changed] = [record for record in books.records("customer") if record["id"] == "1002"]
    assert (changed["externalId"], changed["companyName"], changed["email"]) == ("cus-1", "Acme Cloud", "new@acme.test")
    assert [request.method for request in books.sent] == ["PATCH", "PATCH"]
    assert [request.url.rpartition("/")[2] for request in books.sent] == ["1002", "1002?replace=addressBook"]


def test_what_stands_under_a_customers_key_is_read_beside_documents(books: Books) -> None:
    books.send(customer_of(plan("create", account=ACCOUNT | {"name": "Acme Leeds"})))
    books.send(a_document())
    held = books.client.held([Sought("customer", "cus-1"), Sought("invoice", "bill-1"), Sought("customer", "bill-1")])
    assert {key: (each.tag, each.total, each.number) for key, each in held.items()} == {
        "cus-1": ("cus-1", 0, "Acme Leeds"),
        "bill-1": ("bill-1 r2 g3", 16, "INV-bill-1"),
    }
    assert held["cus-1"].url.startswith("https://1234567-sb1.app.netsuite.com/app/common/entity/custjob.nl?id=")
    assert [each.key for each in books.client.by_number("customer", "Acme Leeds")] == ["cus-1"]
    assert [each.key for each in books.client.by_number("customer", held["cus-1"].external_id)] == ["cus-1"]


def test_customers_never_go_in_a_collection(books: Books) -> None:
    document = customer_of(plan("create"))
    many = [Sending(document=replace(document, key=f"cus-{number}"), update=False) for number in range(30)]
    assert {request.method for request in books.client.pack(many, lambda members, body: "key")} == {"PUT"}
    assert len(books.client.pack(many, lambda members, body: "key")) == 30


@pytest.mark.parametrize(
    ("status", "code", "words", "expected"),
    [
        (400, "USER_ERROR", "Please enter value(s) for: Primary Subsidiary.", ("MISSING_FIELD", False)),
        (400, "USER_ERROR", "This entity already exists.", ("CUSTOMER_EXISTS", True)),
        (404, "NONEXISTENT_ID", "Record does not exist.", ("CUSTOMER_UNKNOWN", False)),
        (400, "USER_ERROR", "Invalid email address", ("CUSTOMER_EMAIL", False)),
        (400, "INVALID_KEY_OR_REF", "Invalid subsidiary reference key 9.", ("SUBSIDIARY_INACTIVE", False)),
        (400, "INVALID_CONTENT", "The field custentity_x does not exist on the record type customer.", ("UNKNOWN_PROPERTY", False)),
        (429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded.", ("CONCURRENCY_LIMIT_EXCEEDED", False)),
    ],
)
def test_a_refused_customer_is_explained(status: int, code: str, words: str, expected: tuple[str, bool]) -> None:
    request = Request(method="PUT", url="https://x/services/rest/record/v1/customer/eid:cus-1", body=json.dumps(CREATED).encode())
    body = json.dumps({"status": status, "o:errorDetails": [{"detail": words, "o:errorCode": code}]})
    fault = fault_of(request, Answer(status=status, headers={}, body=body.encode(), milliseconds=1))
    assert (fault.code, fault.look) == expected and fault.title and fault.remedy
