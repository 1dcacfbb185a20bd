"""Fills an empty database for the engine's tests, in a process of its own: `python -m tests.engine.prepare [bills|revisions] …`.

`install FOLDER PLACE OPTIONS` makes three integrations of one account each, with the credential that the emulators wrote into FOLDER;
`arrive REVISION COUNT [paid]` lets COUNT Bills of every account arrive as that revision says, or paid in full.
tests.engine.expected knows what must come of it.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from billing.bill import Bill, Movement, Party  # noqa: E402
from tests.engine.expected import ACCOUNTS, amounts, uid  # noqa: E402
from tests.places import PLACES  # noqa: E402
from tests.runs.factories import a_bill, a_line, arrive  # noqa: E402


def install(folder: Path, slug: str, options: Mapping[str, Any]) -> None:
    call_command("migrate", verbosity=0)
    place = next(place for place in PLACES if place.slug == slug)
    credential = place.credential(folder / f"{place.kind}.json")
    for number, account in enumerate(ACCOUNTS):
        place.map(account, str(1001 + number))
        place.integration(credential, f"{place.system} {account}", accountIds=[account], **options)


def bills(revision: int, count: int, paid: bool) -> None:
    """Bills of `count` per account, the accounts in turn."""
    arrive(*[_bill(account, number, revision, paid) for number in range(count) for account in ACCOUNTS])


def _bill(account: str, number: int, revision: int, paid: bool) -> Bill:
    name = uid(account, number)
    lines = [a_line(f"l{at}", str(amount)) for at, amount in enumerate(amounts(name, revision))]
    bill = a_bill(name, lines, account=Party(id=account, code=account, name=account), number=f"I-{name}")
    payment = Movement(uid="p1", kind="payment", date=bill.bill_date, currency=bill.currency, amount=bill.total)
    return replace(bill, movements=(payment,)) if paid else bill


if __name__ == "__main__":
    what, first, *more = sys.argv[1:]
    if what == "install":
        install(Path(first), more[0], json.loads(more[1]))
    else:
        bills(int(first), int(more[0]), "paid" in more)
