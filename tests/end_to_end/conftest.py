import csv
import io
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.end_to_end.emulators import Emulators, running
from tests.end_to_end.raw import Raw

Done = subprocess.CompletedProcess[str]
HEADER = ("m3terEntity", "m3terId", "externalSystem", "externalTable", "externalId", "integrationConfigId")


@pytest.fixture(scope="session")
def emulators_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    with running(tmp_path_factory.mktemp("emulators")) as emulators:
        yield emulators


@pytest.fixture
def emulators(emulators_process: Emulators) -> Emulators:
    """As on the first day: no documents, no faults, no calls."""
    emulators_process.reset()
    return emulators_process


class Installation:
    """Billpost as a stranger drives it: by commands and files.

    `run` is a process of its own, which the commands under test are; `call` is the same command without one, for what a test builds on.
    """

    def __init__(self, manage: Callable[..., Done], emulators: Emulators, folder: Path) -> None:
        self.manage, self.emulators, self.folder = manage, emulators, folder

    def run(self, *arguments: str, stdin: str = "", **variables: str) -> Done:
        return self.manage(*arguments, stdin=stdin, EMULATOR_URL=self.emulators.url, **variables)

    def answer(self, *arguments: str, stdin: str = "") -> Any:
        """What a command that succeeds prints: exactly one JSON value."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout, parse_float=Decimal)

    def call(self, *arguments: str) -> Any:
        with redirect_stdout(io.StringIO()) as printed:
            call_command(*arguments)
        return [json.loads(line, parse_float=Decimal) for line in printed.getvalue().splitlines()]

    def refusal(self, *arguments: str) -> str:
        """The sentence of a command that fails: `call` would end a process with exit code 1. Nothing is printed on stdout."""
        with redirect_stdout(io.StringIO()) as printed, pytest.raises(CommandError) as refused:
            call_command(*arguments)
        assert (printed.getvalue(), refused.value.returncode) == ("", 1)
        return str(refused.value)

    def file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    def credential(self) -> str:
        return str(self.call("create_credential", "--file", str(self.emulators.credentials / "NETSUITE_AUTH.json"))[0]["id"])

    def integration(self, credential: str = "", name: str = "NetSuite US", **options: Any) -> str:
        """A connected integration with a default item, so that whatever comes can go."""
        config = {"netsuiteDefaultItemId": "2020"} | options
        given = {"entityType": "Bill", "destination": "Netsuite", "name": name, "configData": config}
        given["integrationCredentialsId"] = credential or self.credential()
        return str(self.call("create_integration", "--file", self.file("integration.json", given))[0]["id"])

    def bills(self, *bills: Raw, **others: Any) -> dict[str, Any]:
        return dict(self.call("import_bills", "--source", "m3ter", self.file("bills.json", {"bills": bills} | others))[0])

    def mappings(self, *rows: tuple[str, ...]) -> dict[str, Any]:
        """Rows of (entity, id, table, external id) and, where linked, the integration's id."""
        path = self.folder / "mappings.csv"
        with path.open("w", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(HEADER)
            table.writerows([entity, uid, "Netsuite", kind, external, *linked] for entity, uid, kind, external, *linked in rows)
        return dict(self.call("import_mappings", str(path))[0])

    def customers(self, **accounts: str) -> None:
        """Customers of Accounts, whose ids have - for _."""
        self.mappings(*(("Account", uid.replace("_", "-"), "Customer", customer) for uid, customer in accounts.items()))

    def sync(self, *arguments: str) -> dict[str, int]:
        return dict(self.call("sync", "--wait", *arguments)[0])

    def runs(self, *arguments: str) -> list[dict[str, Any]]:
        return list(self.call("runs", *arguments))


@pytest.fixture
def installation(manage: Callable[..., Done], emulators: Emulators, tmp_path: Path, settings: Any) -> Installation:
    settings.EMULATOR_URL = emulators.url
    return Installation(manage, emulators, tmp_path)


@pytest.fixture
def connected(installation: Installation) -> Installation:
    """With an integration that everything can go through, and a customer for acc-1."""
    installation.integration()
    installation.customers(acc_1="1001")
    return installation
