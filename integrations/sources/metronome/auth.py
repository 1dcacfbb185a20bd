"""Logging in to Metronome: an API token, which is good until somebody archives it.

Source: Metronome's documentation, Developer resources, read in November 2026.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace

from integrations.contract import CredentialField, CredentialKind, SetupStep, Token, Verified
from integrations.http import Wire
from integrations.sources.metronome.api import PLATFORM, customers, page_of
from integrations.sources.typed import Values, cleaned, one_word

ACCOUNT = CredentialField(
    name="account",
    label="Metronome account",
    help="Your own name for this Metronome account and environment, such as acme-production. Metronome's API tells none.",
)
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,80}")


def check_account(value: str) -> str:
    return "" if _ACCOUNT.fullmatch(value) else "A Metronome account is named with letters, digits, hyphens and underscores."


def clean(settings: Values, secrets: Values) -> tuple[Values, Values]:
    checks = {"account": check_account, "token": one_word("API token", PLATFORM)}
    return cleaned(METRONOME_TOKEN.fields, checks, settings, secrets)


def obtain(settings: Mapping[str, str], secrets: Mapping[str, str]) -> Token:
    """Nothing has to be bought with the token: it is sent as it is."""
    return Token(value="", expires_at=dt.datetime.max.replace(tzinfo=dt.UTC))


def verify(settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Verified:
    """Asks for one customer. Raises errors.Misconfigured when the token is refused, errors.Retry."""
    request = customers(limit=1)
    login = authorise(settings, secrets, token)
    page_of(Wire(None, PLATFORM).send(replace(request, headers={**request.headers, **login})))
    return Verified(tenant=settings["account"])


def authorise(settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> dict[str, str]:
    return {"Authorization": f"Bearer {secrets['token']}"}


METRONOME_TOKEN = CredentialKind(
    kind="METRONOME_TOKEN",
    label="Metronome API token",
    systems=(PLATFORM,),
    fields=(
        ACCOUNT,
        CredentialField(name="token", label="API token", help="Metronome shows it once, when it is created.", secret=True),
    ),
    clean=clean,
    obtain=obtain,
    verify=verify,
    authorise=authorise,
    setup=(
        SetupStep(
            title="Create an API token",
            where="Connections > API tokens & webhooks > Add",
            actions=(
                "Enter a name, for example Billpost.",
                "Limit it to reading, and to the environment whose invoices you want.",
                "Copy the token before you click Done.",
            ),
            copies="token",
            warning="The token is shown only once. If it is lost, create another one and archive the old one.",
        ),
    ),
)
