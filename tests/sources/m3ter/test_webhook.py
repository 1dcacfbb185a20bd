"""m3ter's notifications: what is signed is believed, every flipped bit is not."""

import datetime as dt
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import MonkeyPatch

from integrations.contract import Arrived, Forged
from integrations.sources.m3ter import webhook
from tests.sources.signatures import check_flipped_bits, check_secrets

SECRET = "whsec_demo"
NOW = dt.datetime(2026, 7, 2, 0, 0, 5, tzinfo=dt.UTC)
STAMP = str(int(NOW.timestamp()))
BODY = b'{"id":"ev-1","eventName":"billing.bill.updated","m3terEvent":{"old":{"id":"b-1"},"new":{"id":"b-1","status":"APPROVED"}}}'
VECTOR = "8ce46ad3196af9a0969acbb34e90fb56b575f2d1f17a24de9fe58b4d91145573"


def headers(body: bytes = BODY, secret: str = SECRET, stamp: str = STAMP) -> dict[str, str]:
    return {webhook.TIMESTAMP: stamp, webhook.SIGNATURE: webhook.sign(secret, stamp, body)}


def read(body: bytes = BODY, signed: dict[str, str] | None = None, secrets: tuple[str, ...] = (SECRET,)) -> Arrived:
    return webhook.read(headers(body) if signed is None else signed, body, secrets, NOW)


def test_the_signature_is_an_hmac_over_time_and_body() -> None:
    assert webhook.sign(SECRET, STAMP, BODY) == VECTOR
    assert read() == Arrived(event_id="ev-1", type="billing.bill.updated", subject="b-1")


def as_posted(signed: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> Arrived:
    return webhook.read(signed, body, secrets, NOW)


def test_two_secrets_are_valid_while_one_is_replaced(monkeypatch: MonkeyPatch) -> None:
    check_secrets(as_posted, headers(), BODY, SECRET, monkeypatch)


def test_any_flipped_bit_is_refused() -> None:
    check_flipped_bits(as_posted, headers(), BODY, webhook.SIGNATURE, SECRET)


@given(text=st.text(max_size=80))
def test_no_other_text_is_a_signature_or_a_time(text: str) -> None:
    for name in (webhook.SIGNATURE, webhook.TIMESTAMP):
        if text != headers()[name]:
            with pytest.raises(Forged):
                read(signed=headers() | {name: text})


@pytest.mark.parametrize(("seconds", "fresh"), [(-300, True), (-301, False), (300, True), (301, False)])
def test_what_is_older_than_five_minutes_is_refused(seconds: int, fresh: bool) -> None:
    signed = headers(stamp=str(int(NOW.timestamp()) + seconds))
    if fresh:
        assert read(signed=signed).event_id == "ev-1"
    else:
        with pytest.raises(Forged):
            read(signed=signed)


@given(body=st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.dictionaries(st.sampled_from(["id", "eventName", "m3terEvent", "new", "x"]), inner, max_size=4),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_anything_that_is_signed_is_read_or_refused_in_a_sentence(body: bytes) -> None:
    try:
        assert read(body).event_id is not None
    except ValueError as refused:
        assert str(refused) and not isinstance(refused, Forged)


def test_an_event_about_something_else_asks_for_nothing() -> None:
    body = b'{"id":"ev-2","eventName":"measurements.ingest.failed","m3terEvent":{"id":"x"}}'
    assert read(body) == Arrived(event_id="ev-2", type="measurements.ingest.failed")
    with pytest.raises(ValueError, match="does not say which"):
        read(b'{"id":"ev-3","eventName":"billing.bill.created","m3terEvent":{}}')
