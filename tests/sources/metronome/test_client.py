"""Reading Metronome's lists: pages, limits, what a watermark leaves out, and one invoice that an event is about."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import errors
from integrations.contract import Answer, Arrived
from integrations.emulation.hub import Hub
from integrations.sources.metronome import api
from integrations.sources.metronome.client import fetch, fetch_one
from tests.sources.emulators import Raw, emulator, fault, transport, values, wanted

CUSTOMER = "cus-1"


def put(hub: Hub, *bills: Raw) -> None:
    """One customer with these invoices, and nothing else."""
    metronome = emulator(hub, "metronome")
    metronome.records["accounts"] = {CUSTOMER: {"id": CUSTOMER, "name": "One"}}
    metronome.records["bills"] = {bill["id"]: bill for bill in bills}


def bill(uid: str, issued: str | None = "2026-11-02T00:00:00+00:00", status: str = "FINALIZED") -> Raw:
    return {"id": uid, "customer_id": CUSTOMER, "status": status, "issued_at": issued, "total": 1}


def uids(hub: Hub, **about: object) -> list[str]:
    return [each["id"] for each in values(fetch(transport(hub, "metronome"), "demo", wanted(**about)))]


def test_customers_products_and_invoices_come_as_they_are(hub: Hub) -> None:
    held = emulator(hub, "metronome").state()["demo"]
    fetched = list(fetch(transport(hub, "metronome"), "demo", wanted()))
    assert values(fetched, "accounts") == held["accounts"]
    assert values(fetched, "products") == held["products"]
    assert {each["id"] for each in values(fetched)} == {each["id"] for each in held["bills"] if each["status"] != "DRAFT"}


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (100, 1), (101, 2), (230, 3)])
def test_every_invoice_once_page_by_page(hub: Hub, count: int, pages: int) -> None:
    put(hub, *(bill(f"i{number}") for number in range(count)))
    asked = transport(hub, "metronome")
    assert len({each["id"] for each in values(fetch(asked, "demo", wanted()))}) == count
    assert sum("status=FINALIZED" in path for path in asked.paths()) == pages


def test_lists_are_asked_for_as_documented(hub: Hub) -> None:
    put(hub)
    asked = transport(hub, "metronome")
    list(fetch(asked, "demo", wanted()))
    assert asked.paths() == [
        "v1/customers?limit=100",
        "v1/contract-pricing/products/list?limit=100",
        f"v1/customers/{CUSTOMER}/invoices?status=FINALIZED&sort=date_desc&limit=100",
        f"v1/customers/{CUSTOMER}/invoices?status=VOID&sort=date_desc&limit=100",
    ]
    assert all(request.safe for request in asked.requests)


def test_a_watermark_reads_back_some_weeks_and_voids_from_ever(hub: Hub) -> None:
    put(
        hub,
        bill("new"),
        bill("at-the-edge", "2026-10-17T23:00:00+00:00"),
        bill("too-old", "2026-10-16T00:00:00+00:00"),
        bill("void-and-old", "2025-01-01T00:00:00+00:00", "VOID"),
        bill("draft", status="DRAFT"),
    )
    mark = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
    assert uids(hub, watermark=mark) == ["new", "at-the-edge", "void-and-old"]
    assert uids(hub) == ["new", "at-the-edge", "too-old", "void-and-old"]
    assert uids(hub, watermark=mark, start=dt.date(2026, 11, 1)) == ["new"]
    assert uids(hub, start=dt.date(2026, 10, 16)) == ["new", "at-the-edge", "too-old"]


def test_an_invoice_without_a_date_is_left_to_its_reader(hub: Hub) -> None:
    put(hub, bill("dated"), bill("undated", None))
    assert set(uids(hub, start=dt.date(2026, 1, 1))) == {"dated", "undated"}


def test_a_limit_is_waited_for_as_long_as_metronome_says(hub: Hub, waits: list[float]) -> None:
    fault(hub, "metronome", "invoices", 429, times=3)
    assert len(uids(hub)) == 4
    assert [wait >= 0.8 for wait in waits] == [True] * 3


def test_a_busy_metronome_is_asked_six_times(hub: Hub, waits: list[float]) -> None:
    fault(hub, "metronome", "customers", 503, times=99)
    with pytest.raises(errors.Retry, match="could not answer"):
        uids(hub)
    assert len(waits) == 5


@pytest.mark.parametrize("status", [401, 403])
def test_an_archived_token_is_the_administrators_to_replace(hub: Hub, status: int) -> None:
    fault(hub, "metronome", "customers", status, times=9)
    with pytest.raises(errors.Misconfigured, match="Check the API token"):
        uids(hub)


def test_a_list_that_repeats_itself_ends(hub: Hub) -> None:
    class Same:
        def send(self, request: object) -> Answer:
            return Answer(status=200, headers={}, body=b'{"data":[],"next_page":"again"}', milliseconds=1)

    with pytest.raises(errors.Refused, match="twice"):
        list(fetch(Same(), "demo", wanted()))


def test_what_an_event_is_about_is_read_as_it_is_now(hub: Hub) -> None:
    put(hub, bill("i/1"))
    asked = transport(hub, "metronome")
    arrived = Arrived(event_id="ntf-1", type="invoice.finalized", subject=f"{CUSTOMER}/i/1")
    emulator(hub, "metronome").records["bills"]["i%2F1"] = bill("i/1")
    fetched = list(fetch_one(asked, "demo", arrived))
    assert values(fetched, "accounts") == [{"id": CUSTOMER, "name": "One"}] and values(fetched) == [bill("i/1")]
    assert asked.paths() == [f"v1/customers/{CUSTOMER}", f"v1/customers/{CUSTOMER}/invoices/i%2F1?webhook_notification_id=ntf-1"]


def test_an_invoice_that_is_gone_is_told(hub: Hub) -> None:
    put(hub)
    with pytest.raises(errors.Refused, match="HTTP 404"):
        list(fetch_one(transport(hub, "metronome"), "demo", Arrived(event_id="n", type="invoice.finalized", subject=f"{CUSTOMER}/none")))


BODIES = st.binary(max_size=60) | st.sampled_from([b"{}", b'{"data":[1],"next_page":7}', b'{"message":3}', b'{"errors":["x"]}'])


@given(status=st.integers(100, 599), body=BODIES)
def test_any_answer_is_a_page_or_an_error_of_ours(status: int, body: bytes) -> None:
    answer = Answer(status=status, headers={"retry-after": body.decode(errors="ignore")}, body=body, milliseconds=1)
    try:
        api.page_of(answer)
    except errors.DeliveryError as error:
        assert error.sentence.endswith(".") and error.code
        assert isinstance(error, errors.Retry) == (status in (200, 429) or status >= 500)
    else:
        assert status == 200
