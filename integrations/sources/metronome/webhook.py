"""Metronome's webhooks: a signed request per notification. Pure.

The signature is an HMAC-SHA-256 in hex over the date header, a line feed and the raw body. The header is X-Metronome-Date; older guides
name Date, which proxies may rewrite (SDKs and guides read in November 2026).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

import msgspec

from integrations.contract import Arrived, Forged, Hook, SetupStep
from integrations.sources import signing
from integrations.sources.metronome.api import PLATFORM
from integrations.sources.metronome.auth import ACCOUNT, check_account
from integrations.sources.metronome.client import fetch_one

SIGNATURE = "metronome-webhook-signature"
DATES = ("x-metronome-date", "date")
FINALIZED = "invoice.finalized"


class _Properties(msgspec.Struct):
    invoice_id: str = ""
    customer_id: str = ""


class _Notification(msgspec.Struct):
    id: str
    type: str
    properties: _Properties = msgspec.field(default_factory=_Properties)


def sign(secret: str, date: str, body: bytes) -> str:
    return signing.signature(secret, _signed(date, body))


def read(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: dt.datetime) -> Arrived:
    """What a notification is about: the customer and the invoice, where it is about a finalized one. Raises Forged, or ValueError."""
    date = next((headers[name] for name in DATES if headers.get(name)), "")
    signing.demand_signed(headers.get(SIGNATURE, ""), secrets, _signed(date, body))
    signing.demand_fresh(_moment(date), now)
    try:
        said = msgspec.json.decode(body, type=_Notification)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"The notification is not one of Metronome: {error}.") from None
    return Arrived(event_id=said.id, type=said.type, subject=_subject(said))


def _signed(date: str, body: bytes) -> bytes:
    return date.encode() + b"\n" + body


def _moment(date: str) -> dt.datetime:
    try:
        moment = parsedate_to_datetime(date)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise Forged("The date of the signature cannot be read.") from None


def _subject(said: _Notification) -> str:
    if said.type != FINALIZED:
        return ""
    about = said.properties
    if not about.customer_id or not about.invoice_id or "/" in about.customer_id:
        raise ValueError("The notification is about a finalized invoice and does not say which.")
    return f"{about.customer_id}/{about.invoice_id}"


METRONOME_WEBHOOK = signing.secret_kind(
    kind="METRONOME_WEBHOOK",
    label="Metronome webhook secret",
    vendor=PLATFORM,
    whose=ACCOUNT,
    check=check_account,
    secret=("Webhook secret", "Shown with the webhook in Metronome."),
    setup=(
        SetupStep(
            title="Have invoice.finalized enabled",
            where="Your Metronome representative",
            actions=(
                "Write to your Metronome representative that invoice.finalized notifications shall be enabled for your account, because "
                "Metronome leaves them off: there may be many.",
                "Ask how long your grace period is. An invoice is finalized, and posted from here, when it ends: 24 hours unless changed.",
            ),
            warning="Until it is enabled nothing is lost: finalized invoices are found by reading the lists, only later.",
        ),
        SetupStep(
            title="Create a webhook",
            where="Connections > API tokens & webhooks > Webhooks > Add",
            actions=("URL: copy the hook address from the source's page here.", "Copy the webhook's secret."),
            copies="secret",
        ),
    ),
)

HOOK = Hook(kind=METRONOME_WEBHOOK, read=read, fetch=fetch_one)
