"""Logging in to m3ter: a service user's access key buys a token for some hours.

Source: m3ter's documentation, Service authentication and Creating and configuring service users, read in November 2026.
"""

import base64
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from integrations import errors
from integrations.contract import Answer, CredentialField, CredentialKind, Request, SetupStep, Token, Verified
from integrations.http import Wire
from integrations.sources.asking import retry_after
from integrations.sources.m3ter.api import HOST, PLATFORM, list_request, page_of, words

_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_LIFE = 18_000

Values = Mapping[str, str]


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = _LIFE


def clean(settings: dict[str, str], secrets: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The values as they are stored. ValueError({field: sentence}) when one of them cannot be right."""
    organization, key, secret = ({**settings, **secrets}.get(name, "").strip() for name in ("organizationId", "accessKeyId", "apiSecret"))
    wrong = {}
    if not _ID.fullmatch(organization):
        wrong["organizationId"] = "An organization id is made of letters, digits and hyphens: copy it again from m3ter."
    if not key or not key.isprintable() or " " in key or ":" in key:
        wrong["accessKeyId"] = "An access key id is one word: copy it again from m3ter."
    if not secret or not secret.isprintable() or " " in secret:
        wrong["apiSecret"] = "An API secret is one word: copy it again, or generate another access key in m3ter."
    if wrong:
        raise ValueError(wrong)
    return {"organizationId": organization, "accessKeyId": key}, {"apiSecret": secret}


def obtain(settings: Values, secrets: Values) -> Token:
    """A new token. Raises errors.Misconfigured when the access key is refused, errors.Retry when m3ter does not answer."""
    pair = base64.b64encode(f"{settings['accessKeyId']}:{secrets['apiSecret']}".encode()).decode()
    request = Request(
        method="POST",
        url=f"{HOST}/oauth/token",
        headers={"Authorization": f"Basic {pair}", "Content-Type": "application/json", "Accept": "application/json"},
        body=b'{"grant_type":"client_credentials"}',
        safe=True,
    )
    answer = Wire(None, PLATFORM).send(request)
    if answer.status != 200:
        raise _refusal(answer)
    try:
        granted = msgspec.json.decode(answer.body, type=_Granted)
    except msgspec.DecodeError:
        raise errors.Retry("m3ter's login service did not answer as it should; we try again.", code="LOGIN_UNAVAILABLE") from None
    return Token(value=granted.access_token, expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(seconds=granted.expires_in))


def verify(settings: Values, secrets: Values, token: Token) -> Verified:
    """Asks for one Bill. Raises errors.Misconfigured when the service user may not see it, errors.Retry."""
    organization = settings["organizationId"]
    request = list_request(organization, "bills", {"pageSize": 1, "excludeLineItems": "true"})
    login = authorise(settings, secrets, token)
    page_of(Wire(None, PLATFORM).send(replace(request, headers={**request.headers, **login})), organization)
    return Verified(tenant=organization)


def authorise(settings: Values, secrets: Values, token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.value}"}


def _refusal(answer: Answer) -> errors.DeliveryError:
    if answer.status == 429 or answer.status >= 500:
        sentence = "m3ter's login service is too busy to answer; we try again."
        return errors.Retry(sentence, code="LOGIN_UNAVAILABLE", detail=words(answer), after=retry_after(answer))
    return errors.Misconfigured(
        f"m3ter refused the login (HTTP {answer.status}). Check the access key id and the API secret, and that the access key is "
        "active: Settings > Access > Service users in m3ter.",
        code="LOGIN_REFUSED",
        detail=words(answer),
    )


M3TER_ACCESS_KEY = CredentialKind(
    kind="M3TER_ACCESS_KEY",
    label="m3ter access key",
    systems=(PLATFORM,),
    fields=(
        CredentialField(name="organizationId", label="Organization id", help="Shown when an access key is generated."),
        CredentialField(name="accessKeyId", label="Access key id", help="Settings > Access > Service users, in the service user's list."),
        CredentialField(name="apiSecret", label="API secret", help="m3ter shows it once, when the access key is generated.", secret=True),
    ),
    clean=clean,
    obtain=obtain,
    verify=verify,
    authorise=authorise,
    # m3ter answers 403 to a token past its end (HTTP error codes, read in November 2026).
    renew_on=(401, 403),
    setup=(
        SetupStep(
            title="Create a service user",
            where="Settings > Access > Service users > Create service user",
            actions=(
                "Enter a name, for example Billpost.",
                "Under Permission policies, select one that may retrieve Accounts, Products, Aggregations and Bills.",
            ),
            warning="A service user without a permission policy logs in and then sees nothing.",
        ),
        SetupStep(
            title="Generate an access key",
            where="Settings > Access > Service users > the service user > Generate Access Key",
            actions=("Copy the Organization ID, the Access Key ID and the API Secret.",),
            copies="apiSecret",
            warning="The API secret is shown only once. If it is lost, generate another access key and make the old one inactive.",
        ),
    ),
)
