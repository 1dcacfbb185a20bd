"""OAuth 2.0 client credentials as NetSuite checks them."""

import datetime
import time

import jwt
import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.emulation.books import ACCOUNT, HOST, TOKEN_URL, Books, detail, invoice


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, days: int = 730) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "billpost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - datetime.timedelta(days=3)).not_valid_after(now + datetime.timedelta(days=days))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512"])
def test_a_good_assertion_gets_a_token(books: Books, algorithm: str) -> None:
    answer = books.ask_token(books.assertion(algorithm))
    assert answer.status_code == 200
    assert {name: value for name, value in answer.json().items() if name != "access_token"} == {
        "expires_in": "3600",
        "token_type": "bearer",
    }


@pytest.mark.parametrize("scope", [["restlets", "rest_webservices"], "rest_webservices,restlets", "rest_webservices suite_analytics"])
def test_a_scope_is_a_list_or_words(books: Books, scope: object) -> None:
    assert books.ask_token(books.assertion(scope=scope)).status_code == 200


NOW = int(time.time())


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithm": "RS256"},
        {"kid": "cert-unknown"},
        {"iss": "someone-else"},
        {"aud": TOKEN_URL.replace("sb1", "sb2")},
        {"aud": "http://127.0.0.1:9100/services/rest/auth/oauth2/v1/token"},
        {"scope": ["restlets"]},
        {"scope": ["rest_webservices", "everything"]},
        {"scope": [["rest_webservices"]]},
        {"scope": None},
        {"iat": NOW - 500, "exp": NOW - 200},
        {"exp": NOW + 36_000},
        {"iat": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
        {"key": ec.generate_private_key(ec.SECP256R1()), "algorithm": "ES256"},
    ],
    ids="-".join,
)
def test_a_wrong_assertion_gets_no_token_and_no_reason(books: Books, wrong: dict) -> None:
    answer = books.ask_token(books.assertion(**wrong))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert books.hub.emulators["netsuite"].doorkeeper.audit[-1][1] == ACCOUNT


@pytest.mark.parametrize("field", ["grant_type", "client_assertion_type", "client_assertion"])
def test_a_wrong_form_gets_no_token(books: Books, field: str) -> None:
    assert books.ask_token(books.assertion(), **{field: "wrong"}).status_code == 400


def test_an_uploaded_certificate_is_good_until_it_expires(books: Books) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    books.records("certificate", {"certificateId": "cert-ec", "clientId": "client-ec", "certificate": certificate(key)})
    assertion = books.assertion("ES384", key, "cert-ec", iss="client-ec")
    assert books.ask_token(assertion).status_code == 200
    assert books.ask_token(books.assertion("ES384", key, "cert-ec")).status_code == 400
    books.records("certificate", {"certificateId": "cert-ec", "clientId": "client-ec", "certificate": certificate(key, days=-1)})
    assert books.ask_token(assertion).status_code == 400


def test_a_certificate_of_another_account_is_unknown(books: Books) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    entry = {"certificateId": "cert-2", "clientId": "client-2", "certificate": certificate(key)}
    books.records("certificate", entry, tenant="9999999")
    assert books.ask_token(books.assertion("PS256", key, "cert-2", iss="client-2")).status_code == 400


def test_every_call_needs_a_token_of_its_account(books: Books) -> None:
    token = books.session.headers["Authorization"]
    for wrong in ("", "Bearer nonsense", "Basic abc", str(token).replace("Bearer ", "")):
        books.session.headers["Authorization"] = wrong
        assert detail(books.put("bill-1", invoice()))[:2] == (401, "INVALID_LOGIN")
    books.session.headers["Authorization"] = token
    books.session.headers["Host"] = "7777777.suitetalk.api.netsuite.com"
    assert detail(books.put("bill-1", invoice()))[:2] == (401, "INVALID_LOGIN")
    assert books.state() == []


def test_a_token_dies_after_an_hour_or_when_it_is_told_to(books: Books) -> None:
    with time_machine.travel(time.time() + 3590, tick=True):
        assert books.put("bill-1", invoice()).status_code == 204
    with time_machine.travel(time.time() + 3610, tick=True):
        assert books.put("bill-1", invoice()).status_code == 401
    books.configure(token_seconds=0)
    assert books.put("bill-1", invoice()).status_code == 401
    books.configure(token_seconds=None)
    assert books.put("bill-1", invoice()).status_code == 204


def test_a_person_uploads_a_certificate_and_gets_its_id(books: Books) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    page = f"{HOST}/app/oauth2/clientCredentials?c={ACCOUNT}"
    assert "<textarea" in books.session.get(page).text
    form = {"certificate_file": ("cert.pem", certificate(key)), "client_id": (None, "my-client"), "certificate": (None, "")}
    saved = books.session.post(page, files=form)
    kid = saved.text.partition("cert-")[2].partition("<")[0]
    assert books.ask_token(books.assertion("PS256", key, f"cert-{kid}", iss="my-client")).status_code == 200
    pasted = books.session.post(page, data={"certificate": certificate(key)})
    assert (pasted.status_code, "Client ID" in pasted.text) == (200, True)
    refused = books.session.post(page, data={"certificate": "<b>no</b>"})
    assert (refused.status_code, "<b>" in refused.text, "not a PEM text" in refused.text) == (400, False, True)


def test_a_hand_made_token_is_not_enough(books: Books) -> None:
    books.session.headers["Authorization"] = "Bearer " + jwt.encode({"sub": "me"}, "k" * 32, algorithm="HS256")
    assert books.put("bill-1", invoice()).status_code == 401
