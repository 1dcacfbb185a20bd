from collections.abc import Iterator

import pytest

from integrations.destinations.quickbooks import DESTINATION, oauth
from integrations.http import Wire
from tests.destinations.quickbooks.books import REALM, Books, Login
from tests.wire import emulated


@pytest.fixture
def books() -> Iterator[Books]:
    with emulated() as hub:
        content = hub.emulators["quickbooks"].credential_files(None)["QUICKBOOKS_OAUTH"]
        fields = {name: value for name, value in content.items() if name not in ("kind", "name")}
        login = Login(*oauth.clean(fields, fields))
        yield Books(hub, login, DESTINATION.connect(Wire(login, "QuickBooks"), REALM, {}))
