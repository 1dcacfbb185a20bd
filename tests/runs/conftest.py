import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credentials import service as credentials
from credentials.models import Credential
from integrations import registry
from integrations.emulation.contract import Request
from integrations.emulation.hub import Hub
from integrations.models import IntegrationConfig
from mappings.models import ExternalMapping
from tests.places import NETSUITE, Found, Place
from tests.runs.factories import an_integration
from tests.wire import emulated

ACCOUNT = "1234567_SB1"
Document = dict[str, Any]


@pytest.fixture(scope="session")
def key_files() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


class Books:
    """The judge: what an emulated destination holds, never our own tables."""

    def __init__(self, hub: Hub, place: Place = NETSUITE) -> None:
        self.hub, self.place = hub, place

    @property
    def emulator(self) -> Any:
        return self.hub.emulators[self.place.slug]

    def found(self) -> list[Found]:
        """What stands there, whatever the destination; fails when something stands there twice."""
        return self.place.found({self.place.slug: self.emulator.state()})

    def documents(self, kind: str = "invoice") -> list[Document]:
        return list(self.emulator.state()[self.place.tenant].get(kind, []))

    def one(self) -> Document:
        [document] = self.documents()
        return document

    def writes(self) -> int:
        return sum(entry["count"] for entry in self.hub.calls.report()["by"] if entry["method"] == "PUT")

    def fault(self, kind: str, times: int = 1, match: str = "", **more: Any) -> None:
        order = {"match": match or self.place.write, "kind": kind, "times": times} | more
        self.configure(faults=[order])

    def configure(self, **settings: Any) -> None:
        body = json.dumps({self.place.slug: settings})
        answer = self.hub.handle(Request.build("POST", "https://127.0.0.1/_emulator/configure", {}, body))
        assert answer.status == 200, answer.body


@pytest.fixture
def books() -> Iterator[Books]:
    with emulated() as hub:
        yield Books(hub)


@pytest.fixture
def credential(db: None, books: Books, key_files: Path) -> Credential:
    data = books.emulator.credential_files(key_files)["NETSUITE_AUTH"]
    fields = {key: value for key, value in data.items() if key not in ("type", "kind", "name")}
    return credentials.create(registry.credential_kind("NETSUITE_AUTH"), "NetSuite sandbox", fields)


@pytest.fixture
def customer(db: None) -> ExternalMapping:
    return ExternalMapping.objects.create(
        entity_type="Account", entity_id="acc-1", external_system="Netsuite", external_table="Customer", external_id="1001"
    )


@pytest.fixture
def integration(credential: Credential, customer: ExternalMapping) -> IntegrationConfig:
    return an_integration(credential)
