"""Asynchronous calls and batches."""

import time
from typing import Any

import pytest
import time_machine

from tests.emulation.books import HOST, Books, detail, invoice, line

COLLECTION = "application/vnd.oracle.resource+json; type=collection"
JOB = f"{HOST}/services/rest/async/v1/job"


def batch(books: Books, items: list[Any], method: str = "PUT", key: str = "", **headers: str) -> Any:
    sent = {"Prefer": "respond-async", "Content-Type": COLLECTION, **({"X-NetSuite-Idempotency-Key": key} if key else {}), **headers}
    return books.call(method, "record/v1/invoice?replace=item", {"items": items}, **sent)


def results(books: Books, job: str) -> list[Any]:
    tasks = books.session.get(f"{job}/task").json()["items"]
    return [books.session.get(f"{task['links'][0]['href']}/result") for task in tasks]


def test_a_batch_is_a_job_with_a_task_per_record(books: Books) -> None:
    answer = batch(
        books, [invoice(line(amount=at), externalId=f"bill-{at}") for at in (1, 2)] + [invoice(line("9999"), externalId="bill-3")]
    )
    assert (answer.status_code, answer.headers["Location"], answer.headers["Preference-Applied"]) == (202, f"{JOB}/1", "respond-async")
    assert books.session.get(f"{JOB}/1").json() == {
        "completed": True,
        "id": "1",
        "progress": "failed",
        "task": {"links": [{"rel": "self", "href": f"{JOB}/1/task"}]},
        "links": [{"rel": "self", "href": f"{JOB}/1"}],
    }
    first, second, third = results(books, f"{JOB}/1")
    assert (first.status_code, first.headers["Location"]) == (204, f"{HOST}/services/rest/record/v1/invoice/88001")
    assert second.status_code == 204 and detail(third)[3] == "item.items[0].item"
    task = books.session.get(f"{JOB}/1/task/3").json()
    assert (task["completed"], task["progress"], task["links"][0]["href"]) == (True, "failed", f"{JOB}/1/task/3/result")
    assert [stored["total"] for stored in books.state()] == [1, 2]


def test_a_repeated_key_leads_to_the_first_job(books: Books) -> None:
    first = batch(books, [invoice(externalId="bill-1")], key="key-1")
    again = batch(books, [invoice(externalId="bill-1")], key="key-1")
    assert detail(again)[:3] == (400, "IDEMPOTENCY_ERROR", "A request with the same idempotency key is already submitted.")
    assert (again.json()["title"], again.headers["Location"]) == ("Conflict", first.headers["Location"])
    assert batch(books, [invoice(externalId="bill-1")], key="key-2").status_code == 202
    books.control("reset", {})
    assert batch(books, [invoice(externalId="bill-1")], key="key-1").status_code == 202


def test_a_key_means_nothing_on_a_synchronous_call(books: Books) -> None:
    for _ in range(2):
        assert books.call("POST", "record/v1/invoice", invoice(), **{"X-NetSuite-Idempotency-Key": "key-1"}).status_code == 204
    assert len(books.state()) == 2


def test_a_job_takes_its_time(books: Books) -> None:
    books.configure(job_ms=60_000)
    batch(books, [invoice(externalId="bill-1")])
    assert books.state() == []
    assert books.session.get(f"{JOB}/1").json()["progress"] == "pending"
    assert books.session.get(f"{JOB}/1/task/1").json()["completed"] is False
    assert detail(books.session.get(f"{JOB}/1/task/1/result"))[0] == 400
    with time_machine.travel(time.time() + 61):
        assert books.query("SELECT externalid FROM transaction") == [{"externalid": "bill-1"}]
        assert books.session.get(f"{JOB}/1").json()["progress"] == "succeeded"


def test_a_batch_appends_lines_to_a_document_that_exists(books: Books) -> None:
    for _ in range(2):
        batch(books, [invoice(externalId="bill-1")])
    assert books.get("bill-1")["total"] == 20


def test_batches_create_and_change(books: Books) -> None:
    batch(books, [invoice(externalId="bill-1"), invoice(externalId="bill-1"), invoice()], method="POST")
    assert [answer.status_code for answer in results(books, f"{JOB}/1")] == [204, 400, 204]
    batch(
        books,
        [{"externalId": "bill-1", "memo": "a"}, {"id": "88002", "memo": "b"}, {"memo": "c"}, {"externalId": "bill-9"}, 5],
        method="PATCH",
    )
    assert [answer.status_code for answer in results(books, f"{JOB}/2")] == [204, 204, 400, 404, 400]
    assert [stored.get("memo") for stored in books.state()] == ["a", "b"]
    batch(books, [invoice(), invoice(externalId="bill-3", id="7")])
    assert [detail(answer)[1] for answer in results(books, f"{JOB}/3")] == ["INVALID_REQUEST", "CANT_SET_INTERNALID"]


@pytest.mark.parametrize("items", [[], [{}] * 101, "none"])
def test_a_batch_has_one_to_a_hundred_records(books: Books, items: Any) -> None:
    assert detail(batch(books, items))[1] == "INVALID_REQUEST"


def test_a_batch_is_never_synchronous(books: Books) -> None:
    assert detail(batch(books, [invoice(externalId="bill-1")], Prefer="transient"))[1] == "INVALID_REQUEST"
    assert books.state() == []


def test_one_record_may_be_sent_asynchronously(books: Books) -> None:
    answer = books.call("PUT", "record/v1/invoice/eid:bill-1?replace=item", invoice(), Prefer="respond-async")
    assert answer.status_code == 202
    (result,) = results(books, answer.headers["Location"])
    assert result.headers["Location"].endswith("/invoice/88001")


@pytest.mark.parametrize("path", ["9", "1/dragons", "1/task/2", "1/task/0", "1/task/x", "1/task/1/dragons", "1/task/1/result/1"])
def test_jobs_that_are_not_there(books: Books, path: str) -> None:
    batch(books, [invoice(externalId="bill-1")])
    assert detail(books.session.get(f"{JOB}/{path}"))[0] == 404
