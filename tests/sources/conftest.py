from collections.abc import Iterator

import pytest
from pytest import MonkeyPatch

from integrations.emulation.hub import Hub
from integrations.sources import asking
from tests.wire import emulated


@pytest.fixture
def waits(monkeypatch: MonkeyPatch) -> list[float]:
    """The seconds that were waited between tries, in order."""
    seconds: list[float] = []
    monkeypatch.setattr(asking, "sleep", seconds.append)
    return seconds


@pytest.fixture
def hub(waits: list[float]) -> Iterator[Hub]:
    """Every emulator, in place of the real systems."""
    with emulated() as hub:
        yield hub
