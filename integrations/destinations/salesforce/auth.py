"""Logging in: a signed assertion (JWT bearer) or the app's own secret (client credentials) buys a token and names the instance.

Source: Salesforce Help, remoteaccess_oauth_jwt_flow and remoteaccess_oauth_client_credentials_flow, read in November 2026.
"""

import base64
import datetime as dt
from collections.abc import Callable, Mapping

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from integrations import errors
from integrations.contract import Answer, CredentialField, CredentialKind, Request, Token, Verified
from integrations.destinations.salesforce import setup
from integrations.destinations.salesforce.answers import complaints, parsed
from integrations.destinations.salesforce.faults import TABLE
from integrations.destinations.salesforce.org import LOGIN_HOSTS, Org, is_sandbox, login_host, tenant_of
from integrations.faults import Said, match
from integrations.http import Wire, post_form
from integrations.pem import private_key_block

SYSTEM, SANDBOX, LABEL = "Salesforce", "SalesforceSandbox", "Salesforce"
SMALLEST_RSA = 2048
ASSERTION_LIFE = dt.timedelta(minutes=3)
TOKEN_LIFE = dt.timedelta(hours=1)
"""Answers name no end (November 2026): a session that ends earlier is refused with 401 and renewed then."""

Values = Mapping[str, str]
Form = tuple[dict[str, str], dict[str, str]]


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
        return Verified(tenant=org.tenant, note="Sandbox" if is_sandbox(f"{org.tenant}.") else "")
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


# --- what people type -------------------------------------------------------------------------------------------------------------------


def private_key(text: str) -> str:
    """An RSA key as clean PEM, from PEM or Base64 of PEM. ValueError with a sentence when it is none that RS256 signs with."""
    pem = private_key_block(text, LABEL)
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("The private key is damaged or incomplete. Copy the whole file, both ----- lines included.") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("Salesforce takes RSA keys only; this is another kind. Make a new pair.")
    if key.key_size < SMALLEST_RSA:
        raise ValueError(f"Salesforce takes RSA keys of {SMALLEST_RSA} bits or more; this one has {key.key_size}. Make a new pair.")
    return pem


def _word(label: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        value = text.strip()
        if not value or not value.isprintable() or any(character.isspace() for character in value):
            raise ValueError(f"{label} is one word without spaces: copy it again from Salesforce.")
        return value

    return check


def _my_domain(text: str) -> str:
    """Client credentials are given out by a My Domain only."""
    host = login_host(text)
    if host in LOGIN_HOSTS:
        raise ValueError(f"{host} gives no token to client credentials: enter your My Domain, such as acme.my.salesforce.com.")
    return host


def _cleaner(cleaners: Mapping[str, Callable[[str], str]], secret: str) -> Callable[[dict[str, str], dict[str, str]], Form]:
    def clean(settings: dict[str, str], secrets: dict[str, str]) -> Form:
        """The values as they are stored. ValueError({field: sentence}) when one of them cannot be right."""
        given, values, wrong = {**settings, **secrets}, {}, {}
        for name, cleaner in cleaners.items():
            try:
                values[name] = cleaner(given.get(name, ""))
            except ValueError as error:
                wrong[name] = str(error)
        if wrong:
            raise ValueError(wrong)
        kept = {secret: values.pop(secret)}
        return values, kept

    return clean


_KEY_FIELD = CredentialField(name="consumerKey", label="Consumer key", help="Of the External Client App, under its OAuth settings.")

SALESFORCE_JWT = CredentialKind(
    kind="SALESFORCE_JWT",
    label="Salesforce JWT bearer (certificate)",
    systems=(SYSTEM, SANDBOX),
    fields=(
        CredentialField(
            name="loginUrl",
            label="My Domain or login address",
            help="acme.my.salesforce.com; or login.salesforce.com, in a sandbox test.salesforce.com.",
        ),
        _KEY_FIELD,
        CredentialField(name="username", label="Username", help="Of the integration user, for example billpost@acme.com."),
        CredentialField(
            name="privateKey",
            label="Private key",
            help="The m3ter-key.pem that belongs to the uploaded certificate, as PEM or Base64 of it. Never shown again.",
            secret=True,
            kind="private_key",
        ),
    ),
    clean=_cleaner(
        {
            "loginUrl": login_host,
            "consumerKey": _word("The consumer key"),
            "username": _word("The username"),
            "privateKey": private_key,
        },
        "privateKey",
    ),
    obtain=obtain_by_assertion,
    verify=verify,
    authorise=authorise,
    makes_key_pair=True,
    setup=setup.JWT_STEPS,
)
SALESFORCE_CLIENT_CREDENTIALS = CredentialKind(
    kind="SALESFORCE_CLIENT_CREDENTIALS",
    label="Salesforce client credentials",
    systems=(SYSTEM, SANDBOX),
    fields=(
        CredentialField(name="loginUrl", label="My Domain", help="acme.my.salesforce.com, or acme--uat.sandbox.my.salesforce.com."),
        _KEY_FIELD,
        CredentialField(name="consumerSecret", label="Consumer secret", help="Of the same app. Never shown again.", secret=True),
    ),
    clean=_cleaner(
        {"loginUrl": _my_domain, "consumerKey": _word("The consumer key"), "consumerSecret": _word("The consumer secret")}, "consumerSecret"
    ),
    obtain=obtain_by_secret,
    verify=verify,
    authorise=authorise,
    setup=setup.CLIENT_CREDENTIALS_STEPS,
)
