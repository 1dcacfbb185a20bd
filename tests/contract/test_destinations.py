"""One suite for every destination package that the registry finds."""

from collections.abc import Callable

import pytest

from integrations import registry
from integrations.contract import Destination
from tests.contract import destination_checks


@pytest.mark.parametrize("check", destination_checks.ALL, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("destination", registry.destinations(), ids=lambda destination: destination.slug)
def test_destination(check: Callable[[Destination], None], destination: Destination) -> None:
    check(destination)


def test_no_two_packages_claim_the_same_name() -> None:
    systems = [system.name for system in registry.systems()]
    kinds = [kind.kind for kind in registry.credential_kinds()]
    assert len(set(systems)) == len(systems)
    assert len(set(kinds)) == len(kinds)
