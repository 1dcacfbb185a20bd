"""What both ways to log in have in common: the values people paste, and one small question that tells whether the login may be used."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from integrations import errors
from integrations.contract import Request, Verified
from integrations.destinations.netsuite.account import Account
from integrations.destinations.netsuite.answers import parsed
from integrations.http import Wire

SYSTEM, LABEL = "Netsuite", "NetSuite"
AUDIT = "Setup > Users/Roles > User Management > View Login Audit Trail"

Values = Mapping[str, str]


def question(settings: Values) -> Request:
    """The currencies: every role that may bill sees them."""
    return Request(
        method="POST",
        url=f"{Account(settings['accountId']).suiteql_url}?limit=1",
        headers={"Content-Type": "application/json", "Prefer": "transient"},
        body=json.dumps({"q": "SELECT id, symbol FROM currency"}).encode(),
        safe=True,
    )


def verified(settings: Values, request: Request, login: Mapping[str, str], refused: str) -> Verified:
    """Asks it with these headers. Raises errors.Misconfigured with the sentence `refused`, or errors.Retry."""
    answer = Wire(None, SYSTEM).send(replace(request, headers={**request.headers, **login}))
    if answer.status == 200:
        return Verified(tenant=settings["accountId"])
    detail = "; ".join(str(entry.get("detail", "")) for entry in parsed(answer.body).get("o:errorDetails", []))
    if answer.status == 429 or answer.status >= 500:
        raise errors.Retry("NetSuite let us in but is too busy to answer. Connect again in a minute.", code="NETSUITE_BUSY", detail=detail)
    raise errors.Misconfigured(f"{refused} The reason is under {AUDIT}.", code="PERMISSION", detail=detail)


def cleaned(given: Values, cleaners: Mapping[str, Callable[[str], str]]) -> dict[str, str]:
    """Each value as its cleaner gives it. ValueError({field: sentence}) with all that cannot be right."""
    values, wrong = {}, {}
    for name, cleaner in cleaners.items():
        try:
            values[name] = cleaner(given.get(name, ""))
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise ValueError(wrong)
    return values


def identifier(label: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        value = text.strip()
        if not value or any(character.isspace() for character in value):
            raise ValueError(f"{label} is one word without spaces: copy it again from NetSuite.")
        return value

    return check
