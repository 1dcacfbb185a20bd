"""Reading Maxio: lists page by page, the feed of events as what changed, and invoices made complete."""

import datetime as dt
from typing import Any, cast

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from integrations import errors
from integrations.contract import Answer, Arrived
from integrations.emulation.hub import Hub
from integrations.sources.maxio import api
from integrations.sources.maxio.client import Client, fetch, fetch_one
from integrations.sources.maxio.emulator import SITE, MaxioEmulator
from integrations.sources.maxio.reader import read_bill
from tests.sources.emulators import Raw, emulator, fault, transport, values, wanted
from tests.sources.maxio.invoices import invoice, line

MARK = dt.datetime(2026, 11, 21, 9, tzinfo=dt.UTC)
FLAGS = "line_items=true&discounts=true&taxes=true&credits=true&payments=true&refunds=true&custom_fields=true"


def maxio(hub: Hub) -> MaxioEmulator:
    return cast(MaxioEmulator, emulator(hub, "maxio"))


def bill(uid: str, number: int = 1, **more: Any) -> Raw:
    times = {"created_at": "2026-11-01T06:00:00Z", "updated_at": "2026-11-01T06:00:00Z"}
    return invoice(line(), uid=uid, sequence_number=number, issue_date="2026-11-01", **times, **more)


def put(hub: Hub, *bills: Raw) -> None:
    """These invoices and no events."""
    maxio(hub).records["bills"] = {each["uid"]: each for each in bills}
    maxio(hub).events.clear()


def event(hub: Hub, uid: str, moment: str = "2026-11-20T12:00:00Z", kind: str = "issue_invoice", **more: Any) -> None:
    about = {"uid": uid, **more.pop("invoice", {})}
    uid_of = len(maxio(hub).events) + 1
    maxio(hub).events.append({"id": uid_of, "event_type": kind, "timestamp": moment, "invoice": about, "event_data": more})


def uids(hub: Hub, **about: Any) -> list[str]:
    return [each["uid"] for each in values(fetch(transport(hub, "maxio"), SITE, wanted(**about)))]


def test_customers_catalogue_and_invoices_come_as_they_are(hub: Hub) -> None:
    held = maxio(hub).state()[SITE]
    fetched = list(fetch(transport(hub, "maxio"), SITE, wanted()))
    assert {name: values(fetched, name) for name in ("accounts", "products", "components", "bills")} == held


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (199, 2), (200, 2), (450, 4)])
def test_every_invoice_once_page_by_page(hub: Hub, count: int, pages: int) -> None:
    put(hub, *(bill(f"inv_{number}", number) for number in range(count)))
    asked = transport(hub, "maxio")
    assert [each["uid"] for each in values(fetch(asked, SITE, wanted()))] == [f"inv_{number}" for number in range(count)]
    assert sum(path.startswith("invoices.json") for path in asked.paths()) == pages


def test_lists_are_asked_for_with_everything(hub: Hub) -> None:
    put(hub)
    asked = transport(hub, "maxio")
    list(fetch(asked, SITE, wanted(start=dt.date(2026, 11, 1))))
    assert asked.paths()[-1] == f"invoices.json?page=1&per_page=200&{FLAGS}&direction=asc&date_field=issue_date&start_date=2026-11-01"
    assert all(request.safe and request.url.startswith(f"https://{SITE}/") for request in asked.requests)


def test_since_a_watermark_the_feed_says_what_changed_and_each_is_read_once(hub: Hub) -> None:
    put(hub, bill("inv_1"), bill("inv_2", 2), bill("inv_3", 3))
    event(hub, "inv_1", "2026-11-19T12:00:00Z")
    for uid in ("inv_3", "inv_2", "inv_3"):
        event(hub, uid)
    asked = transport(hub, "maxio")
    assert [each["uid"] for each in values(fetch(asked, SITE, wanted(watermark=MARK)))] == ["inv_3", "inv_2"]
    assert [path for path in asked.paths() if path.startswith("invoices")] == [
        "invoices/events.json?per_page=200&with_change_invoice_status=true&since_date=2026-11-20",
        "invoices/events.json?per_page=200&with_change_invoice_status=true&since_id=4",
        "invoices/inv_3.json",
        "invoices/inv_2.json",
    ]


def test_the_feed_goes_on_by_the_last_id_until_it_ends(hub: Hub) -> None:
    put(hub, *(bill(f"inv_{number}", number) for number in range(450)))
    for number in range(450):
        event(hub, f"inv_{number}")
    assert len(Client(transport(hub, "maxio"), SITE).changed(dt.date(2026, 11, 1))) == 450


def test_events_that_come_while_the_feed_is_read_are_not_missed(hub: Hub) -> None:
    put(hub, *(bill(f"inv_{number}", number) for number in range(202)))
    for number in range(200):
        event(hub, f"inv_{number}")
    asked = transport(hub, "maxio")

    class Late:
        def send(self, request: Any) -> Answer:
            answer = asked.send(request)
            if len(asked.requests) == 1:
                event(hub, "inv_200")
            return answer

    assert Client(Late(), SITE).changed(dt.date(2026, 11, 1))[-1] == "inv_200"


def test_a_segment_that_changed_changes_its_consolidated_invoice(hub: Hub) -> None:
    put(
        hub,
        bill("inv_parent", 1, consolidation_level="parent", line_items=[]),
        bill("inv_a", 2, consolidation_level="child", parent_invoice_uid="inv_parent"),
    )
    event(hub, "inv_a", invoice={"parent_invoice_uid": "inv_parent"})
    child, parent = values(fetch(transport(hub, "maxio"), SITE, wanted(watermark=MARK)))
    assert (child["uid"], parent["uid"]) == ("inv_a", "inv_parent")
    assert [each.key for each in read_bill(parent).lines] == ["li_1"]


def test_the_day_of_a_refund_is_taken_from_its_event(hub: Hub) -> None:
    refunds = [{"transaction_id": 601, "applied_amount": "5.00"}, {"transaction_id": 602, "applied_amount": "1.00"}]
    put(hub, bill("inv_1", refunds=refunds))
    event(hub, "inv_1", "2026-11-03T00:00:00Z", "refund_invoice", refund_id=601, transaction_time="2026-11-02T08:00:00Z")
    (raw,) = values(fetch(transport(hub, "maxio"), SITE, wanted()))
    assert [(each.uid, each.date.isoformat()) for each in read_bill(raw).movements] == [("601", "2026-11-02"), ("602", "2026-11-01")]


def test_invoices_before_the_first_day_stay_away(hub: Hub) -> None:
    put(hub, bill("inv_1"), bill("inv_2", 2) | {"issue_date": "2026-10-31"}, bill("inv_3", 3) | {"issue_date": None})
    for uid in ("inv_1", "inv_2", "inv_3"):
        event(hub, uid)
    assert uids(hub, watermark=MARK, start=dt.date(2026, 11, 1)) == ["inv_1", "inv_3"]


def test_what_an_event_is_about_is_read_as_it_is_now(hub: Hub) -> None:
    put(hub, bill("inv_1"), bill("inv_2", 2, subscription_id=5), bill("inv_3", 3, subscription_id=5) | {"updated_at": "2026-11-20"})
    asked = transport(hub, "maxio")
    arrived = Arrived(event_id="901", type="invoice_issued", subject="inv_1")
    assert [each["uid"] for each in values(fetch_one(asked, SITE, arrived))] == ["inv_1"]
    with time_machine.travel(MARK, tick=False):
        paid = Arrived(event_id="902", type="payment_success", subject="subscription/5")
        assert [each["uid"] for each in values(fetch_one(asked, SITE, paid))] == ["inv_3"]


def test_limits_and_refusals(hub: Hub, waits: list[float]) -> None:
    fault(hub, "maxio", "events", 429, times=2)
    uids(hub, watermark=MARK)
    assert len(waits) == 2
    fault(hub, "maxio", "customers", 401, times=9)
    with pytest.raises(errors.Misconfigured, match="Check the site's subdomain and the API key"):
        uids(hub)
    fault(hub, "maxio", "customers", 422)
    with pytest.raises(errors.Refused, match="HTTP 422"):
        uids(hub)


@pytest.mark.parametrize("body", [b'[{"customer":{"id":1}}]', b'{"invoices":[{}],"events":[{"id":1}]}'])
def test_lists_that_repeat_themselves_end(body: bytes) -> None:
    class Same:
        def send(self, request: Any) -> Answer:
            wrapped = body if b"customer" in body else b"[]" if not request.url.split("?")[0].endswith("invoices.json") else body
            return Answer(status=200, headers={}, body=wrapped, milliseconds=1)

    with pytest.raises(errors.Refused, match="twice"):
        list(fetch(Same(), SITE, wanted()))


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("acme", "acme.chargify.com"),
        ("  https://Acme.chargify.com/ ", "acme.chargify.com"),
        ("acme-eu.ebilling.maxio.com", "acme-eu.ebilling.maxio.com"),
        ("acme.example.com", ""),
        ("acme/../x", ""),
        ("", ""),
        ("acme.chargify.com@evil.test", ""),
    ],
)
def test_a_site_is_a_host_of_maxio_or_nothing(site: str, host: str) -> None:
    assert api.host_of(site) == host


BODIES = st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b'{"invoices":[1]}', b'{"events":[{"id":"x"}]}', b'{"errors":["x"]}'])


@given(status=st.integers(100, 599), body=BODIES)
def test_any_answer_is_what_was_asked_for_or_an_error_of_ours(status: int, body: bytes) -> None:
    answer = Answer(status=status, headers={"retry-after": body.decode(errors="ignore")}, body=body, milliseconds=1)
    for read in (api.wrapped_of, api.invoices_of, api.events_of, api.fields_of):
        try:
            read(answer)
        except errors.DeliveryError as error:
            assert error.sentence.endswith(".") and error.code
            assert isinstance(error, errors.Retry) == (status in (200, 429) or status >= 500)
        else:
            assert status == 200
