"""Maxio's webhooks: a signed form per event. Pure.

The signature is an HMAC-SHA-256 in hex over the raw body with the site's shared key. An older header has an MD5 over both, which proves
nothing and is not looked at. No time is signed: that an event's id is stored once is the only guard against one that is sent again.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from integrations.contract import Arrived, Hook, SetupStep
from integrations.sources import signing
from integrations.sources.maxio import api
from integrations.sources.maxio.api import PLATFORM
from integrations.sources.maxio.auth import SITE, check_site
from integrations.sources.maxio.client import SUBSCRIPTION, fetch_one

SIGNATURE = "x-chargify-webhook-signature-hmac-sha-256"
MONEY_EVENTS = ("payment_success", "refund_success", "renewal_success", "signup_success")

_UIDS = ("payload[uid]", "payload[invoice][uid]", "payload[invoice_uid]")
_INVOICE = "inv_"
_MOST_FIELDS = 5_000


def sign(shared_key: str, body: bytes) -> str:
    return signing.signature(shared_key, body)


def read(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: dt.datetime) -> Arrived:
    """What an event is about: an invoice's uid, or "subscription/…" where only that is told. Raises Forged, or ValueError."""
    signing.demand_signed(headers.get(SIGNATURE, ""), secrets, body)
    form = _form(body)
    uid, event = form.get("id", ""), form.get("event", "")
    if not uid or not event:
        raise ValueError("The event has no id or no name.")
    return Arrived(event_id=uid, type=event, subject=_subject(event, form))


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise ValueError("The event is not a form in UTF-8.") from None


def _subject(event: str, form: Mapping[str, str]) -> str:
    invoice = next((form[name] for name in _UIDS if form.get(name, "").startswith(_INVOICE)), "")
    subscription = form.get("payload[subscription][id]", "") if event in MONEY_EVENTS else ""
    return invoice or (f"{SUBSCRIPTION}{subscription}" if subscription.isascii() and subscription.isdecimal() else "")


MAXIO_WEBHOOK = signing.secret_kind(
    kind="MAXIO_WEBHOOK",
    label="Maxio shared key",
    vendor=PLATFORM,
    whose=SITE,
    check=check_site,
    secret=("Shared key", "The site's shared key, which signs its webhooks."),
    setup=(
        SetupStep(
            title="Copy the site's shared key",
            where="Config > Integrations > API keys",
            actions=("Copy the shared key of the site whose invoices you want.",),
            copies="secret",
        ),
        SetupStep(
            title="Create a webhook",
            where="Config > Settings > Webhooks",
            actions=(
                "Enable webhooks, and add an endpoint: copy the hook address from the source's page here.",
                "Subscribe it to invoice issued, invoice pending, payment success and refund success.",
            ),
            warning="Webhooks only save time: the site's invoice events are read every few minutes anyway.",
        ),
    ),
    stored=api.host_of,
)

HOOK = Hook(kind=MAXIO_WEBHOOK, read=read, fetch=fetch_one)
