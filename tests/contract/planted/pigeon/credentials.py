"""One API key and the name of the books."""

import datetime as dt
from collections.abc import Mapping

from integrations.contract import CredentialField, Token, Verified

FIELDS = (
    CredentialField(name="books", label="Books", help="The name in the address of your Pigeon Books."),
    CredentialField(name="apiKey", label="API key", secret=True, help="Shown once when it is made."),
)
Texts = Mapping[str, str]


def clean(settings: dict[str, str], secrets: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    books, key = settings.get("books", "").strip(), secrets.get("apiKey", "").strip()
    complaints = {name: f"{label} is missing." for name, label, text in (("books", "Books", books), ("apiKey", "API key", key)) if not text}
    if complaints:
        raise ValueError(complaints)
    return {"books": books}, {"apiKey": key}


def obtain(settings: Texts, secrets: Texts) -> Token:
    """The key is the token, and never ends."""
    return Token(value=secrets["apiKey"], expires_at=dt.datetime.max.replace(tzinfo=dt.UTC))


def verify(settings: Texts, secrets: Texts, token: Token) -> Verified:
    return Verified(tenant=settings["books"])


def authorise(settings: Texts, secrets: Texts, token: Token) -> Mapping[str, str]:
    return {"X-Api-Key": token.value}
