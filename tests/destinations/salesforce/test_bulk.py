"""Backfills: three bulk jobs in a row, the header's last word at their end, and how many calls that takes."""

from decimal import Decimal

import pytest

from integrations import errors
from integrations.contract import Client, Outcome, Request, Sending, Sought
from integrations.destinations.salesforce import collection, graph
from tests.destinations.salesforce.org import Org, a_document


def bulk_request(org: Org, client: Client, *names: str, lines: int = 2) -> Request:
    documents = [a_document(name, lines=lines) for name in names]
    (request,) = client.pack(org.sendings(documents, client), lambda members, body: "key")
    return request


def followed(client: Client, request: Request, job: str) -> list[Outcome]:
    """Follows the jobs to their end."""
    for _ in range(20):
        outcomes = client.follow(request, job)
        if not outcomes[0].job:
            return outcomes
        job = outcomes[0].job
    raise AssertionError("The jobs never end.")


def begun(client: Client, request: Request) -> str:
    outcomes = client.outcomes(request, client.send(request))
    (job,) = {outcome.job for outcome in outcomes}
    assert job and all(outcome.fault is None for outcome in outcomes)
    return job


def test_above_the_threshold_new_bills_go_as_bulk_jobs(org: Org) -> None:
    client = org.with_options(bulkThreshold=2)
    request = bulk_request(org, client, "a", "b", "c")
    outcomes = followed(client, request, begun(client, request))
    assert [(outcome.member, outcome.fault) for outcome in outcomes] == [("a", None), ("b", None), ("c", None)]
    assert [(each["Total__c"], each["Complete__c"], each["Revision_Tag__c"]) for each in org.records()] == [
        (Decimal(3), True, f"{name} r1 g1") for name in "abc"
    ]
    assert all(org.lines(invoice) == {"l1": Decimal("1.00"), "l2": Decimal("2.00")} for invoice in org.records())


def test_half_a_bill_is_marked_as_such(org: Org) -> None:
    """After the first job the headers stand there, incomplete and without a tag by which we would take them for ours."""
    client = org.with_options(bulkThreshold=1)
    request = bulk_request(org, client, "a", "b")
    job = begun(client, request)
    org.configure(job_ms=60_000)
    (waiting,) = {outcome.job for outcome in client.follow(request, job)}
    assert [(each["Complete__c"], each["Revision_Tag__c"]) for each in org.records()] == [(False, None)] * 2
    assert {outcome.job for outcome in client.follow(request, waiting)} == {waiting}
    assert org.records("Invoice_Line__c") == []


def test_a_bill_whose_line_failed_is_left_incomplete_and_told_why(org: Org) -> None:
    org.configure(refuse=[{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Amount: is odd", "match": "b:l2", "times": 9}])
    client = org.with_options(bulkThreshold=2)
    request = bulk_request(org, client, "a", "b", "c")
    outcomes = followed(client, request, begun(client, request))
    assert [outcome.fault and (outcome.fault.code, outcome.fault.why) for outcome in outcomes][::2] == [None, None]
    fault = outcomes[1].fault
    assert fault and fault.title == "A validation rule in Salesforce refused the invoice: Amount: is odd"
    assert {each["Source_Bill_Id__c"]: each["Complete__c"] for each in org.records()} == {"a": True, "b": False, "c": True}


def test_bills_whose_account_is_missing_send_no_lines(org: Org) -> None:
    client = org.with_options(bulkThreshold=1)
    documents = [a_document("a"), a_document("b", account={"id": "nobody"})]
    (request,) = client.pack(org.sendings(documents, client), lambda members, body: "key")
    outcomes = {outcome.member: outcome.fault for outcome in followed(client, request, begun(client, request))}
    assert outcomes["a"] is None and outcomes["b"] is not None and outcomes["b"].code == "PARENT_NOT_VISIBLE"
    assert len(org.records("Invoice_Line__c")) == 2


def test_a_refused_job_refuses_its_bills(org: Org) -> None:
    org.configure(hidden_fields=["Invoice__c.Source_Bill_Id__c"])
    client = org.with_options(bulkThreshold=1)
    with pytest.raises(errors.Refused, match="cannot see or write"):
        org.sendings([a_document()], client)
    org.configure(hidden_fields=[])
    request = bulk_request(org, client, "a", "b")
    org.configure(hidden_fields=["Invoice__c.Source_Bill_Id__c"])
    assert {outcome.fault.code for outcome in client.outcomes(request, client.send(request)) if outcome.fault} == {"NOT_FOUND"}


def test_the_same_jobs_again_make_nothing_twice(org: Org) -> None:
    client = org.with_options(bulkThreshold=1)
    request = bulk_request(org, client, "a", "b")
    for _ in range(2):
        followed(client, request, begun(client, request))
    assert len(org.records()) == 2 and len(org.records("Invoice_Line__c")) == 4


def test_a_bill_of_more_than_a_thousand_lines_is_a_job_of_its_own(org: Org) -> None:
    client = org.client
    request = bulk_request(org, client, "big", lines=1001)
    assert request.url.endswith("/jobs/ingest")
    (outcome,) = followed(client, request, begun(client, request))
    assert outcome.fault is None and len(org.lines(org.records()[0])) == 1001


def test_a_shrinking_giant_loses_its_lines_by_job(org: Org) -> None:
    client = org.client
    request = bulk_request(org, client, "big", lines=1500)
    followed(client, request, begun(client, request))
    again = a_document("big", lines=1100, revision=2)
    (request,) = client.pack(org.sendings([again], client), lambda members, body: "key")
    (outcome,) = followed(client, request, begun(client, request))
    assert outcome.fault is None and len(org.lines(org.records()[0])) == 1100
    assert org.records()[0]["Revision_Tag__c"] == "big r2 g2"


def test_updates_never_wait_for_a_bulk_job(org: Org) -> None:
    org.send(a_document("a"), a_document("b"))
    client = org.with_options(bulkThreshold=1)
    documents = [a_document(name, revision=2) for name in "ab"] + [a_document(name) for name in "cde"]
    requests = client.pack(org.sendings(documents, client), lambda members, body: "key")
    assert {request.url.rpartition("/")[2]: sorted(request.members) for request in requests} == {
        "graph": ["a", "b"],
        "ingest": ["c", "d", "e"],
    }


@pytest.mark.parametrize(("threshold", "calls"), [(1000, 22), (999, 28)], ids=["graphs", "bulk jobs"])
def test_calls_for_a_thousand_bills_of_five_lines(org: Org, threshold: int, calls: int) -> None:
    """At most 0.03 for each Bill: sending, following the jobs and reading back, and before a bulk job looking what is there."""
    documents = [a_document(f"2f6d1c1e-7a55-4f0e-9a51-{number:012}", lines=5) for number in range(1000)]
    client = org.with_options(bulkThreshold=threshold)
    org.login.headers()
    before = org.calls()
    new = [Sending(document=document, update=False) for document in documents]
    for request in client.pack(org.sendings(documents, client) if threshold < 1000 else new, lambda members, body: "key"):
        outcomes = client.outcomes(request, client.send(request))
        outcomes = followed(client, request, outcomes[0].job) if outcomes[0].job else outcomes
        assert all(outcome.fault is None for outcome in outcomes)
    held = client.held([Sought("invoice", document.key) for document in documents])
    assert len(held) == 1000 and all(len(there.lines) == 5 and there.tag for there in held.values())
    assert org.calls() - before == calls <= 30


def test_the_limits_are_those_of_the_vendor() -> None:
    assert (graph.MOST_NODES, graph.MOST_GRAPHS, collection.MOST, collection.COLLECTIONS) == (500, 75, 200, 5)
