"""m3ter's notifications: a signed request per event that a notification rule fires for. Pure, but for `fetch`.

m3ter signs with the API key and secret of the webhook's M3TER_SIGNED_REQUEST credential. Its page on webhook authentication was not
available in November 2026, so header names and signed text are unconfirmed: an HMAC-SHA-256 in hex over the time, a dot and the raw body.
Where m3ter signs otherwise, its posts are refused and counted, and the regular reading of its lists brings the same Bills.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from integrations.contract import Arrived, CredentialField, CredentialKind, Fetched, Forged, Hook, SetupStep, Token, Transport, Verified
from integrations.sources.m3ter.api import PLATFORM
from integrations.sources.m3ter.client import Client

SIGNATURE = "x-m3ter-signature"
TIMESTAMP = "x-m3ter-timestamp"
TOLERANCE = dt.timedelta(minutes=5)
BILL_EVENTS = ("billing.bill.", "scheduled.bill.")
_WORDS = 200


class _Notification(msgspec.Struct):
    """An event as /events gives it. `m3terEvent` holds the entity under `new`, `old`, or as it is."""

    id: str
    eventName: str
    m3terEvent: dict[str, Any] = {}


def sign(secret: str, timestamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def read(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: dt.datetime) -> Arrived:
    """What a notification is about: the Bill's id where it is about one. Raises Forged, or ValueError."""
    _demand_signed(headers, body, secrets)
    _demand_fresh(headers[TIMESTAMP], now)
    try:
        said = msgspec.json.decode(body, type=_Notification)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The notification is not an event of m3ter: {error}.") from None
    return Arrived(event_id=said.id, type=said.eventName, subject=_bill(said))


def fetch(transport: Transport, organization: str, arrived: Arrived) -> Iterator[Fetched]:
    """The Bill as it is now; nothing when it was deleted. Raises as `Client.records` does."""
    bills = Client(transport, organization).bills(ids=arrived.subject)
    yield from (Fetched(collection="bills", text=text) for text in bills)


def _demand_signed(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    given, timestamp = headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, "")
    expected = [sign(secret, timestamp, body) for secret in secrets]
    matches = [hmac.compare_digest(each.encode(), given.encode()) for each in expected]
    if not any(matches):
        raise Forged("The signature is not one that our secrets make.")


def _demand_fresh(timestamp: str, now: dt.datetime) -> None:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= len("9999999999")):
        raise Forged("The time of the signature is not a number of seconds.")
    if abs(now - dt.datetime.fromtimestamp(int(timestamp), dt.UTC)) > TOLERANCE:
        raise Forged("The signature is older than five minutes, or from the future.")


def _bill(said: _Notification) -> str:
    if not said.eventName.startswith(BILL_EVENTS):
        return ""
    event = said.m3terEvent
    entity = next((event[name] for name in ("new", "old") if isinstance(event.get(name), dict)), event)
    uid = entity.get("id")
    if not isinstance(uid, str) or not uid:
        raise ValueError("The notification is about a Bill and does not say which.")
    return uid


def clean(settings: dict[str, str], secrets: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The values as they are stored. ValueError({field: sentence}) when one of them cannot be right."""
    given = {name: value.strip() for name, value in (settings | secrets).items()}
    labels = {field.name: field for field in M3TER_SIGNED_REQUEST.fields}
    wrong = {
        name: f"{labels[name].label}: one word of at most {_WORDS} characters, as it stands in m3ter."
        for name in labels
        if (given.get(name) or labels[name].required) and not _one_word(given.get(name, ""))
    }
    if wrong:
        raise ValueError(wrong)
    kept = {name: value for name, value in given.items() if value and name in labels}
    return {n: v for n, v in kept.items() if not labels[n].secret}, {n: v for n, v in kept.items() if labels[n].secret}


def _one_word(text: str) -> bool:
    return bool(text) and len(text) <= _WORDS and text.isprintable() and " " not in text


def _never(settings: Mapping[str, str], secrets: Mapping[str, str]) -> Token:
    raise NotImplementedError("Nobody logs in with a signing secret.")


def _verify(settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Verified:
    """Nothing can be asked: the first notification shows whether the secret is right."""
    return Verified(tenant=settings["organizationId"])


M3TER_SIGNED_REQUEST = CredentialKind(
    kind="M3TER_SIGNED_REQUEST",
    label="m3ter webhook secret",
    systems=(PLATFORM,),
    fields=(
        CredentialField(name="organizationId", label="Organization id", help="Whose notifications these are."),
        CredentialField(name="apiKey", label="API key", help="Chosen with the outgoing webhook in m3ter."),
        CredentialField(name="secret", label="Secret", help="Chosen with the outgoing webhook in m3ter.", secret=True),
        CredentialField(
            name="previousSecret", label="Previous secret", help="Still valid while the secret is replaced.", secret=True, required=False
        ),
    ),
    clean=clean,
    obtain=_never,
    verify=_verify,
    authorise=lambda settings, secrets, token: {},
    setup=(
        SetupStep(
            title="Create an outgoing webhook",
            where="Integrations > Outgoing webhooks > Create outgoing webhook",
            actions=(
                "URL: copy the hook address from the source's page here.",
                "Choose an API key and an API secret, and enter the same ones here.",
            ),
            copies="secret",
        ),
        SetupStep(
            title="Send Bill events to it",
            where="Notifications > Create notification rule",
            actions=(
                "Make a rule for each of billing.bill.created and billing.bill.updated that always fires.",
                "Link each rule to the outgoing webhook with a notification integration.",
            ),
            warning="Notifications only save time: the source's Bills are read every few minutes anyway.",
        ),
    ),
)

HOOK = Hook(kind=M3TER_SIGNED_REQUEST, read=read, fetch=fetch)
