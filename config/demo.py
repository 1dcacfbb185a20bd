"""The demo: a fresh folder, a database and secrets of its own, and the processes of a real installation beside the emulators."""

import fcntl
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from config.processes import Died, Processes, free_port
from integrations import registry

LOCK = "lock"


@dataclass(frozen=True)
class Demo:
    """Where a demo stands; `password` is that of both its users."""

    folder: Path
    port: int
    emulator_port: int
    password: str

    @classmethod
    def fresh(cls, folder: Path, port: int, emulator_port: int) -> "Demo":
        """An empty folder, and the ports asked for or the next free ones."""
        for old in folder.iterdir():
            if old.name != LOCK:
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        return cls(folder, free_port(port), free_port(emulator_port), secrets.token_hex(5))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def emulator_url(self) -> str:
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def source_pages(self) -> str:
        return "  ".join(f"{self.emulator_url}/{source.platform}/" for source in registry.sources() if source.pull)

    @property
    def credentials(self) -> Path:
        return self.folder / "credentials"

    def environment(self) -> Mapping[str, str]:
        """The whole configuration; nothing of it is written down, so that an older demo's secrets open nothing."""
        return os.environ | {
            "DEBUG": "false",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "FERNET_KEYS": secrets.token_urlsafe(48),
            "DATABASE_URL": f"sqlite:///{self.folder / 'demo.sqlite3'}",
            "BROKER_URL": "",
            "EMAIL_URL": "consolemail://",
            "BASE_URL": self.url,
            "EMULATOR_URL": self.emulator_url,
            "DJANGO_SUPERUSER_PASSWORD": self.password,
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, processes: Processes) -> None:
        """Returns when everything stands and the sample Bills are on their way. Died when a part does not."""
        files = ("--write-credentials", str(self.credentials), "--hooks", self.url)
        processes.start("emulators", manage("emulators", "--port", str(self.emulator_port), *files))
        processes.run("migrate", manage("migrate"))
        processes.start("web", web(self.port))
        processes.start("worker", manage("worker"))
        processes.wait_for_port(self.emulator_port)
        processes.run("samples", manage("load_samples", "--credentials", str(self.credentials)))
        processes.wait_for_port(self.port)


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def web(port: int) -> list[str]:
    where = ["--chdir", str(settings.BASE_DIR), "--bind", f"127.0.0.1:{port}"]
    return [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--workers", "1", "--threads", "4", *where]


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the folder's lock; Died when another demo runs in it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Died(f"A demo is running in {folder} already. End it with Ctrl-C there, or give this one --folder.") from None
        yield
