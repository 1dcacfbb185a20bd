"""Maxio's webhooks: the reference's vector, every flipped bit, the MD5 header refused, and what an event is about."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import MonkeyPatch

from integrations.contract import Arrived, Forged
from integrations.sources.maxio import webhook
from tests.sources.signatures import check_flipped_bits, check_secrets

KEY = "sharedkey_demo"
NOW = dt.datetime(2026, 7, 2, tzinfo=dt.UTC)
BODY = b"id=901&event=invoice_issued&payload%5Buid%5D=inv_demo1&payload%5Bnumber%5D=1042"
VECTOR = "254226a7dc1034287158b8717dc3f90bbbd77610df6e8ad1217dd8de34a59c01"
HEADERS = {"x-chargify-webhook-id": "901", webhook.SIGNATURE: VECTOR}


def read(headers: Mapping[str, str] = HEADERS, body: bytes = BODY, secrets: tuple[str, ...] = (KEY,)) -> Arrived:
    return webhook.read(headers, body, secrets, NOW)


def arrived(**fields: str) -> Arrived:
    body = urlencode({"id": "7", "event": "invoice_issued", **fields}).encode()
    return read({webhook.SIGNATURE: webhook.sign(KEY, body)}, body)


def test_the_references_vector() -> None:
    assert webhook.sign(KEY, BODY) == VECTOR
    assert read() == Arrived(event_id="901", type="invoice_issued", subject="inv_demo1")


def test_any_flipped_bit_is_refused() -> None:
    check_flipped_bits(read, HEADERS, BODY, webhook.SIGNATURE, KEY)


def test_two_keys_are_valid_while_one_is_replaced(monkeypatch: MonkeyPatch) -> None:
    check_secrets(read, HEADERS, BODY, KEY, monkeypatch)


def test_the_md5_of_older_hooks_proves_nothing() -> None:
    md5 = hashlib.md5(KEY.encode() + BODY).hexdigest()
    for headers in ({"x-chargify-webhook-signature": md5}, {"x-chargify-webhook-signature": md5, webhook.SIGNATURE: md5}, {}):
        with pytest.raises(Forged):
            read(headers)


def test_the_id_is_the_signed_one_and_stays_when_a_hook_is_sent_again() -> None:
    assert read({**HEADERS, "x-chargify-webhook-id": "999"}).event_id == read().event_id == "901"


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"payload[invoice][uid]": "inv_2"}, "inv_2"),
        ({"payload[invoice_uid]": "inv_3"}, "inv_3"),
        ({"payload[uid]": "sub_1"}, ""),
        ({"event": "payment_success", "payload[subscription][id]": "77"}, "subscription/77"),
        ({"event": "payment_success", "payload[subscription][id]": "77", "payload[invoice][uid]": "inv_4"}, "inv_4"),
        ({"event": "payment_success", "payload[subscription][id]": "../x"}, ""),
        ({"event": "subscription_state_change", "payload[subscription][id]": "77"}, ""),
    ],
)
def test_what_an_event_is_about(fields: dict[str, str], subject: str) -> None:
    assert arrived(**fields) == Arrived(event_id="7", type=fields.get("event", "invoice_issued"), subject=subject)


@pytest.mark.parametrize("fields", [{"id": ""}, {"event": ""}])
def test_an_event_without_id_or_name_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no id or no name"):
        arrived(**fields)


ODD = [b"id=1&event=%ff", b"&" * 9000, b"id=1;event=2", b"id=1&event=x&payload[uid]=inv_\xe9"]


@given(body=st.binary(max_size=200) | st.sampled_from(ODD))
def test_anything_that_is_signed_is_read_or_refused_in_a_sentence(body: bytes) -> None:
    try:
        assert read({webhook.SIGNATURE: webhook.sign(KEY, body)}, body).event_id
    except ValueError as refused:
        assert str(refused) and not isinstance(refused, Forged)
