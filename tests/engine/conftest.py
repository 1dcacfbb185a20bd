from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.engine.crash import Site, a_site
from tests.engine.installation import Emulator
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


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path_factory.mktemp("emulator"))
    yield emulator
    emulator.stop()


@pytest.fixture(scope="session")
def sites(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Site]]:
    """`sites(mode)`: made when a mode is first asked for."""
    with ExitStack() as stack:

        @cache
        def site(mode: str) -> Site:
            folder = tmp_path_factory.mktemp(mode)
            return stack.enter_context(a_site(mode, folder, emulator))

        yield site
