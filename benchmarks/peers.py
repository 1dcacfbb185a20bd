"""Other clients, in their own interpreters: the developers' one where it has them, else a throw-away environment from the package index."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

PATIENCE = 90


class NotHereError(RuntimeError):
    """The peer cannot be installed or run here; the text says why, in a line."""


def run(python: str, script: str, **arguments: Any) -> Any:
    """What a peer's script prints for these arguments. NotHereError."""
    command = [python, script]
    done = subprocess.run(command, input=json.dumps(arguments), capture_output=True, text=True, timeout=PATIENCE, check=False)  # noqa: S603
    if done.returncode:
        raise NotHereError(f"{Path(script).stem} failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


@dataclass
class Peers:
    """Throw-away environments under a folder, one per package, made when first asked for."""

    folder: Path
    failed: dict[str, str] = field(default_factory=dict)
    one_at_a_time: Lock = field(default_factory=Lock)

    def prepare(self, package: str) -> None:
        """Makes the environment now, so that nobody waits for it later."""
        with suppress(NotHereError):
            self.python(package)

    def python(self, package: str) -> str:
        """The interpreter that has the package ("": this one). NotHereError."""
        if not package:
            return sys.executable
        if package in self.failed:
            raise NotHereError(self.failed[package])
        home = self.folder / f"peer-{package.partition('==')[0]}"
        python = home / "bin" / "python"
        with self.one_at_a_time:
            if package not in self.failed and not python.exists():
                self._install(package, home, python)
        return str(python)

    def _install(self, package: str, home: Path, python: Path) -> None:
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", package]
        environment = os.environ | {"PIP_DEFAULT_TIMEOUT": "10"}
        try:
            for command in ([sys.executable, "-m", "venv", str(home)], install):
                subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE, env=environment)  # noqa: S603
        except (subprocess.SubprocessError, OSError):
            self.failed[package] = f"{package} cannot be installed here"
            raise NotHereError(self.failed[package]) from None
