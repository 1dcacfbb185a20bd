"""The promises of conftest.py itself."""

import json
import socket
import urllib.request
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page


def test_no_test_reaches_another_host() -> None:
    with pytest.raises(RuntimeError, match="tests talk to"):
        urllib.request.urlopen("https://example.com")
    with pytest.raises(RuntimeError, match="tests talk to"), socket.socket() as plain:
        plain.connect(("192.0.2.1", 80))


def test_another_process_sees_this_database(manage: Callable[..., CompletedProcess[str]]) -> None:
    User.objects.create_user("ada")
    answer = manage("shell", "--no-imports", "-c", "from django.contrib.auth.models import User; print(User.objects.get().username)")
    assert (answer.returncode, answer.stdout.strip()) == (0, "ada"), answer.stderr


def test_a_person_is_logged_in(admin_page: Page) -> None:
    assert admin_page.goto("/admin/").status == 200
    assert "/login/" not in admin_page.url


def test_a_breach_of_the_content_policy_is_an_answer_of_the_page(admin_page: Page) -> None:
    """The policy that the page fixture relies on: nothing inline runs, nothing from another host loads."""
    policy = admin_page.goto("/admin/").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy or "default-src 'none'" in policy


def test_the_command_line_is_json(manage: Callable[..., CompletedProcess[str]]) -> None:
    assert json.loads(manage("shell", "--no-imports", "-c", "print('[1]')").stdout) == [1]
