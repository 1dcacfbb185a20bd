"""The access key: what is asked for, what m3ter's answers mean, and that the pages for credentials take a source's kind."""

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from credentials import service
from credentials.models import Credential
from integrations import errors, registry
from integrations.contract import Token
from integrations.sources.m3ter.auth import M3TER_ACCESS_KEY, obtain, verify
from tests.sources.m3ter.api import CREDENTIAL, KEY, ORGANIZATION, SECRET, Fault, M3ter, a_bill, serving

SETTINGS, SECRETS = {"organizationId": ORGANIZATION, "accessKeyId": KEY}, {"apiSecret": SECRET}
DATA = {name: value for name, value in CREDENTIAL.items() if name != "kind"}


@pytest.fixture
def m3ter() -> Iterator[M3ter]:
    with time_machine.travel("2026-11-21T09:00:00Z", tick=False), serving(M3ter()) as api:
        api.put(a_bill("b1"))
        yield api


def test_a_token_lasts_as_long_as_m3ter_says(m3ter: M3ter) -> None:
    m3ter.lasts = 600
    token = obtain(SETTINGS, SECRETS)
    assert token.expires_at == dt.datetime(2026, 11, 21, 9, 10, tzinfo=dt.UTC)
    assert verify(SETTINGS, SECRETS, token).tenant == ORGANIZATION
    assert m3ter.asked == [("bills", {"pageSize": "1", "excludeLineItems": "true"})]


def test_a_wrong_secret_is_the_persons_to_correct(m3ter: M3ter) -> None:
    with pytest.raises(errors.Misconfigured, match=r"refused the login \(HTTP 401\)\. Check the access key id"):
        obtain(SETTINGS, {"apiSecret": "wrong"})


@pytest.mark.parametrize("status", [429, 500, 502])
def test_a_busy_login_is_tried_again(m3ter: M3ter, status: int) -> None:
    m3ter.faults.append(Fault("/oauth/token", status))
    with pytest.raises(errors.Retry, match="too busy"):
        obtain(SETTINGS, SECRETS)


@pytest.mark.parametrize("body", ["", "<html>", "{}", '{"access_token": 7}', "[]"])
def test_an_answer_without_a_token_is_tried_again(m3ter: M3ter, body: str) -> None:
    m3ter.faults.append(Fault("/oauth/token", 200, body=body))
    with pytest.raises(errors.Retry, match="did not answer as it should"):
        obtain(SETTINGS, SECRETS)


def test_an_organization_that_the_key_does_not_open(m3ter: M3ter) -> None:
    with pytest.raises(errors.Misconfigured, match="organization elsewhere"):
        verify(SETTINGS | {"organizationId": "elsewhere"}, SECRETS, obtain(SETTINGS, SECRETS))


def test_a_token_past_its_end(m3ter: M3ter) -> None:
    with pytest.raises(errors.Misconfigured) as refused:
        verify(SETTINGS, SECRETS, Token(value="old", expires_at=dt.datetime.now(dt.UTC)))
    assert "old" not in refused.value.sentence.split()


def test_what_is_typed_is_trimmed_and_checked() -> None:
    padded = {name: f"  {value}\n" for name, value in SETTINGS.items()}
    assert M3TER_ACCESS_KEY.clean(padded, {"apiSecret": f" {SECRET} "}) == (SETTINGS, SECRETS)
    with pytest.raises(ValueError) as refused:
        M3TER_ACCESS_KEY.clean({"organizationId": "a/b", "accessKeyId": "a:b"}, {"apiSecret": "two words"})
    assert set(refused.value.args[0]) == {"organizationId", "accessKeyId", "apiSecret"}


@pytest.mark.django_db
def test_the_credential_is_stored_and_can_be_tested_again(m3ter: M3ter) -> None:
    made = service.create(registry.credential_kind("M3TER_ACCESS_KEY"), "m3ter production", DATA)
    assert (made.system, made.system_label, made.tenant, made.status) == ("m3ter", "m3ter", ORGANIZATION, "VERIFIED")
    assert service.verify(made).status == "VERIFIED"


def test_it_is_made_in_the_browser(m3ter: M3ter, admin_client: Client) -> None:
    """A source's kind stands beside the destinations' ones, with its steps, and is connected in the same way."""
    assert "m3ter access key" in admin_client.get(reverse("admin:credentials_credential_choose_kind")).content.decode()
    address = reverse("admin:credentials_credential_create", args=["M3TER_ACCESS_KEY"])
    assert "Generate an access key" in admin_client.get(address).content.decode()
    assert "Set up m3ter" in admin_client.get(reverse("admin:credentials_credential_setup", args=["M3TER_ACCESS_KEY"])).content.decode()
    answer = admin_client.post(address, {"name": "m3ter production", **DATA}, follow=True).content.decode()
    assert f"production is connected to m3ter {ORGANIZATION}." in answer and SECRET not in answer
    assert Credential.objects.get().tenant == ORGANIZATION
    assert "m3ter" in admin_client.get(reverse("admin:credentials_credential_changelist")).content.decode()


def test_no_integration_sends_to_a_source() -> None:
    assert "m3ter" not in dict(registry.system_choices())
