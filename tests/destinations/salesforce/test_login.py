"""Logging in both ways, and every way it can be refused."""

import datetime as dt
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import responses
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from integrations import errors
from integrations.contract import CredentialKind, Request
from integrations.destinations.salesforce import kinds
from integrations.destinations.salesforce.org import Org as Address
from integrations.destinations.salesforce.org import login_host, tenant_of
from integrations.emulation import jsons
from integrations.http import Wire
from tests.destinations.salesforce.conftest import KINDS, login_of
from tests.destinations.salesforce.org import Login, Org

Files = dict[str, dict[str, Any]]


def pem(key: PrivateKeyTypes) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("acme", "acme.my.salesforce.com"),
        ("https://Acme.my.salesforce.com/home", "acme.my.salesforce.com"),
        ("acme.lightning.force.com", "acme.my.salesforce.com"),
        ("acme--uat.sandbox", "acme--uat.sandbox.my.salesforce.com"),
        ("acme--uat.sandbox.my.salesforce-setup.com", "acme--uat.sandbox.my.salesforce.com"),
        ("login", "login.salesforce.com"),
        (" test.salesforce.com ", "test.salesforce.com"),
    ],
)
def test_a_login_address_in_any_spelling(typed: str, host: str) -> None:
    assert login_host(typed) == host


@pytest.mark.parametrize("typed", ["", "  ", "acme corp", "acme.example.com", "salesforce.com.evil.net", "user@acme", "évian"])
def test_what_is_no_login_address(typed: str) -> None:
    with pytest.raises(ValueError, match="My Domain"):
        login_host(typed)


def test_the_instance_is_whose_books_they_are() -> None:
    assert tenant_of("https://acme--uat.sandbox.my.salesforce.com") == "acme--uat.sandbox"
    assert Address("acme--uat.sandbox").data == "https://acme--uat.sandbox.my.salesforce.com/services/data/v62.0"
    assert Address(tenant_of("https://eu7.salesforce.com")).root == "https://eu7.salesforce.com"


@pytest.mark.parametrize("kind", KINDS)
def test_a_login_opens_the_org(org: Org, credential_files: Files, kind: str) -> None:
    login = login_of(kind, credential_files)
    token = login.kind.obtain(login.settings, login.secrets)
    verified = login.kind.verify(login.settings, login.secrets, token)
    assert (verified.tenant, verified.note) == ("demo", "")
    assert dt.timedelta(0) < token.expires_at - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=1)


def changed(login: Login, **values: str) -> Login:
    settings, secrets = ({name: values.get(name, value) for name, value in given.items()} for given in (login.settings, login.secrets))
    return Login(login.kind, settings, secrets)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("SALESFORCE_JWT", {"username": "somebody@else"}, "user hasn't approved this consumer"),
        ("SALESFORCE_JWT", {"consumerKey": "3MVG9.unknown"}, "client identifier invalid"),
        ("SALESFORCE_JWT", {"privateKey": pem(rsa.generate_private_key(65537, 2048))}, "invalid assertion"),
        ("SALESFORCE_CLIENT_CREDENTIALS", {"consumerSecret": "WRONG"}, "invalid client credentials"),
        ("SALESFORCE_CLIENT_CREDENTIALS", {"loginUrl": "other.my.salesforce.com"}, "invalid client credentials"),
    ],
)
def test_a_refused_login_says_why_and_what_to_do(org: Org, credential_files: Files, kind: str, values: dict[str, str], said: str) -> None:
    login = changed(login_of(kind, credential_files), **values)
    with pytest.raises(errors.Misconfigured) as refused:
        login.kind.obtain(login.settings, login.secrets)
    assert refused.value.code == "LOGIN_REFUSED" and said in refused.value.sentence
    assert "External Client App" in refused.value.sentence
    assert not any(secret in str(vars(refused.value)) for secret in login.secrets.values())


TOKEN_URL = "https://demo.my.salesforce.com/services/oauth2/token"


@pytest.mark.parametrize("status", [200, 429, 500, 503])
def test_a_login_service_that_is_away_is_asked_again(credential_files: Files, status: int) -> None:
    login = login_of("SALESFORCE_JWT", credential_files)
    with responses.RequestsMock() as wire:
        wire.post(TOKEN_URL, body="<html>Down for maintenance</html>", status=status)
        with pytest.raises(errors.Retry):
            login.kind.obtain(login.settings, login.secrets)


def test_the_assertion_names_the_login_or_the_test_host(credential_files: Files) -> None:
    login = login_of("SALESFORCE_JWT", credential_files)
    for host, audience in (
        ("acme.my.salesforce.com", "login"),
        ("acme--uat.sandbox.my.salesforce.com", "test"),
        ("test.salesforce.com", "test"),
    ):
        with responses.RequestsMock() as wire:
            sent = wire.post(
                f"https://{host}/services/oauth2/token", json={"access_token": "t", "instance_url": "https://acme.my.salesforce.com"}
            )
            login.kind.obtain({**login.settings, "loginUrl": host}, login.secrets)
            form = parse_qs(sent.calls[0].request.body.decode())
        claims = jwt.decode(form["assertion"][0], options={"verify_signature": False})
        assert claims["aud"] == f"https://{audience}.salesforce.com"
        assert claims["exp"] - dt.datetime.now(dt.UTC).timestamp() <= 180
        assert jwt.get_unverified_header(form["assertion"][0])["alg"] == "RS256"


def test_a_user_without_the_api_is_told_so(org: Org) -> None:
    login = org.login
    token = login.kind.obtain(login.settings, login.secrets)
    with responses.RequestsMock() as wire:
        wire.get(
            "https://demo.my.salesforce.com/services/data/v62.0/limits",
            json=[{"errorCode": "API_DISABLED_FOR_ORG", "message": "No"}],
            status=403,
        )
        with pytest.raises(errors.Misconfigured, match="API access"):
            login.kind.verify(login.settings, login.secrets, token)


def test_an_answer_of_401_gets_one_new_token(org: Org) -> None:
    wire = Wire(org.login, "Salesforce")
    url = f"{Address('demo').data}/limits"
    assert wire.send(Request(method="GET", url=url, safe=True)).status == 200
    org.enter("Session")
    assert wire.send(Request(method="GET", url=url, safe=True)).status == 200
    org.configure(token_seconds=0)
    answer = wire.send(Request(method="GET", url=url, safe=True))
    assert (answer.status, org.login.renewals) == (401, 2)
    assert jsons.load(answer.body)[0]["errorCode"] == "INVALID_SESSION_ID"


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())], ids=["short", "curve"])
def test_a_key_that_salesforce_does_not_take(key: PrivateKeyTypes) -> None:
    with pytest.raises(ValueError, match="Make a new pair"):
        kinds.private_key(pem(key))


def test_client_credentials_need_a_my_domain() -> None:
    with pytest.raises(ValueError) as wrong:
        kinds.SALESFORCE_CLIENT_CREDENTIALS.clean({"loginUrl": "login.salesforce.com", "consumerKey": "k"}, {"consumerSecret": "s"})
    assert "My Domain" in wrong.value.args[0]["loginUrl"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_steps_lead_to_every_field(kind: CredentialKind) -> None:
    told = " ".join(f"{step.title} {step.where} {' '.join(step.actions)} {step.warning}" for step in kind.setup)
    assert "External Client App" in told and "mdapi" in told
    copied = {step.copies for step in kind.setup if step.copies}
    assert copied <= {field.name for field in kind.fields} and "loginUrl" in copied
