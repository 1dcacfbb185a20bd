"""Token-based authentication: signatures that an independent implementation accepts, the clock, and an invoice posted with them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credentials import service
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import Request, Token
from integrations.destinations.netsuite import tba
from integrations.emulation.contract import Request as Incoming
from integrations.emulation.hub import Hub
from tests.runs.conftest import ACCOUNT, Books, books, customer, key_files
from tests.runs.factories import a_bill, an_integration, arrive
from tests.runs.pages import work
from tests.wire import emulated

__all__ = ["books", "customer", "key_files"]
NOW = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
URL = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/invoice/eid:b-1%2F2?replace=item&q=a%20b"
CLOCK_RIGHT = Token(value="0", expires_at=NOW)
NAMES = ("consumerKey", "consumerSecret", "tokenId", "tokenSecret")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with emulated() as hub:
        yield hub


@pytest.fixture
def keys(hub: Hub) -> Mapping[str, str]:
    data: dict[str, str] = hub.emulators["netsuite"].credential_files(None)["NETSUITE_TOKEN"]
    return {name: data[name] for name in ("accountId", *NAMES)}


def signed(keys: Mapping[str, str], token: Token = CLOCK_RIGHT, url: str = URL) -> Incoming:
    request = Request(method="PUT", url=url, body=b"{}")
    login = tba.sign(keys, keys, token, request)
    return Incoming.build("PUT", url, login, b"{}")


def accepted(hub: Hub, request: Incoming) -> bool:
    return bool(hub.emulators["netsuite"].doorkeeper.signatures.check(request, ACCOUNT))


def test_the_signature_is_right_and_good_for_one_request(hub: Hub, keys: Mapping[str, str]) -> None:
    request = signed(keys)
    assert accepted(hub, request)
    assert not accepted(hub, request), "the nonce was used"
    assert 'realm="1234567_SB1"' in request.header("Authorization") and "HMAC-SHA256" in request.header("Authorization")


@pytest.mark.parametrize(
    "changed", [{"method": "POST"}, {"host": "other.suitetalk.api.netsuite.com"}, {"path": "/services/rest/x"}, {"query": {}}]
)
def test_what_is_signed_cannot_be_changed(hub: Hub, keys: Mapping[str, str], changed: dict[str, Any]) -> None:
    assert not accepted(hub, replace(signed(keys), **changed))


@pytest.mark.parametrize("name", NAMES)
def test_every_key_counts(hub: Hub, keys: Mapping[str, str], name: str) -> None:
    assert not accepted(hub, signed({**keys, name: "0" * 64}))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10_000), value=st.sampled_from("0aZ%"))
def test_no_letter_of_the_signature_can_be_changed(hub: Hub, keys: Mapping[str, str], position: int, value: str) -> None:
    request = signed(keys)
    header = request.header("Authorization")
    start = header.index('oauth_signature="') + len('oauth_signature="')
    at = start + position % (header.index('"', start) - start)
    forged = header[:at] + (value if header[at] != value else "b") + header[at + 1 :]
    assert not accepted(hub, replace(request, headers={"authorization": forged}))


def test_a_wrong_clock_is_corrected_by_netsuites(hub: Hub, keys: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = NOW + dt.timedelta(minutes=47)
    monkeypatch.setattr("integrations.destinations.netsuite.emulation.signatures.time.time", theirs.timestamp)
    with time_machine.travel(NOW, tick=False):
        assert not accepted(hub, signed(keys))
        token = Token(value=str(tba._ahead(theirs.strftime("%a, %d %b %Y %H:%M:%S GMT"), NOW)), expires_at=NOW)
        assert token.value == "2820" and accepted(hub, signed(keys, token))
    assert tba._ahead("", NOW) == tba._ahead("yesterday", NOW) == 0


@pytest.mark.django_db
def test_an_invoice_is_posted_with_signed_requests(books: Books, customer: object) -> None:
    data = books.emulator.credential_files(None)["NETSUITE_TOKEN"]
    kind = registry.credential_kind("NETSUITE_TOKEN")
    fields = {name: data[name] for name in ("accountId", *NAMES)}
    credential = service.create(kind, "By tokens", {**fields, "accountId": "1234567-sb1"})
    assert (credential.status, credential.tenant) == (Credential.Status.VERIFIED, ACCOUNT)
    arrive(a_bill("b-1"))
    work(an_integration(credential))
    assert books.one()["externalId"] == "b-1"

    with pytest.raises(errors.Misconfigured, match=r"refused these keys.*Audit Trail"):
        service.create(kind, "Wrong", {**fields, "tokenSecret": "wrong"})
    with pytest.raises(ValueError, match="The token id is one word"):
        service.create(kind, "Wrong", {**fields, "tokenId": "two words"})


def test_the_page_says_that_oracle_ends_it() -> None:
    kind = registry.credential_kind("NETSUITE_TOKEN")
    assert "2027.1" in kind.fields[0].help and any("2027.1" in step.warning for step in kind.setup)
