"""Logging in to Maxio: a site's API key as the user of HTTP's basic login, with any password.

Source: Maxio's SDK 10.0.0 and its documentation, read in November 2026.
"""

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from integrations.contract import CredentialField, CredentialKind, SetupStep, Token, Verified
from integrations.http import Wire
from integrations.sources.maxio import api
from integrations.sources.maxio.api import PLATFORM
from integrations.sources.typed import Values, cleaned, one_word

SITE = CredentialField(
    name="site",
    label="Site",
    help="The site's subdomain, such as acme for acme.chargify.com; of a site in Europe the whole host, acme.ebilling.maxio.com.",
)


def check_site(value: str) -> str:
    return "" if api.host_of(value) else "A site is named by its subdomain or its host: copy it from Maxio's address bar."


def clean(settings: Values, secrets: Values) -> tuple[Values, Values]:
    """The site as its host."""
    checks = {"site": check_site, "apiKey": one_word("API key", PLATFORM)}
    kept, hidden = cleaned(MAXIO_API_KEY.fields, checks, settings, secrets)
    return {"site": api.host_of(kept["site"])}, hidden


def obtain(settings: Mapping[str, str], secrets: Mapping[str, str]) -> Token:
    """Nothing has to be bought with the key: it is sent as it is."""
    return Token(value="", expires_at=dt.datetime.max.replace(tzinfo=dt.UTC))


def verify(settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> Verified:
    """Asks what the site is. Raises errors.Misconfigured when the key is refused, errors.Retry."""
    request = api.get(settings["site"], "site")
    login = authorise(settings, secrets, token)
    api.fields_of(Wire(None, PLATFORM).send(replace(request, headers={**request.headers, **login})))
    return Verified(tenant=settings["site"])


def authorise(settings: Mapping[str, str], secrets: Mapping[str, str], token: Token) -> dict[str, str]:
    pair = base64.b64encode(f"{secrets['apiKey']}:x".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


MAXIO_API_KEY = CredentialKind(
    kind="MAXIO_API_KEY",
    label="Maxio API key",
    systems=(PLATFORM,),
    fields=(
        SITE,
        CredentialField(name="apiKey", label="API key", help="Config > Integrations > API keys. Maxio shows it once.", secret=True),
    ),
    clean=clean,
    obtain=obtain,
    verify=verify,
    authorise=authorise,
    setup=(
        SetupStep(
            title="Create an API key",
            where="Config > Integrations > API keys > New API key",
            actions=("Enter a name, for example Billpost.", "Copy the key and the site's subdomain from the address bar."),
            copies="apiKey",
            warning="A key opens one site. Each further site is a source of its own with a key of its own.",
        ),
    ),
)
