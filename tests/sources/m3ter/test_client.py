"""Reading m3ter's lists: pages, waits, pages that are too large, and answers that nobody expects."""

import datetime as dt
import json
from collections.abc import Iterator

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pytest import MonkeyPatch

from integrations import errors
from integrations.contract import Answer, Auth, Request, Wanted
from integrations.http import Wire
from integrations.sources import asking
from integrations.sources.m3ter.api import page_of
from integrations.sources.m3ter.client import Client, fetch
from tests.sources.m3ter.api import ORGANIZATION, Fault, M3ter, a_bill, serving


class Token:
    """A login that is always good."""

    def headers(self, request: object = None) -> dict[str, str]:
        return {"Authorization": "Bearer good"}

    def renew(self) -> None: ...


@pytest.fixture
def waits(monkeypatch: MonkeyPatch) -> list[float]:
    """The seconds that were waited between tries, in order."""
    seconds: list[float] = []
    monkeypatch.setattr(asking, "sleep", seconds.append)
    return seconds


@pytest.fixture
def m3ter(waits: list[float]) -> Iterator[M3ter]:
    with serving(M3ter()) as api:
        api.valid.add("good")
        api.put(*(a_bill(f"b{number:03}") for number in range(230)))
        yield api


def wire(auth: Auth | None = None) -> Wire:
    return Wire(auth or Token(), "m3ter", (401, 403))


def uids(client: Client) -> list[str]:
    return [json.loads(text)["id"] for text in client.bills()]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (100, 1), (101, 2), (230, 3)])
def test_every_record_once_page_by_page(m3ter: M3ter, count: int, pages: int) -> None:
    m3ter.lists["bills"] = m3ter.lists["bills"][:count]
    assert uids(Client(wire(), ORGANIZATION)) == [f"b{number:03}" for number in reversed(range(count))]
    assert len(m3ter.questions()) == pages


def test_a_limit_is_waited_for_as_long_as_m3ter_says(m3ter: M3ter, waits: list[float]) -> None:
    m3ter.faults.append(Fault("nextToken", 429, times=2, headers={"Retry-After": "17"}))
    assert len(uids(Client(wire(), ORGANIZATION))) == 230
    assert waits == [17, 17]


def test_a_limit_that_names_no_time_is_waited_for_ever_longer(m3ter: M3ter, waits: list[float]) -> None:
    m3ter.faults.append(Fault("bills", 429, times=5))
    assert len(uids(Client(wire(), ORGANIZATION))) == 230
    assert [0.8 * 2**attempt <= seconds <= 1.2 * 2**attempt for attempt, seconds in enumerate(waits)] == [True] * 5


def test_six_tries_are_enough(m3ter: M3ter, waits: list[float]) -> None:
    m3ter.faults.append(Fault("bills", 503, times=99))
    with pytest.raises(errors.Retry, match="HTTP 503"):
        uids(Client(wire(), ORGANIZATION))
    assert (len(m3ter.questions()), len(waits)) == (6, 5)


def test_a_wait_of_an_hour_is_not_waited(m3ter: M3ter, waits: list[float]) -> None:
    m3ter.faults.append(Fault("bills", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(errors.Retry) as limited:
        uids(Client(wire(), ORGANIZATION))
    assert (limited.value.after, limited.value.rate, waits) == (dt.timedelta(hours=1), True, [])


def test_pages_that_are_too_large_become_smaller_and_stay_so(m3ter: M3ter) -> None:
    m3ter.largest = 30
    assert len(uids(Client(wire(), ORGANIZATION))) == 230
    sizes = [int(question["pageSize"]) for question in m3ter.questions()]
    assert sizes == [100, 50, *[25] * 10]


def test_a_busy_server_makes_no_smaller_pages(m3ter: M3ter) -> None:
    m3ter.faults.append(Fault("bills", 500, times=3))
    client = Client(wire(), ORGANIZATION)
    assert (len(uids(client)), client.size) == (230, 100)


def test_a_list_that_repeats_itself_ends(m3ter: M3ter) -> None:
    m3ter.faults.append(Fault("bills", 200, times=99, body='{"data": [{"id": "b1"}], "nextToken": "same"}'))
    with pytest.raises(errors.Refused, match="twice"):
        uids(Client(wire(), ORGANIZATION))


def test_another_organization_is_refused_after_one_new_login(m3ter: M3ter) -> None:
    with pytest.raises(errors.Misconfigured, match="organization other"):
        uids(Client(wire(), "other"))
    assert len(m3ter.questions()) == 2


def test_what_is_read_before_a_watermark_begins_where_the_source_does(m3ter: M3ter) -> None:
    """With a first day within the weeks that are read anyway, nothing older is asked for."""
    m3ter.put(a_bill("draft", "2026-08-31", status="PENDING"), a_bill("older", "2026-06-30", status="PENDING"))
    watermark = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)

    def fetched(start: dt.date) -> set[str]:
        wanted = Wanted(start=start, watermark=watermark, open_before=lambda day: ["older", "gone"])
        records = fetch(wire(), ORGANIZATION, wanted)
        return {json.loads(record.text)["id"] for record in records if record.collection == "bills"} - {f"b{n:03}" for n in range(230)}

    assert fetched(dt.date(2026, 11, 1)) == set()
    assert fetched(dt.date(2026, 7, 1)) == {"draft", "older"}


def test_lists_are_asked_for_as_documented(m3ter: M3ter) -> None:
    list(fetch(wire(), ORGANIZATION, Wanted(start=dt.date(2026, 11, 1), open_before=lambda day: [])))
    assert m3ter.asked == [
        ("accounts", {"pageSize": "100"}),
        ("products", {"pageSize": "100"}),
        ("aggregations", {"pageSize": "100"}),
        ("compoundaggregations", {"pageSize": "100"}),
        ("bills", {"pageSize": "100", "includeBillTotal": "true", "billDateStart": "2026-11-01"}),
    ]


BODIES = st.binary(max_size=60) | st.sampled_from([b"{}", b'{"data":[1],"nextToken":7}', b'{"message":3}', b'{"data":[]}'])


@given(status=st.integers(100, 599), body=BODIES)
def test_any_answer_is_a_page_or_an_error_of_ours(status: int, body: bytes) -> None:
    answer = Answer(status=status, headers={"retry-after": body.decode(errors="ignore")}, body=body, milliseconds=1)
    try:
        page_of(answer, ORGANIZATION)
    except errors.DeliveryError as error:
        assert error.sentence.endswith(".") and error.code
        assert isinstance(error, errors.Retry) == (status in (200, 413, 429) or status >= 500)
    else:
        assert status == 200


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("0", 0),
        ("90", 90),
        ("9" * 30, 86_400),
        ("Sat, 21 Nov 2026 09:01:30 GMT", 90),
        ("Sat, 21 Nov 2026 08:00:00 GMT", 0),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    with time_machine.travel("2026-11-21T09:00:00Z", tick=False):
        wait = asking.retry_after(Answer(status=429, headers={"retry-after": text}, body=b"", milliseconds=1))
    assert (wait.total_seconds() if wait is not None else None) == seconds


def test_questions_go_to_m3ter_only() -> None:
    sent: list[Request] = []

    class Recorder:
        def send(self, request: Request) -> Answer:
            sent.append(request)
            return Answer(status=200, headers={}, body=b'{"data":[]}', milliseconds=1)

    list(Client(Recorder(), "../other?x=").records("bills"))
    assert [request.url for request in sent] == ["https://api.m3ter.com/organizations/..%2Fother%3Fx%3D/bills?pageSize=100"]
    assert sent[0].safe and sent[0].method == "GET"
