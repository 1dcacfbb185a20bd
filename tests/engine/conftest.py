from collections.abc import Iterator

import pytest

from tests.engine.workers import Clock, Workers, a_clock
from tests.runs.conftest import Books, books, credential, customer, integration, key_files

__all__ = ["Books", "books", "credential", "customer", "integration", "key_files"]


@pytest.fixture
def clock(books: Books) -> Iterator[Clock]:
    with a_clock() as clock:
        yield clock


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Workers:
    return Workers(monkeypatch, clock)
