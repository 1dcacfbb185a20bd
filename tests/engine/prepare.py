"""Fills an empty database for the engine's tests, in a process of its own: `python -m tests.engine.prepare [bills|revisions] …`.

`install FOLDER THRESHOLD` makes three integrations of one account each, with the credential that the emulators wrote into FOLDER;
`arrive REVISION COUNT` lets COUNT Bills of every account arrive as that revision says. tests.engine.expected knows what must come of it.
"""

import json
import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from billing.bill import Party  # noqa: E402
from credentials import service as credentials  # noqa: E402
from integrations import registry  # noqa: E402
from mappings.models import ExternalMapping  # noqa: E402
from tests.engine.expected import ACCOUNTS, amounts, uid  # noqa: E402
from tests.runs.factories import a_bill, a_line, an_integration, arrive  # noqa: E402


def install(folder: Path, threshold: int) -> None:
    call_command("migrate", verbosity=0)
    fields = json.loads((folder / "NETSUITE_AUTH.json").read_text())
    kept = {key: value for key, value in fields.items() if key not in ("type", "kind", "name")}
    credential = credentials.create(registry.credential_kind("NETSUITE_AUTH"), "NetSuite sandbox", kept)
    for number, account in enumerate(ACCOUNTS):
        customer = {"external_system": "Netsuite", "external_table": "Customer", "external_id": str(1001 + number)}
        ExternalMapping.objects.create(entity_type="Account", entity_id=account, **customer)
        an_integration(credential, f"NetSuite {account}", accountIds=[account], bulkThreshold=threshold)


def bills(revision: int, count: int) -> None:
    """Bills of `count` per account, the accounts in turn."""
    arrive(*[_bill(account, number, revision) for number in range(count) for account in ACCOUNTS])


def _bill(account: str, number: int, revision: int) -> object:
    name = uid(account, number)
    lines = [a_line(f"l{at}", str(amount)) for at, amount in enumerate(amounts(name, revision))]
    return a_bill(name, lines, account=Party(id=account, code=account, name=account), number=f"INV-{name}")


if __name__ == "__main__":
    what, first, second = sys.argv[1:4]
    if what == "install":
        install(Path(first), int(second))
    else:
        bills(int(first), int(second))
