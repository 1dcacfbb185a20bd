"""Bills on their way: one atomic graph each, many in a call, and what comes of every kind of refusal."""

from decimal import Decimal
from typing import Any

import pytest

from integrations import errors
from integrations.contract import Outcome, Sought
from integrations.destinations.salesforce import graph
from integrations.destinations.salesforce.emulation.catalogue import account_id
from integrations.emulation import jsons
from tests.destinations.salesforce.org import Org, a_document


def test_a_bill_is_a_header_with_its_lines(org: Org) -> None:
    (outcome,) = org.send(a_document())
    (invoice,) = org.records()
    assert outcome == Outcome(member="bill-1", external_id=invoice["Id"], url=f"https://demo.my.salesforce.com/{invoice['Id']}")
    told = {name: invoice[name] for name in ("Source_Bill_Id__c", "Name", "Account__c", "Total__c", "Currency__c", "Complete__c")}
    assert told == {
        "Source_Bill_Id__c": "bill-1",
        "Name": "INV-bill-1",
        "Account__c": account_id(2),
        "Total__c": Decimal(3),
        "Currency__c": "USD",
        "Complete__c": True,
    }
    assert org.lines(invoice) == {"l1": Decimal("1.00"), "l2": Decimal("2.00")}


def test_the_same_bytes_again_make_nothing_twice(org: Org) -> None:
    org.send(a_document())
    before = {kind: [record["Id"] for record in org.records(kind)] for kind in ("Invoice__c", "Invoice_Line__c")}
    client = org.client
    (outcome,) = client.outcomes(org.sent[0], client.send(org.sent[0]))
    assert outcome.fault is None
    assert {kind: [record["Id"] for record in org.records(kind)] for kind in before} == before


def test_a_changed_bill_changes_in_place_and_loses_the_lines_it_has_no_more(org: Org) -> None:
    org.send(a_document(lines=3))
    first = org.records()[0]["Id"]
    (outcome,) = org.send(a_document(lines=1, revision=2))
    (invoice,) = org.records()
    assert outcome.fault is None and invoice["Id"] == first
    assert invoice["Revision_Tag__c"] == "bill-1 r2 g2" and invoice["Total__c"] == Decimal(1)
    assert org.lines(invoice) == {"l1": Decimal("1.00")}


def test_lines_that_people_added_stay(org: Org) -> None:
    org.send(a_document(lines=2))
    org.enter("Invoice_Line__c", {"Invoice__c": org.records()[0]["Id"], "Amount__c": 7})
    org.send(a_document(lines=1, revision=2))
    assert sorted(line["Amount__c"] for line in org.records("Invoice_Line__c")) == [Decimal("1.00"), Decimal(7)]


def test_what_a_bill_lacks_is_cleared(org: Org) -> None:
    org.send(a_document(due_date="2026-11-30", purchase_order="PO-7"))
    assert (org.records()[0]["Due_Date__c"], org.records()[0]["Purchase_Order__c"]) == ("2026-11-30", "PO-7")
    org.send(a_document(revision=2))
    assert (org.records()[0]["Due_Date__c"], org.records()[0]["Purchase_Order__c"]) == (None, None)


def test_a_call_holds_75_bills_and_500_nodes(org: Org) -> None:
    five = org.client.pack(org.sendings([a_document(f"b{n:03}", lines=5) for n in range(100)], org.client), lambda *_: "key")
    assert [len(request.members) for request in five] == [75, 25]
    nine = org.client.pack(org.sendings([a_document(f"b{n:03}", lines=9) for n in range(100)], org.client), lambda *_: "key")
    assert [len(request.members) for request in nine] == [50, 50]
    for request in [*five, *nine]:
        graphs = jsons.load(request.body)["graphs"]
        assert len(graphs) <= graph.MOST_GRAPHS and sum(len(each["compositeRequest"]) for each in graphs) <= graph.MOST_NODES


def test_bills_of_one_account_travel_together(org: Org) -> None:
    accounts = ["acc-1", "acc-2"]
    documents = [a_document(f"b{n:03}", lines=5, account={"id": accounts[n % 2]}) for n in range(150)]
    first, second = org.client.pack(org.sendings(documents, org.client), lambda *_: "key")
    assert {int(member[1:]) % 2 for member in first.members} == {0}
    assert {int(member[1:]) % 2 for member in second.members} == {1}


def test_one_refused_bill_never_undoes_the_others(org: Org) -> None:
    documents = [a_document("good"), a_document("bad", account={"id": "not-there"}), a_document("fine")]
    outcomes = {outcome.member: outcome for outcome in org.send(*documents)}
    assert {member: outcome.fault is None for member, outcome in outcomes.items()} == {"good": True, "bad": False, "fine": True}
    assert {record["Source_Bill_Id__c"] for record in org.records()} == {"good", "fine"}
    fault = outcomes["bad"].fault
    assert fault and (fault.code, fault.next) == ("PARENT_NOT_VISIBLE", "person") and fault.entity == "not-there"


def test_after_fourteen_failures_the_rest_is_halted_and_goes_again(org: Org) -> None:
    org.configure(refuse=[{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No.", "match": "bad", "times": 99}])
    outcomes = org.send(*[a_document(f"bad{n:02}") for n in range(14)], *[a_document(f"good{n}") for n in range(3)])
    steps = {outcome.member: outcome.fault and (outcome.fault.code, outcome.fault.next) for outcome in outcomes}
    assert set(list(steps.values())[:14]) == {("VALIDATION_RULE", "person")}
    assert [steps[f"good{n}"] for n in range(3)] == [("HALTED", "retry")] * 3
    assert org.records() == []


def test_half_a_graph_is_none(org: Org) -> None:
    org.configure(refuse=[{"errorCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Region__c]", "match": ":l2"}])
    (outcome,) = org.send(a_document())
    assert outcome.fault and outcome.fault.title == "Salesforce insists on Region__c, which the invoice does not carry."
    assert org.records() == org.records("Invoice_Line__c") == []


def test_a_locked_account_is_tried_again(org: Org) -> None:
    words = "unable to obtain exclusive access to this record or 1 records: 001"
    org.configure(refuse=[{"errorCode": "UNABLE_TO_LOCK_ROW", "message": words}])
    (outcome,) = org.send(a_document())
    assert outcome.fault and (outcome.fault.code, outcome.fault.next) == ("RECORD_LOCKED", "retry")
    assert org.send(a_document())[0].fault is None


def test_a_line_that_somebody_deletes_meanwhile_stops_the_bill(org: Org) -> None:
    org.send(a_document(lines=2))
    client = org.client
    (request,) = client.pack(org.sendings([a_document(lines=1, revision=2)], client), lambda *_: "key")
    stale = next(line for line in org.records("Invoice_Line__c") if line["Source_Line_Id__c"].endswith("l2"))
    org.send(a_document(lines=1, revision=2))
    (outcome,) = client.outcomes(request, client.send(request))
    assert outcome.fault and outcome.fault.code == "LINE_GONE" and outcome.fault.look
    assert stale["Id"] not in {line["Id"] for line in org.records("Invoice_Line__c")}


@pytest.mark.parametrize("lines", [500, 999, 1000])
def test_a_large_bill_is_one_composite_call(org: Org, lines: int) -> None:
    (outcome,) = org.send(a_document(lines=lines))
    assert [request.url.rpartition("/")[2] for request in org.sent] == ["composite"]
    (invoice,) = org.records()
    assert outcome.external_id == invoice["Id"] and len(org.lines(invoice)) == lines
    assert (invoice["Complete__c"], invoice["Revision_Tag__c"]) == (True, "bill-1 r1 g1")


def test_a_large_bill_is_stored_whole_or_not_at_all(org: Org) -> None:
    org.configure(refuse=[{"errorCode": "STRING_TOO_LONG", "message": "Description: data value too large", "match": ":l777"}])
    (outcome,) = org.send(a_document(lines=800))
    assert outcome.fault and outcome.fault.code == "VALUE_DOES_NOT_FIT"
    assert org.records() == org.records("Invoice_Line__c") == []


def test_a_large_bill_that_shrinks_loses_its_lines(org: Org) -> None:
    org.send(a_document(lines=900))
    (outcome,) = org.send(a_document(lines=600, revision=2))
    assert outcome.fault is None and len(org.lines(org.records()[0])) == 600


def test_an_account_is_found_by_its_external_id(org: Org) -> None:
    org.enter("Account", {"Id": account_id(5), "Source_Account_Id__c": "acc-9"})
    (outcome,) = org.send(a_document(account={"id": "acc-9"}))
    assert outcome.fault is None and org.records()[0]["Account__c"] == account_id(5)


def test_an_org_may_use_objects_and_fields_of_its_own(org: Org) -> None:
    org.enter("CustomField", {"object": "Invoice__c", "name": "Amount_Due__c", "type": "double", "precision": 16, "scale": 2})
    chosen: dict[str, Any] = {"fieldMapping": {"total": "Amount_Due__c", "purchaseOrder": "", "lineProduct": ""}}
    client = org.with_options(**chosen)
    (outcome,) = org.send(a_document(chosen=chosen), client=client)
    (invoice,) = org.records()
    assert outcome.fault is None and (invoice["Amount_Due__c"], invoice["Total__c"]) == (Decimal(3), None)
    assert client.held([Sought("invoice", "bill-1")])["bill-1"].total == Decimal(3)


def test_the_records_of_an_org_of_several_currencies_get_the_bills_own(org: Org) -> None:
    chosen: dict[str, Any] = {"fieldMapping": {"currency": "CurrencyIsoCode", "lineCurrency": "CurrencyIsoCode"}}
    client = org.with_options(**chosen)
    (outcome,) = org.send(a_document(chosen=chosen, currency="EUR"), client=client)
    assert outcome.fault is None and client.held([Sought("invoice", "bill-1")])["bill-1"].currency == "EUR"
    assert {record["CurrencyIsoCode"] for kind in ("Invoice__c", "Invoice_Line__c") for record in org.records(kind)} == {"EUR"}


def test_without_a_field_for_the_account_there_is_no_customer(org: Org) -> None:
    chosen: dict[str, Any] = {"fieldMapping": {"account": ""}}
    client = org.with_options(**chosen)
    org.send(a_document(chosen=chosen), client=client)
    assert client.held([Sought("invoice", "bill-1")])["bill-1"].customer == ""


def test_an_ended_session_is_renewed_once(org: Org) -> None:
    org.send(a_document())
    org.enter("Session")
    assert org.send(a_document("bill-2"))[0].fault is None
    assert org.login.renewals == 1


def test_a_lost_answer_is_told_by_what_stands_there(org: Org) -> None:
    org.fault("commit_then_drop", "/composite/graph")
    client = org.client
    (request,) = client.pack(org.sendings([a_document()], client), lambda *_: "key")
    with pytest.raises(errors.Unknown):
        client.send(request)
    assert client.held([Sought("invoice", "bill-1")])["bill-1"].tag == "bill-1 r1 g1"
    assert client.outcomes(request, client.send(request))[0].fault is None
    assert len(org.records()) == 1


def test_held_tells_the_document_and_its_lines(org: Org) -> None:
    org.send(a_document(lines=2), a_document("it's \\ odd", lines=1))
    held = org.client.held([Sought("invoice", key) for key in ("bill-1", "it's \\ odd", "absent")])
    assert set(held) == {"bill-1", "it's \\ odd"}
    there = held["bill-1"]
    assert (there.customer, there.number, there.total, there.currency, there.status, str(there.date)) == (
        "Borealis AI, Inc.",
        "INV-bill-1",
        Decimal(3),
        "USD",
        "Approved",
        "2026-10-31",
    )
    assert sorted(there.lines) == ["bill-1:l1", "bill-1:l2"]
    assert org.client.by_number("invoice", "INV-bill-1") == [there.__class__(**{**_values(there), "lines": {}})]
    assert org.client.by_number("invoice", there.external_id)[0].key == "bill-1"


def _values(held: Any) -> dict[str, Any]:
    return {name: getattr(held, name) for name in held.__slots__}


def test_many_keys_are_asked_for_in_few_queries(org: Org) -> None:
    keys = [f"2f6d1c1e-7a55-4f0e-9a51-{n:012}" for n in range(1000)]
    org.client.held([Sought("invoice", key) for key in keys[:1]])
    before = org.calls()
    assert org.client.held([Sought("invoice", key) for key in keys]) == {}
    assert org.calls() - before == 8


def test_the_catalogue_names_accounts_products_and_fields(org: Org) -> None:
    assert {row.id: row.name for row in org.client.catalogue("Account")}[account_id(2)] == "Borealis AI, Inc."
    assert len(list(org.client.catalogue("Product2"))) == 10
    fields = {row.id: row for row in org.client.catalogue("Field")}
    total = fields["Invoice__c.Total__c"]
    assert (total.name, total.code, total.within) == ("Total", "Total__c", "Invoice__c")
    assert dict(total.facts) == {"Type": "double (18, 3)", "Required": "", "Picklist": ""}
    assert dict(fields["Invoice__c.Status__c"].facts)["Picklist"] == "Pending, Approved, Void"
    assert dict(fields["Invoice__c.CurrencyIsoCode"].facts)["Picklist"] == "USD, EUR, GBP, JPY, KWD and 3 more"
    assert dict(fields["Invoice_Line__c.Invoice__c"].facts) == {"Type": "reference (18)", "Required": "required", "Picklist": ""}
    assert not [name for name in fields if name.endswith(".Id")]
