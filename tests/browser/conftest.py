from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page

from tests.end_to_end.conftest import Installation, emulators, emulators_process, installation

__all__ = ["Installation", "emulators", "emulators_process", "installation"]


@pytest.fixture(autouse=True)
def quiet_console(page: Page) -> Iterator[None]:
    """Fails a test whose pages complain on the console. The icon that browsers look for at an emulator is none of ours."""
    complaints: list[str] = []

    def note(line: ConsoleMessage) -> None:
        if line.type == "error" and not line.location["url"].endswith("/favicon.ico"):
            complaints.append(line.text)

    page.on("console", note)
    yield
    assert complaints == []
