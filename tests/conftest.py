"""What every test stands on: a database of its own, no network beyond this machine, and a browser when there is one."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_q.conf
import hypothesis
import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Playwright
from pytest_django.live_server_helper import LiveServer

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("E2E_CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
BROWSER_REQUIRED = any(os.environ.get(name, "").lower() in ("1", "true") for name in ("CI", "E2E_REQUIRED"))
NO_BROWSER = "There is no Chromium on this machine: the browser tests are skipped. Install chromium or set E2E_CHROMIUM to run them."
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "manage", "database_url"}
LOCAL_HOSTS = {None, "", "127.0.0.1", "::1", "localhost", "0.0.0.0", urlsplit(os.environ.get("TEST_BROKER_URL", "")).hostname}

hypothesis.settings.register_profile("billpost", deadline=None, derandomize=BROWSER_REQUIRED)
hypothesis.settings.load_profile("billpost")


def pytest_configure() -> None:
    """Test settings: what a checkout's .env says must not matter, and a password needs no slow digest."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMULATOR_URL = ""
    settings.BASE_URL = "http://127.0.0.1:8000"
    settings.FERNET_KEYS = ["only-for-tests-" + "0" * 32]
    settings.AXES_ENABLED = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what uses a database or a browser; browser tests come last, because Playwright's event loop stays in its process."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES:
            item.add_marker("database")
        if "page" in fixtures:
            item.add_marker("browser")
        if item.get_closest_marker("browser") and not CHROMIUM and not BROWSER_REQUIRED:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CHROMIUM and any("no Chromium" in str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(NO_BROWSER, yellow=True)


# --- no network beyond this machine ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A connection to any other host fails at once and says so."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def only_local_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            _refuse_unless_local(address[0])
        connect(self, address)

    def only_local_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_unless_local(host)
        return resolve(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", only_local_connect)
        patch.setattr(socket, "getaddrinfo", only_local_resolve)
        yield


def _refuse_unless_local(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOCAL_HOSTS:
        raise RuntimeError(f"A test tried to reach {name}; tests talk to 127.0.0.1 only.")


# --- databases and other processes --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """SQLite in a file, as in use: threads and other processes then share it and wait for its locks."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.getbasetemp() / "test.sqlite3")


@pytest.fixture(scope="session")
def broker_url() -> str:
    """The BROKER_URL of this test process: a Redis database of its own, or "" when the queue is in the database."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return urlsplit(settings.BROKER_URL)._replace(path=f"/{number}").geturl() if settings.BROKER_URL else ""


@pytest.fixture(autouse=True)
def empty_queue(broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds another's tasks: in the database the rollback sees to it, on Redis this."""
    if broker_url:
        monkeypatch.setattr(django_q.conf.Conf, "REDIS", broker_url)
        redis.Redis.from_url(broker_url).flushdb()


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The DATABASE_URL of this test's database, for another process; what it sees is committed."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@pytest.fixture
def environment(database_url: str, broker_url: str) -> dict[str, str]:
    """The environment of another process of this installation: same database, same queue, same keys."""
    keys = {"FERNET_KEYS": ",".join(settings.FERNET_KEYS), "SECRET_KEY": settings.SECRET_KEY}
    return os.environ | keys | {"DATABASE_URL": database_url, "BROKER_URL": broker_url, "EMULATOR_URL": ""}


@pytest.fixture
def manage(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`manage("sync", "--wait", EMULATOR_URL=…)` runs manage.py as a person would; stdout, stderr and returncode are in the answer."""

    def run(*arguments: str, stdin: str = "", timeout: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        options: dict[str, Any] = {"input": stdin, "capture_output": True, "text": True, "timeout": timeout, "check": False}
        return subprocess.run(command, env=environment | variables, **options)

    return run


# --- the browser ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    if not CHROMIUM:
        pytest.fail("This run requires a browser and there is none: install chromium or set E2E_CHROMIUM.")
    return {"executable_path": CHROMIUM, "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def playwright(playwright: Playwright) -> Iterator[Playwright]:
    """Playwright keeps an event loop running in this thread, for which Django would refuse every query."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright


@pytest.fixture
def page(context: BrowserContext, live_server: LiveServer) -> Iterator[Page]:
    """A page that fails its test for a script error, a breach of the content security policy or a request to another host."""
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    page.on("request", lambda request: faults.append(f"request to {request.url}") if _foreign(request.url) else None)
    yield page
    assert not faults


def _foreign(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname not in LOCAL_HOSTS


@pytest.fixture
def log_in(context: BrowserContext, live_server: LiveServer) -> Callable[[User], None]:
    """`log_in(user)`: the browser's pages are this user's from now on."""

    def log_in(user: User) -> None:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": client.cookies["sessionid"].value, "url": live_server.url}])

    return log_in


@pytest.fixture
def admin_page(page: Page, log_in: Callable[[User], None], live_server: LiveServer) -> Page:
    """A page of a superuser, on the overview; `admin_page.goto("/admin/…")` works with paths."""
    log_in(User.objects.create_superuser("admin", "admin@example.com", "password"))
    page.goto(f"{live_server.url}/admin/")
    return page


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], live_server: LiveServer) -> dict[str, Any]:
    return browser_context_args | {"base_url": live_server.url, "viewport": {"width": 1280, "height": 900}}
