from collections.abc import Iterator

import pytest

from integrations.destinations.netsuite import DESTINATION, auth
from integrations.emulation.hub import Hub
from integrations.http import Wire
from tests.destinations.netsuite.books import Books, Login
from tests.wire import emulated


@pytest.fixture(scope="session")
def the_hub() -> Hub:
    return Hub()


@pytest.fixture(scope="session")
def credential(the_hub: Hub) -> dict[str, str]:
    """What the emulator's credential file holds; its key is known to the emulator."""
    return the_hub.emulators["netsuite"].credential_files(None)["NETSUITE_AUTH"]


@pytest.fixture
def books(the_hub: Hub, credential: dict[str, str]) -> Iterator[Books]:
    the_hub.reset()
    settings, secrets = auth.NETSUITE_AUTH.clean(dict(credential), {"privateKey": credential["privateKey"]})
    login = Login(settings, secrets)
    with emulated(the_hub):
        yield Books(the_hub, login, DESTINATION.connect(Wire(login, "Netsuite"), settings["accountId"], {}))
