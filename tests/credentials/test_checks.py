from typing import Any

import pytest
from django.core import checks
from django.test import override_settings

LONG, OTHER = "k" * 40, "s" * 50
BUILT_IN = "insecure-only-for-development-and-tests-0"
GOOD = {"FERNET_KEYS": [LONG], "SECRET_KEY": OTHER, "DEBUG": False, "EMULATOR_URL": ""}


def found(deploy: bool = False, **given: Any) -> list[str]:
    with override_settings(**GOOD | given):
        messages = checks.run_checks(include_deployment_checks=deploy)
    assert all(message.is_serious() for message in messages if str(message.id).startswith("billpost"))
    return sorted(str(message.id) for message in messages if str(message.id).startswith("billpost"))


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ({}, []),
        ({"FERNET_KEYS": []}, ["billpost.E001"]),
        ({"FERNET_KEYS": [""]}, ["billpost.E001"]),
        ({"FERNET_KEYS": [LONG, "short"]}, ["billpost.E002"]),
        ({"FERNET_KEYS": [LONG, OTHER]}, ["billpost.E003"]),
        ({"FERNET_KEYS": [BUILT_IN], "EMULATOR_URL": "http://127.0.0.1:9100"}, []),
    ],
)
def test_keys_are_always_checked(given: dict[str, Any], ids: list[str]) -> None:
    assert found(**given) == ids


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        ({}, []),
        ({"FERNET_KEYS": [LONG, BUILT_IN]}, ["billpost.E004"]),
        ({"SECRET_KEY": "insecure-only-for-development-and-tests"}, ["billpost.E005"]),
        ({"FERNET_KEYS": [BUILT_IN], "DEBUG": True}, []),
        ({"EMULATOR_URL": "http://127.0.0.1:9100"}, ["billpost.E006"]),
        ({"FERNET_KEYS": [BUILT_IN], "EMULATOR_URL": "http://127.0.0.1:9100"}, ["billpost.E006"]),
    ],
)
def test_what_only_a_demo_may_have_is_refused_in_production(given: dict[str, Any], ids: list[str]) -> None:
    assert found(deploy=True, **given) == ids
