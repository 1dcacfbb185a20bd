"""Metronome's notifications: the reference's vector, every flipped bit, five minutes, and what a notification is about."""

import datetime as dt
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import MonkeyPatch

from integrations.contract import Arrived, Forged
from integrations.sources.metronome import webhook
from tests.sources.signatures import check_flipped_bits, check_secrets

SECRET = "whsec_demo"
DATE = "Thu, 02 Jul 2026 00:00:05 GMT"
NOW = dt.datetime(2026, 7, 2, 0, 0, 5, tzinfo=dt.UTC)
BODY = (
    b'{"id":"ntf-1","type":"invoice.finalized","properties":{"invoice_id":"inv-1","customer_id":"cus-1",'
    b'"invoice_finalized_date":"2026-07-02T00:00:00.000Z"}}'
)
VECTOR = "58b4b57d6fbbb71def0dfa3543e9d0f3e789373fe0e426c62a4f62b148fae320"
HEADERS = {"x-metronome-date": DATE, webhook.SIGNATURE: VECTOR}


def read(headers: Mapping[str, str] = HEADERS, body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,), now: dt.datetime = NOW) -> Arrived:
    return webhook.read(headers, body, secrets, now)


def signed(body: bytes, date: str = DATE) -> Mapping[str, str]:
    return {"x-metronome-date": date, webhook.SIGNATURE: webhook.sign(SECRET, date, body)}


def test_the_references_vector() -> None:
    assert webhook.sign(SECRET, DATE, BODY) == VECTOR
    assert read() == Arrived(event_id="ntf-1", type="invoice.finalized", subject="cus-1/inv-1")


def test_metronomes_own_header_goes_before_the_one_that_proxies_rewrite() -> None:
    assert read({**HEADERS, "date": "Thu, 02 Jul 2026 00:04:00 GMT"}).event_id == "ntf-1"
    assert read({"date": DATE, webhook.SIGNATURE: VECTOR}).event_id == "ntf-1"
    with pytest.raises(Forged):
        read({**HEADERS, "x-metronome-date": "Thu, 02 Jul 2026 00:04:00 GMT", "date": DATE})


def test_any_flipped_bit_is_refused() -> None:
    check_flipped_bits(read, HEADERS, BODY, webhook.SIGNATURE, SECRET)


def test_two_secrets_are_valid_while_one_is_replaced(monkeypatch: MonkeyPatch) -> None:
    check_secrets(read, HEADERS, BODY, SECRET, monkeypatch)


@given(text=st.text(max_size=60).filter(lambda text: text != DATE))
def test_no_other_date_fits_the_signature(text: str) -> None:
    with pytest.raises(Forged):
        read({**HEADERS, "x-metronome-date": text})


@pytest.mark.parametrize(("seconds", "fresh"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_five_minutes_either_way(seconds: int, fresh: bool) -> None:
    now = NOW + dt.timedelta(seconds=seconds)
    if fresh:
        assert read(now=now).event_id == "ntf-1"
    else:
        with pytest.raises(Forged, match="five minutes"):
            read(now=now)


@pytest.mark.parametrize("date", ["", "yesterday", "2026-07-02", "Thu, 99 Jul 2026 00:00:05 GMT", "Thu, 02 Jul 99999 00:00:05 GMT"])
def test_a_signed_date_that_is_none_is_refused(date: str) -> None:
    with pytest.raises(Forged):
        read(signed(BODY, date))


def test_other_notifications_ask_for_nothing() -> None:
    body = b'{"id":"ntf-2","type":"alerts.spend_threshold_reached","properties":{"customer_id":"c"}}'
    assert read(signed(body), body) == Arrived(event_id="ntf-2", type="alerts.spend_threshold_reached")


@pytest.mark.parametrize("about", [b"{}", b'{"invoice_id":"i"}', b'{"customer_id":"c"}', b'{"customer_id":"a/b","invoice_id":"i"}'])
def test_a_finalized_invoice_must_be_named(about: bytes) -> None:
    body = b'{"id":"n","type":"invoice.finalized","properties":' + about + b"}"
    with pytest.raises(ValueError, match="does not say which"):
        read(signed(body), body)


@given(body=st.binary(max_size=200) | st.sampled_from([b"{}", b"[]", b'{"id":1,"type":"x"}', b'{"id":"n","type":"t","properties":[]}']))
def test_anything_that_is_signed_is_read_or_refused_in_a_sentence(body: bytes) -> None:
    try:
        assert read(signed(body), body).event_id
    except ValueError as refused:
        assert str(refused) and not isinstance(refused, Forged)
