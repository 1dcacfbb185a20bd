"""Logging in: what people paste, the signed assertion, and every way it can be refused."""

import base64
import datetime as dt
from collections.abc import Mapping

import jwt
import pytest
import responses
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from integrations import errors
from integrations.contract import Token
from integrations.destinations.netsuite import auth, keys
from integrations.destinations.netsuite.account import Account, canonical
from tests.destinations.netsuite.books import Books
from tests.integrations.test_http import self_signed

TOKEN_URL = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
SUITEQL_URL = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=1"
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def pem(key: PrivateKeyTypes, password: bytes | None = None, style: str = "PKCS8") -> str:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, getattr(serialization.PrivateFormat, style), encryption).decode()


def credential(**changes: str) -> tuple[dict[str, str], dict[str, str]]:
    settings = {"accountId": "1234567-sb1", "clientId": "client-1", "certificateId": "cert-1"} | changes
    return auth.clean({name: settings[name] for name in ("accountId", "clientId", "certificateId")}, {"privateKey": pem(EC_KEY)})


# --- the account id ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "account", "host"),
    [
        ("1234567", "1234567", "1234567"),
        ("1234567_SB1", "1234567_SB1", "1234567-sb1"),
        (" 1234567-sb1\n", "1234567_SB1", "1234567-sb1"),
        ("12345_SB", "12345_SB", "12345-sb"),
        ("tstdrv1234567", "TSTDRV1234567", "tstdrv1234567"),
        ("https://1234567-sb1.app.netsuite.com/app/center/card.nl?sc=-29", "1234567_SB1", "1234567-sb1"),
        ("1234567-sb1.suitetalk.api.netsuite.com", "1234567_SB1", "1234567-sb1"),
    ],
)
def test_an_account_id_in_any_spelling(typed: str, account: str, host: str) -> None:
    assert canonical(typed) == account
    assert Account(account).rest == f"https://{host}.suitetalk.api.netsuite.com/services/rest"


@pytest.mark.parametrize("typed", ["", "  ", "acme corp", "1234567_SB1_X", "1234567__SB1", "évian", "evil@1234567"])
def test_what_is_no_account_id(typed: str) -> None:
    with pytest.raises(ValueError, match="Company Information"):
        canonical(typed)


# --- the private key ---------------------------------------------------------------------------------------------------------------------

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=3072)
GOOD = {
    "pkcs8": pem(RSA_KEY),
    "pkcs1": pem(RSA_KEY, style="TraditionalOpenSSL"),
    "base64": base64.b64encode(pem(RSA_KEY).encode()).decode(),
    "base64 in lines": base64.encodebytes(pem(RSA_KEY).encode()).decode(),
    "windows": pem(RSA_KEY).replace("\n", "\r\n"),
    "indented": pem(RSA_KEY).replace("\n", "\n    "),
    "on one line": pem(RSA_KEY).replace("\n", " "),
    "newlines written out": pem(RSA_KEY).replace("\n", "\\n"),
    "with attributes around": f"Bag Attributes\n    friendlyName: m3ter\n{pem(RSA_KEY)}\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_private_key_however_it_was_pasted(text: str) -> None:
    found = serialization.load_pem_private_key(keys.private_key(text).encode(), None)
    assert isinstance(found, rsa.RSAPrivateKey) and found.private_numbers() == RSA_KEY.private_numbers()


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_elliptic_keys_are_taken(curve: ec.EllipticCurve) -> None:
    for style in ("PKCS8", "TraditionalOpenSSL"):
        assert "PRIVATE KEY" in keys.private_key(pem(ec.generate_private_key(curve), style=style))


def test_certificate_and_key_in_one_file_give_the_key(tmp_path) -> None:
    assert keys.private_key(self_signed(tmp_path / "both.pem").read_text()).startswith("-----BEGIN PRIVATE KEY-----")


PUBLIC = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
BAD = {
    "nothing": ("", "not a private key in PEM form"),
    "a certificate": ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "goes into NetSuite"),
    "a certificate as base64": (
        base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----").decode(),
        "goes into NetSuite",
    ),
    "a public key": (PUBLIC, "public key"),
    "a request": ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA", "request for a certificate"),
    "an ssh key": ("ssh-rsa AAAAB3 me@host", "SSH key"),
    "a passphrase": (pem(RSA_KEY, b"secret"), "passphrase"),
    "an old passphrase": (pem(RSA_KEY, b"secret", "TraditionalOpenSSL"), "passphrase"),
    "half": (pem(RSA_KEY)[:900], "not a private key"),
    "damage": (pem(RSA_KEY).replace("M", "A"), "damaged"),
    "1024 bits": (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "this one has 1024"),
    "2048 bits": (pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)), "this one has 2048"),
    "another curve": (pem(ec.generate_private_key(ec.SECP256K1())), "another kind"),
    "ed25519": (pem(ed25519.Ed25519PrivateKey.generate()), "another kind"),
    "dsa": (pem(dsa.generate_private_key(2048)), "another kind"),
    "a wrong file": ("name,amount\nAcme,12.00", "not a private key"),
}


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=BAD)
def test_what_is_no_key_for_netsuite_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        auth.clean({"accountId": "1", "clientId": "c", "certificateId": "k"}, {"privateKey": text})
    assert list(caught.value.args[0]) == ["privateKey"]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError) as caught:
        auth.clean({"accountId": "?", "clientId": "a b"}, {})
    assert set(caught.value.args[0]) == {"accountId", "clientId", "certificateId", "privateKey"}


def test_clean_separates_what_may_be_shown() -> None:
    settings, secrets = credential(clientId=" client-1 ")
    assert settings == {"accountId": "1234567_SB1", "clientId": "client-1", "certificateId": "cert-1"}
    assert list(secrets) == ["privateKey"]


# --- the token ---------------------------------------------------------------------------------------------------------------------------


@responses.activate
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA_KEY, "PS256"),
        (EC_KEY, "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
    ],
    ids=["PS256", "ES256", "ES384", "ES512"],
)
def test_the_assertion_is_what_netsuite_asks_for(key: rsa.RSAPrivateKey, algorithm: str) -> None:
    responses.post(TOKEN_URL, json={"access_token": "token-1", "expires_in": "3600", "token_type": "bearer"})
    settings, _ = credential()
    now = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
    with time_machine.travel(now, tick=False):
        token = auth.obtain(settings, {"privateKey": pem(key)})
        form = dict(part.split("=") for part in responses.calls[0].request.body.decode().split("&"))
        claims = jwt.decode(form["client_assertion"], key.public_key(), [algorithm], audience=TOKEN_URL)
    assert token == Token(value="token-1", expires_at=now + dt.timedelta(hours=1))
    assert form["grant_type"] == "client_credentials"
    assert form["client_assertion_type"] == "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    assert jwt.get_unverified_header(form["client_assertion"]) == {"typ": "JWT", "alg": algorithm, "kid": "cert-1"}
    assert claims == {
        "iss": "client-1",
        "scope": ["restlets", "rest_webservices"],
        "aud": TOKEN_URL,
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + 300,
    }


def test_the_emulator_checks_and_accepts_it(books: Books) -> None:
    token = auth.obtain(books.login.settings, books.login.secrets)
    assert auth.verify(books.login.settings, books.login.secrets, token).tenant == "1234567_SB1"


@pytest.mark.parametrize("change", [{"certificateId": "cert-unknown"}, {"clientId": "somebody-else"}, {"accountId": "7654321"}])
def test_what_does_not_fit_is_refused_with_what_to_compare(books: Books, change: Mapping[str, str]) -> None:
    with pytest.raises(errors.Misconfigured, match="refused the login") as caught:
        auth.obtain({**books.login.settings, **change}, books.login.secrets)
    assert "certificate id" in caught.value.sentence and "Login Audit Trail" in caught.value.sentence
    assert caught.value.code == "LOGIN_REFUSED"
    assert "clock" not in caught.value.sentence


@responses.activate
@pytest.mark.parametrize(("minutes", "said"), [(7, "7 min ahead of"), (-3, "3 min behind"), (0, None)])
def test_a_wrong_clock_is_named(minutes: int, said: str | None) -> None:
    responses.post(TOKEN_URL, status=400, json={"error": "invalid_request"}, headers={"Date": "Sat, 21 Nov 2026 12:00:00 GMT"})
    ours = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
    with time_machine.travel(ours, tick=False), pytest.raises(errors.Misconfigured) as caught:
        auth.obtain(*credential())
    assert (said or "(invalid_request)") in caught.value.sentence
    assert ("clock" in caught.value.sentence) is bool(said)


@responses.activate
@pytest.mark.parametrize(("status", "body"), [(500, b""), (503, b"<html>down</html>"), (429, b"{}"), (200, b"<html>maintenance</html>")])
def test_a_login_service_that_is_down_is_tried_again(status: int, body: bytes) -> None:
    responses.post(TOKEN_URL, status=status, body=body)
    with pytest.raises(errors.Retry):
        auth.obtain(*credential())


@responses.activate
@pytest.mark.parametrize(
    ("status", "error"), [(401, errors.Misconfigured), (403, errors.Misconfigured), (400, errors.Misconfigured), (503, errors.Retry)]
)
def test_a_token_that_may_do_nothing(status: int, error: type[errors.DeliveryError]) -> None:
    complaint = {"o:errorDetails": [{"detail": "Your current role does not have permission.", "o:errorCode": "INSUFFICIENT_PERMISSION"}]}
    responses.post(SUITEQL_URL, status=status, json=complaint)
    with pytest.raises(error) as caught:
        auth.verify(*credential(), Token(value="token-1", expires_at=dt.datetime.now(dt.UTC)))
    assert caught.value.detail == "Your current role does not have permission."
    assert "token-1" not in str(caught.value)


def test_the_steps_lead_to_every_field() -> None:
    names = {field.name for field in auth.NETSUITE_AUTH.fields}
    assert {step.copies for step in auth.NETSUITE_AUTH.setup if step.copies} == names
    assert [field.name for field in auth.NETSUITE_AUTH.fields if field.secret] == ["privateKey"]
