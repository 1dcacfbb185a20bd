"""Logging in with token-based authentication (OAuth 1.0): no token is bought, every request is signed with two secrets.

Source: Oracle, NetSuite online help, subsect_156935170194, read in November 2026: HMAC-SHA256 only, a timestamp within five minutes,
the account id as the realm.
"""

import datetime as dt
from email.utils import parsedate_to_datetime
from secrets import token_hex

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256
from oauthlib.oauth1 import Client as Signer

from integrations.contract import CredentialField, CredentialKind, Request, Token, Verified
from integrations.destinations.netsuite import setup, verifying
from integrations.destinations.netsuite.account import Account, canonical
from integrations.destinations.netsuite.verifying import SYSTEM, Values, cleaned, identifier
from integrations.http import Wire

CLOCK_EVERY = dt.timedelta(hours=1)
_REFUSED = (
    "NetSuite refused these keys, or their role may not use them. Copy all five again, see that token-based authentication and REST web "
    "services are on, and give the role the permissions Log in using Access Tokens, REST Web Services, SuiteAnalytics Workbook and "
    "Currency."
)


def clean(settings: dict[str, str], secrets: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The values as they are stored. ValueError({field: sentence}) when one of them cannot be right."""
    values = cleaned({**settings, **secrets}, _CLEANERS)
    return {name: values[name] for name in settings}, {name: values[name] for name in secrets}


def obtain(settings: Values, secrets: Values) -> Token:
    """By how many seconds NetSuite's clock is ahead of ours: what a timestamp is corrected by. Raises errors.Retry without an answer."""
    url = f"{Account(settings['accountId']).rest}/system/v1/governanceLimits"
    answer = Wire(None, SYSTEM).send(Request(method="GET", url=url, safe=True))
    now = dt.datetime.now(dt.UTC)
    return Token(value=str(_ahead(answer.headers.get("date", ""), now)), expires_at=now + CLOCK_EVERY)


def sign(settings: Values, secrets: Values, token: Token, request: Request) -> dict[str, str]:
    """The Authorization header of one request. Its JSON body is no part of what is signed, its query is."""
    when = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=int(token.value))
    signer = Signer(
        settings["consumerKey"],
        client_secret=secrets["consumerSecret"],
        resource_owner_key=settings["tokenId"],
        resource_owner_secret=secrets["tokenSecret"],
        signature_method=SIGNATURE_HMAC_SHA256,
        realm=settings["accountId"],
        timestamp=str(int(when.timestamp())),
        nonce=token_hex(10),
    )
    _, headers, _ = signer.sign(request.url, http_method=request.method)
    return {"Authorization": headers["Authorization"]}


def verify(settings: Values, secrets: Values, token: Token) -> Verified:
    """Asks one small question. Raises errors.Misconfigured or errors.Retry."""
    request = verifying.question(settings)
    return verifying.verified(settings, request, sign(settings, secrets, token, request), _REFUSED)


def _authorise(settings: Values, secrets: Values, token: Token) -> dict[str, str]:
    return {}


def _ahead(date: str, now: dt.datetime) -> int:
    try:
        return round((parsedate_to_datetime(date).astimezone(dt.UTC) - now).total_seconds())
    except ValueError:
        return 0


_CLEANERS = {
    "accountId": canonical,
    "consumerKey": identifier("The consumer key"),
    "consumerSecret": identifier("The consumer secret"),
    "tokenId": identifier("The token id"),
    "tokenSecret": identifier("The token secret"),
}

NETSUITE_TOKEN = CredentialKind(
    kind="NETSUITE_TOKEN",
    label="NetSuite token-based authentication",
    systems=(SYSTEM,),
    fields=(
        CredentialField(
            name="accountId",
            label="NetSuite Account ID",
            help="Setup > Company > Company Information. From release 2027.1 NetSuite makes no new integrations of this kind; "
            "existing ones go on. For a new one choose OAuth 2.0 (client credentials).",
        ),
        CredentialField(name="consumerKey", label="Consumer Key", help="Shown once when the integration record is saved."),
        CredentialField(name="consumerSecret", label="Consumer Secret", help="Shown beside the consumer key, once.", secret=True),
        CredentialField(name="tokenId", label="Token ID", help="Shown once when the access token is saved."),
        CredentialField(name="tokenSecret", label="Token Secret", help="Shown beside the token id, once.", secret=True),
    ),
    clean=clean,
    obtain=obtain,
    verify=verify,
    authorise=_authorise,
    sign=sign,
    setup=setup.TOKEN_STEPS,
)
