"""Logging in with OAuth 2.0: a person's consent at Intuit, or a refresh token from a file, buys tokens that have to be renewed.

Intuit's OAuth 2.0 guide and the discovery document, as read in November 2026, name no PKCE parameter for this flow; state and the client's
secret protect it.
"""

import base64
import datetime as dt
import json
from collections.abc import Mapping
from urllib.parse import urlencode

from integrations import errors
from integrations.contract import Answer, Consent, CredentialField, CredentialKind, Redeemed, Request, Token, Verified
from integrations.destinations.quickbooks import query, setup
from integrations.destinations.quickbooks.answers import parsed
from integrations.destinations.quickbooks.company import SANDBOX, SYSTEM, Company
from integrations.destinations.quickbooks.faults import TABLE
from integrations.http import Wire, browser_url, post_form

AUTHORISE_URL = "https://appcenter.intuit.com/connect/oauth2"
TOKEN_URL = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address
REVOKE_URL = "https://developer.api.intuit.com/v2/oauth2/tokens/revoke"
SCOPE = "com.intuit.quickbooks.accounting"
LONGEST_CONSENT = dt.timedelta(days=5 * 365)
"""After this a person has to consent again, however often it is used (Intuit's developer blog, 12 November 2025)."""

Values = Mapping[str, str]


def clean(settings: dict[str, str], secrets: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The values as they are stored. ValueError({field: sentence}) when one of them cannot be right.

    The company and its refresh token come together, from a file or from a person's consent.
    """
    client, company = _word(settings.get("clientId", "")), settings.get("realmId", "").strip()
    secret, refresh = _word(secrets.get("clientSecret", "")), secrets.get("refreshToken", "").strip()
    again = "is one word without spaces: copy it again from Intuit's developer portal."
    wrong = {
        "clientId": "" if client else f"The client id {again}",
        "clientSecret": "" if secret else f"The client secret {again}",
        "realmId": "" if company.isdecimal() or not (company or refresh) else "A company id (realm id) is a number such as 9130.",
        "refreshToken": "" if _word(refresh) or not (company or refresh) else "The refresh token is one word, and belongs to a company id.",
    }
    if complaints := {name: sentence for name, sentence in wrong.items() if sentence}:
        raise ValueError(complaints)
    return {"clientId": client, "realmId": company}, {"clientSecret": secret, "refreshToken": refresh}


def consent(settings: Values, secrets: Values, asked: Consent) -> str:
    """The address of Intuit's page where a person chooses a company and lets us in."""
    query_string = {
        "client_id": settings["clientId"],
        "response_type": "code",
        "scope": SCOPE,
        "redirect_uri": asked.redirect_uri,
        "state": asked.state,
    }
    return browser_url(f"{AUTHORISE_URL}?{urlencode(query_string)}")


def redeem(settings: Values, secrets: Values, redeemed: Redeemed) -> tuple[Values, Token]:
    """The company that was chosen, and its first token. Raises errors.Misconfigured or errors.Retry."""
    realm = redeemed.answer.get("realmId", "")
    if not realm.isdecimal():
        raise errors.Misconfigured("Intuit did not say which company was chosen. Connect again and choose one.", code="NO_COMPANY")
    form = {"grant_type": "authorization_code", "code": redeemed.code, "redirect_uri": redeemed.redirect_uri}
    return {"realmId": realm}, _token(settings, secrets, form, LONGEST_CONSENT)


def obtain(settings: Values, secrets: Values) -> Token:
    """A token from the refresh token of a file. Raises errors.Misconfigured or errors.Retry."""
    if not secrets.get("refreshToken"):
        raise errors.Misconfigured("Nobody has let us into QuickBooks yet. Connect the credential.", code="NOT_CONNECTED")
    return _token(settings, secrets, {"grant_type": "refresh_token", "refresh_token": secrets["refreshToken"]})


def refresh(settings: Values, secrets: Values, token: Token) -> Token:
    """A new access token and the newest refresh token. Raises errors.Misconfigured or errors.Retry."""
    return _token(settings, secrets, {"grant_type": "refresh_token", "refresh_token": token.refresh})


def revoke(settings: Values, secrets: Values, token: Token) -> None:
    """Gives the connection back; QuickBooks then shows the app as disconnected. Raises errors.Misconfigured or errors.Retry."""
    body = json.dumps({"token": token.refresh or token.value}).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json", **_basic(settings, secrets)}
    answer = Wire(None, SYSTEM).send(Request(method="POST", url=REVOKE_URL, headers=headers, body=body, safe=True))
    if answer.status != 200:
        raise _refusal(answer)


def authorise(settings: Values, secrets: Values, token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def verify(settings: Values, secrets: Values, token: Token) -> Verified:
    """Reads the company's preferences with the token. Raises errors.Misconfigured or errors.Retry.

    A development app opens sandbox companies only and a production app real ones, each at a host of its own.
    """
    system = settings.get("system", SYSTEM)
    try:
        preferences = query.read_preferences(Wire(_Bearer(token), system, renew_on=()), Company(settings["realmId"], system))
    except errors.Refused as error:
        raise errors.Misconfigured(error.sentence, code=error.code, detail=error.detail) from error
    return _verified(preferences, settings["realmId"])


class _Bearer:
    """One token as a login that cannot be renewed."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def headers(self, request: Request | None = None) -> Values:
        return authorise({}, {}, self._token)

    def renew(self) -> None:
        """Nothing: the connection test tells that it was refused."""


def _verified(preferences: query.Record, realm: str) -> Verified:
    """Whose books, and in which currencies they can bill."""
    currency = preferences.get("CurrencyPrefs") or {}
    home = str((currency.get("HomeCurrency") or {}).get("value") or "")
    if not home or currency.get("MultiCurrencyEnabled"):
        return Verified(tenant=realm)
    note = (
        f"The company's home currency is {home} and Multicurrency is off, so QuickBooks refuses Bills in any other currency. "
        "It is switched on under Settings > Account and settings > Advanced > Currency, and cannot be switched off again."
    )
    return Verified(tenant=realm, note=note, currencies=(home,))


def _token(settings: Values, secrets: Values, form: Values, longest: dt.timedelta | None = None) -> Token:
    answer = post_form(TOKEN_URL, form, headers=_basic(settings, secrets), system=SYSTEM)
    content, now = parsed(answer.body), dt.datetime.now(dt.UTC)
    if answer.status != 200 or not content.get("access_token"):
        raise _refusal(answer)
    idle = dt.timedelta(seconds=int(content.get("x_refresh_token_expires_in") or 0))
    return Token(
        value=str(content["access_token"]),
        expires_at=now + dt.timedelta(seconds=int(content.get("expires_in") or 3600)),
        refresh=str(content.get("refresh_token") or ""),
        refresh_expires_at=now + min(idle, longest or idle) if idle else None,
    )


def _basic(settings: Values, secrets: Values) -> dict[str, str]:
    pair = f"{settings['clientId']}:{secrets['clientSecret']}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _refusal(answer: Answer) -> errors.DeliveryError:
    content = parsed(answer.body)
    code, words = str(content.get("error") or ""), str(content.get("error_description") or "")
    if answer.status in (200, 429) or answer.status >= 500:
        return errors.Retry("Intuit's login service did not answer as it should; we try again.", code="LOGIN_UNAVAILABLE", detail=words)
    if code == "invalid_grant":
        row = next(row for row in TABLE if code in row.codes)
        return errors.Misconfigured(f"{row.title} {row.why} {row.remedy}", code=row.code, detail=words)
    sentence = "Intuit refused the app itself. Compare client id and client secret with Keys & credentials in Intuit's developer portal."
    return errors.Misconfigured(sentence, code="APP_REFUSED", detail=words or code or f"HTTP {answer.status}")


def _word(text: str) -> str:
    """The text without blanks around it, "" when it is not one printable word."""
    value = text.strip()
    return value if value.isascii() and value.isprintable() and " " not in value else ""


QUICKBOOKS_OAUTH = CredentialKind(
    kind="QUICKBOOKS_OAUTH",
    label="QuickBooks Online OAuth 2.0",
    systems=(SYSTEM, SANDBOX),
    fields=(
        CredentialField(name="clientId", label="Client id", help="Keys & credentials of your app in Intuit's developer portal."),
        CredentialField(name="clientSecret", label="Client secret", help="Beside the client id. Never shown again.", secret=True),
        CredentialField(
            name="realmId",
            label="Company id",
            help="The number of the company (realm id), under Settings > Account and settings > Billing & Subscription.",
            required=False,
            from_consent=True,
        ),
        CredentialField(
            name="refreshToken",
            label="Refresh token",
            help="Comes with the company when somebody lets us in. Never shown again.",
            secret=True,
            required=False,
            from_consent=True,
        ),
    ),
    clean=clean,
    obtain=obtain,
    verify=verify,
    authorise=authorise,
    refresh=refresh,
    consent=consent,
    redeem=redeem,
    revoke=revoke,
    setup=setup.STEPS,
)
