"""Faults, over a real socket and over the faked wire: both must fail in the same way."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from integrations.emulation.hub import Hub
from integrations.emulation.server import EmulatorServer
from tests.emulation.books import Books, detail, invoice, line
from tests.wire import emulated


@pytest.fixture(params=["socket", "wire"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Books]:
    if request.param == "wire":
        with emulated() as hub:
            yield Books(hub).login()
    else:
        with served() as books:
            yield books


class served:
    """A logged-in client of a hub behind a real server."""

    def __enter__(self) -> Books:
        self.server = EmulatorServer(Hub())
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return Books(self.server.hub, self.server.url).login()

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def order(books: Books, **fault: object) -> None:
    books.configure(faults=[{"match": "/record/v1/invoice", **fault}])


def by_status(books: Books) -> dict[int, int]:
    return {row["status"]: row["count"] for row in books.control("calls").json()["by"] if row["method"] == "PUT"}


def test_an_answer_dropped_after_the_write(anywhere: Books) -> None:
    order(anywhere, kind="commit_then_drop")
    with pytest.raises(requests.ConnectionError):
        anywhere.put("bill-1", invoice())
    assert [stored["externalId"] for stored in anywhere.state()] == ["bill-1"]
    assert anywhere.put("bill-1", invoice()).status_code == 204
    assert len(anywhere.state()) == 1
    assert by_status(anywhere) == {0: 1, 204: 1}


def test_a_reset_does_nothing(anywhere: Books) -> None:
    order(anywhere, kind="reset", times=2)
    for _ in range(2):
        with pytest.raises(requests.ConnectionError, match=r"(?i)reset|aborted"):
            anywhere.put("bill-1", invoice())
    assert anywhere.state() == []
    assert anywhere.put("bill-1", invoice()).status_code == 204


def test_a_truncated_body(anywhere: Books) -> None:
    order(anywhere, kind="truncated")
    with pytest.raises(requests.RequestException):
        anywhere.put("bill-1", invoice(line("9999")))


def test_a_truncated_204_keeps_half_of_its_headers_and_the_write(anywhere: Books) -> None:
    order(anywhere, kind="truncated")
    answer = anywhere.put("bill-1", invoice())
    assert answer.status_code == 204
    assert not answer.headers["Location"].endswith(anywhere.state()[0]["id"])
    assert anywhere.put("bill-1", invoice()).headers["Location"].endswith(anywhere.state()[0]["id"])


def test_a_slow_answer_times_out_after_the_write(anywhere: Books) -> None:
    order(anywhere, kind="slow", ms=600)
    with pytest.raises(requests.ReadTimeout):
        anywhere.session.put(f"{anywhere.base}/services/rest/record/v1/invoice/eid:bill-1", json=invoice(), timeout=(1, 0.2))
    assert len(anywhere.state()) == 1


def test_a_status_is_answered_without_the_write_unless_it_is_ordered_after(anywhere: Books) -> None:
    order(anywhere, kind="status", status=500)
    assert detail(anywhere.put("bill-1", invoice()))[:2] == (500, "UNEXPECTED_ERROR")
    assert anywhere.state() == []
    order(anywhere, kind="status", status=503, after=True)
    assert anywhere.put("bill-1", invoice()).status_code == 503
    assert len(anywhere.state()) == 1


def test_a_fault_counts_matching_writes_only(books: Books) -> None:
    books.configure(faults=[{"match": "invoice", "kind": "status", "status": 429, "times": 2}])
    books.call("GET", "record/v1/invoice")
    books.query("SELECT id FROM transaction")
    assert books.call("PUT", "record/v1/customer/eid:c-1", {"companyName": "C", "subsidiary": {"id": "1"}}).status_code == 204
    assert [books.put("bill-1", invoice()).status_code for _ in range(3)] == [429, 429, 204]


def test_a_post_that_only_asks_counts_when_it_is_named(books: Books) -> None:
    books.configure(faults=[{"match": "/services/rest/", "kind": "status"}])
    assert books.query("SELECT id FROM transaction") == []
    assert books.put("bill-1", invoice()).status_code == 503
    books.configure(faults=[{"match": "token", "kind": "status", "status": 500}])
    assert [books.ask_token(books.assertion()).status_code for _ in range(2)] == [500, 200]


def test_faults_are_used_in_their_order(books: Books) -> None:
    books.configure(faults=[{"kind": "status", "status": 500}, {"kind": "status", "status": 503, "times": 2}])
    assert [books.put("bill-1", invoice()).status_code for _ in range(4)] == [500, 503, 503, 204]


def test_parallel_writes_lose_nothing() -> None:
    with served() as books, ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda at: books.put(f"bill-{at % 40}", invoice(line(amount=at % 40))).status_code, range(200)))
        assert answers == [204] * 200
        assert sorted(stored["total"] for stored in books.state()) == list(range(40))
        assert len({stored["id"] for stored in books.state()}) == 40


def test_too_many_at_once_are_refused_and_latency_runs_in_parallel() -> None:
    with served() as books, ThreadPoolExecutor(8) as pool:
        books.control("configure", {"latency_ms": 300})
        started = time.perf_counter()
        answers = list(pool.map(lambda at: books.put(f"bill-{at}", invoice()), range(8)))
        assert time.perf_counter() - started < 1.5
        assert sorted(answer.status_code for answer in answers) == [204] * 5 + [429] * 3
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert detail(refused)[1] == "CONCURRENCY_LIMIT_EXCEEDED"
        assert "Retry-After" not in refused.headers
        assert len(books.state()) == 5


def test_accounts_have_a_limit_each_and_tokens_none() -> None:
    with served() as books, ThreadPoolExecutor(8) as pool:
        books.configure(concurrency=1)
        books.control("configure", {"latency_ms": 200})
        assert list(pool.map(lambda _: books.ask_token(books.assertion()).status_code, range(4))) == [200] * 4
        hosts = ["1234567-sb1", "1234567-sb2", "7654321"]
        url = f"{books.base}/services/rest/record/v1/invoice"
        calls = pool.map(lambda host: requests.get(url, headers={"Host": f"{host}.suitetalk.api.netsuite.com"}).status_code, hosts)
        assert list(calls) == [401, 401, 401]


def test_the_server_refuses_what_it_cannot_read() -> None:
    with served() as books:
        url = f"{books.base}/services/rest/record/v1/invoice"
        assert requests.post(url, data=iter([b"{}"])).status_code == 411
        assert requests.post(url, headers={"Content-Length": "999999999999"}).status_code == 413
        assert requests.head(f"{books.base}/").text == ""


def test_a_request_that_was_cut_off_was_never_made() -> None:
    """As a sender's death between its headers and its body leaves it: nothing is answered, and nothing is remembered under its key."""
    with served() as books:
        there = urlsplit(books.base)
        with socket.create_connection((str(there.hostname), there.port or 80), timeout=5) as half:
            half.sendall(
                b"POST /v3/company/9130/invoice?requestid=r-1 HTTP/1.1\r\nHost: quickbooks.api.intuit.com\r\nContent-Length: 50\r\n\r\n{"
            )
            half.shutdown(socket.SHUT_WR)
            assert half.recv(100) == b""
        assert not [row for row in books.control("calls").json()["by"] if row["path"].endswith("/invoice")]
