"""Logging in with OAuth 2.0 client credentials: a short-lived assertion signed with our private key buys a token.

Source: Oracle, NetSuite online help, section_162755359851 and section_158255317571, read in November 2026.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from integrations import errors
from integrations.contract import Answer, CredentialField, CredentialKind, Token, Verified
from integrations.destinations.netsuite import setup, verifying
from integrations.destinations.netsuite.account import Account, canonical
from integrations.destinations.netsuite.answers import parsed
from integrations.destinations.netsuite.faults import TABLE
from integrations.destinations.netsuite.keys import private_key, stored_key
from integrations.destinations.netsuite.verifying import AUDIT, SYSTEM, Values, cleaned, identifier
from integrations.faults import Said
from integrations.http import post_form

SCOPES = ["restlets", "rest_webservices"]
ASSERTION_LIFE = dt.timedelta(minutes=5)
_DRIFT = dt.timedelta(minutes=1)
_REFUSED = (
    "NetSuite gave us a token, but the role behind it may not use it. Give the role the permissions REST Web Services, "
    "Log in using OAuth 2.0 Access Tokens, SuiteAnalytics Workbook and Currency."
)
_CURVES = {256: "ES256", 384: "ES384", 521: "ES512"}


def clean(settings: dict[str, str], secrets: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The values as they are stored. ValueError({field: sentence}) when one of them cannot be right."""
    values = cleaned({**settings, **secrets}, _CLEANERS)
    secret = {"privateKey": values.pop("privateKey")}
    return values, secret


def obtain(settings: Values, secrets: Values) -> Token:
    """A new access token. Raises errors.Misconfigured when the login is refused, errors.Retry when NetSuite does not answer."""
    account = Account(settings["accountId"])
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": _assertion(account, settings, secrets),
    }
    answer = post_form(account.token_url, form, system=SYSTEM)
    content = parsed(answer.body)
    if answer.status == 200 and content.get("access_token"):
        life = dt.timedelta(seconds=int(content.get("expires_in", 3600)))
        return Token(value=content["access_token"], expires_at=dt.datetime.now(dt.UTC) + life)
    raise _refusal(answer, content)


def verify(settings: Values, secrets: Values, token: Token) -> Verified:
    """Asks one small question with the token. Raises errors.Misconfigured or errors.Retry."""
    return verifying.verified(settings, verifying.question(settings), authorise(settings, secrets, token), _REFUSED)


def authorise(settings: Values, secrets: Values, token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _assertion(account: Account, settings: Values, secrets: Values) -> str:
    key = stored_key(secrets["privateKey"])
    algorithm = _CURVES[key.curve.key_size] if isinstance(key, EllipticCurvePrivateKey) else "PS256"
    now = dt.datetime.now(dt.UTC)
    claims = {"iss": settings["clientId"], "scope": SCOPES, "aud": account.token_url, "iat": now, "exp": now + ASSERTION_LIFE}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": settings["certificateId"]})


def _refusal(answer: Answer, content: Mapping[str, Any]) -> errors.DeliveryError:
    said = Said(code=str(content.get("error", "")), words=str(content.get("error_description", "")))
    if answer.status == 429 or answer.status >= 500 or answer.status == 200:
        return errors.Retry(
            "NetSuite's login service did not answer as it should; we try again.", code="LOGIN_UNAVAILABLE", detail=said.words
        )
    row = next(row for row in TABLE if row.code == "LOGIN_REFUSED")
    reason = f" The reason is in NetSuite under {AUDIT}."
    title = row.title.format(vendor_code=said.code or f"HTTP {answer.status}")
    return errors.Misconfigured(f"{title} {row.remedy}{_clock(answer)}{reason}", code=row.code, detail=said.words or said.code)


def _clock(answer: Answer) -> str:
    """A sentence when our clock and NetSuite's are a minute or more apart, which alone makes NetSuite refuse."""
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return ""
    apart = dt.datetime.now(dt.UTC) - theirs.astimezone(dt.UTC)
    if abs(apart) < _DRIFT:
        return ""
    side = "ahead of" if apart > dt.timedelta(0) else "behind"
    return f" This machine's clock is {abs(apart).total_seconds() / 60:.0f} min {side} NetSuite's: set it first."


_CLEANERS: Mapping[str, Callable[[str], str]] = {
    "accountId": canonical,
    "clientId": identifier("The client id"),
    "certificateId": identifier("The certificate id"),
    "privateKey": private_key,
}

NETSUITE_AUTH = CredentialKind(
    kind="NETSUITE_AUTH",
    label="NetSuite OAuth 2.0 (client credentials)",
    systems=(SYSTEM,),
    fields=(
        CredentialField(
            name="accountId",
            label="Account id",
            help="Setup > Company > Company Information. In a sandbox with an underscore: 1234567_SB1.",
        ),
        CredentialField(name="clientId", label="Client id", help="Shown once when the integration record is saved."),
        CredentialField(
            name="certificateId",
            label="Certificate id",
            help="Setup > Integration > OAuth 2.0 Client Credentials (M2M) Setup, after the certificate is uploaded.",
        ),
        CredentialField(
            name="privateKey",
            label="Private key",
            help="The m3ter-key.pem that belongs to the uploaded certificate, as PEM or Base64 of it. Never shown again.",
            secret=True,
            kind="private_key",
        ),
    ),
    clean=clean,
    obtain=obtain,
    verify=verify,
    authorise=authorise,
    makes_key_pair=True,
    certificate_field="certificateId",
    setup=setup.STEPS,
)
