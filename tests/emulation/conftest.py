from collections.abc import Iterator

import pytest

from tests.emulation.books import Books
from tests.wire import emulated


@pytest.fixture
def books() -> Iterator[Books]:
    """A logged-in client of a fresh hub, without a socket."""
    with emulated() as hub:
        yield Books(hub).login()
