"""Logging in: a signed assertion (JWT bearer) or the app's own secret (client credentials) buys a token and names the instance.

Source: Salesforce Help, remoteaccess_oauth_jwt_flow and remoteaccess_oauth_client_credentials_flow, read in November 2026.
"""

import base64
import datetime as dt
from collections.abc import Mapping

import jwt

from integrations import errors
from integrations.contract import Answer, Request, Token, Verified
from integrations.destinations.salesforce.answers import complaints, parsed
from integrations.destinations.salesforce.faults import TABLE
from integrations.destinations.salesforce.org import LOGIN_HOSTS, Org, is_sandbox, tenant_of
from integrations.faults import Said, match
from integrations.http import Wire, post_form

SYSTEM, SANDBOX, LABEL = "Salesforce", "SalesforceSandbox", "Salesforce"
ASSERTION_LIFE = dt.timedelta(minutes=3)
TOKEN_LIFE = dt.timedelta(hours=1)
"""Answers name no end (November 2026): a session that ends earlier is refused with 401 and renewed then."""

Values = Mapping[str, str]


def obtain_by_assertion(settings: Values, secrets: Values) -> Token:
    """A new token. Raises errors.Misconfigured when the login is refused, errors.Retry when Salesforce does not answer."""
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": _assertion(settings, secrets)}
    return _token(settings["loginUrl"], form, {})


def obtain_by_secret(settings: Values, secrets: Values) -> Token:
    """As `obtain_by_assertion`; the app's secret goes into the Authorization header."""
    login = base64.b64encode(f"{settings['consumerKey']}:{secrets['consumerSecret']}".encode()).decode()
    return _token(settings["loginUrl"], {"grant_type": "client_credentials"}, {"Authorization": f"Basic {login}"})


def verify(settings: Values, secrets: Values, token: Token) -> Verified:
    """Reads the org's limits with the token. Raises errors.Misconfigured or errors.Retry."""
    instance_url, _ = _parts(token)
    org = Org(tenant_of(instance_url))
    request = Request(method="GET", url=f"{org.data}/limits", headers=authorise(settings, secrets, token), safe=True)
    answer = Wire(None, SYSTEM).send(request)
    if answer.status == 200 and "DailyApiRequests" in parsed(answer.body):
        return Verified(tenant=org.tenant, note="It is a sandbox." if is_sandbox(f"{org.tenant}.") else "")
    fault = match(TABLE, complaints(answer)[0], {})
    if fault.next in ("retry", "rate", "unknown"):
        busy = "Salesforce let us in but is too busy to answer. Connect again in a minute."
        raise errors.Retry(busy, code=fault.code, detail=fault.detail)
    raise errors.Misconfigured(
        "Salesforce gave us a token, but the user behind it may not use the API. "
        "Give the integration user a licence with API access and the permission set Billpost Integration.",
        code="PERMISSION",
        detail=fault.detail,
    )


def authorise(settings: Values, secrets: Values, token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {_parts(token)[1]}"}


def _parts(token: Token) -> tuple[str, str]:
    """The instance and the access token that stand in a token's value: both came with one answer and belong together."""
    instance_url, _, access = token.value.partition(" ")
    return instance_url, access


def _token(host: str, form: Values, headers: Values) -> Token:
    answer = post_form(f"https://{host}/services/oauth2/token", form, headers, system=SYSTEM)
    content = parsed(answer.body)
    access, instance = content.get("access_token"), content.get("instance_url")
    if answer.status == 200 and isinstance(access, str) and isinstance(instance, str) and tenant_of(instance):
        return Token(value=f"{instance} {access}", expires_at=dt.datetime.now(dt.UTC) + TOKEN_LIFE)
    raise _refusal(answer)


def _assertion(settings: Values, secrets: Values) -> str:
    """The audience is the login or test host, also when the request goes to a My Domain."""
    audience = LOGIN_HOSTS[1] if is_sandbox(settings["loginUrl"]) else LOGIN_HOSTS[0]
    claims = {
        "iss": settings["consumerKey"],
        "sub": settings["username"],
        "aud": f"https://{audience}",
        "exp": dt.datetime.now(dt.UTC) + ASSERTION_LIFE,
    }
    return jwt.encode(claims, secrets["privateKey"], algorithm="RS256")


def _refusal(answer: Answer) -> errors.DeliveryError:
    content = parsed(answer.body)
    said = Said(code=str(content.get("error", "")), words=str(content.get("error_description", "")))
    if answer.status == 429 or answer.status >= 500 or answer.status == 200:
        return errors.Retry("Salesforce's login did not answer as it should; we try again.", code="LOGIN_UNAVAILABLE", detail=said.words)
    row = next(row for row in TABLE if row.code == "LOGIN_REFUSED")
    title = row.title.format(words=said.words or said.code or f"HTTP {answer.status}")
    return errors.Misconfigured(f"{title} {row.remedy}", code=row.code, detail=f"{said.code}: {said.words}".strip(": "))
