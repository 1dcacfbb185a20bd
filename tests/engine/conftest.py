from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.engine.crash import Site, a_site
from tests.engine.installation import Emulator
from tests.engine.workers import Clock, Workers, a_clock
from tests.runs.conftest import Books, books, credential, customer, integration, key_files

__all__ = ["Books", "books", "credential", "customer", "integration", "key_files"]


@pytest.fixture(scope="package", autouse=True)
def keys_are_read_once() -> Iterator[None]:
    """Checking a private key takes a tenth of a second each time that it is read."""
    read_once = cache(load_pem_private_key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jwt.algorithms.load_pem_private_key", read_once)
        patch.setattr("integrations.destinations.netsuite.auth.load_pem_private_key", read_once)
        yield


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
