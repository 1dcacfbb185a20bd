"""What every signed hook must withstand, as functions of how it is read."""

import hmac
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import MonkeyPatch

from integrations.contract import Arrived, Forged

Read = Callable[[Mapping[str, str], bytes, tuple[str, ...]], Arrived]


def check_flipped_bits(read: Read, headers: Mapping[str, str], body: bytes, signature: str, secret: str) -> None:
    """Any bit of the body or of the signature that is another is refused."""

    @given(bit=st.integers(0, len(body) * 8 - 1))
    def of_the_body(bit: int) -> None:
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Forged):
            read(headers, bytes(flipped), (secret,))

    @given(bit=st.integers(0, 255))
    def of_the_signature(bit: int) -> None:
        with pytest.raises(Forged):
            read({**headers, signature: f"{int(headers[signature], 16) ^ (1 << bit):064x}"}, body, (secret,))

    @given(text=st.text(max_size=80).filter(lambda text: text != headers[signature]))
    def any_other_text(text: str) -> None:
        with pytest.raises(Forged):
            read({**headers, signature: text}, body, (secret,))

    for check in (of_the_body, of_the_signature, any_other_text):
        check()


def check_secrets(read: Read, headers: Mapping[str, str], body: bytes, secret: str, monkeypatch: MonkeyPatch) -> None:
    """One of two is enough, none or another is not; each is compared in constant time, whichever fits."""
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append(other) or compare(one, other))
    assert read(headers, body, (secret, "another")) == read(headers, body, ("another", secret))
    assert len(compared) == 4
    for secrets in ((), ("another",), (secret.upper(),)):
        with pytest.raises(Forged):
            read(headers, body, secrets)
