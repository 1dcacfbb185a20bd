import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from credentials.models import Credential
from integrations import contract, destinations, registry
from integrations.contract import Destination

PLANTED = str(Path(__file__).parent / "planted")


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Destination]:
    """The planted destination, found by the registry like any other."""
    monkeypatch.setattr(destinations, "__path__", [*destinations.__path__, PLANTED])
    registry.destinations.cache_clear()
    yield registry.destination("LedgerOne")
    registry.destinations.cache_clear()
    sys.modules.pop("integrations.destinations.ledger", None)


@pytest.fixture
def priya(db: None) -> User:
    return User.objects.create_superuser("priya", "priya@example.com", "pw", first_name="Priya", last_name="Nair")


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any, Any, Any]]]:
    """What `contract.changed` announced: (verb, actor, before, after)."""
    events: list[tuple[str, Any, Any, Any]] = []

    def listen(actor: Any, verb: str, before: Any, after: Any, **rest: Any) -> None:
        events.append((verb, actor, before, after))

    contract.changed.connect(listen)
    yield events
    contract.changed.disconnect(listen)


def credential(name: str = "Ledger production", system: str = "LedgerOne", **facts: Any) -> Credential:
    facts = {"tenant": "T-1", "status": Credential.Status.VERIFIED} | facts
    return Credential.objects.create(name=name, system=system, kind="LEDGER_KEY", **facts)
