"""Long-running child processes that live and die together: each leads a session of its own and logs to a file of its own."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 20.0
TAIL = 20
_PR_SET_PDEATHSIG = 1


class Died(Exception):
    """A process that was to go on, or to succeed, ended; the text names it and shows the end of its log."""


class Processes:
    """A group of children, stopped together when the `with` block is left."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self.logs = logs
        self.environment = dict(environment)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log(name).open("wb") as log:
            process = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self._running[name] = process
        return process

    def run(self, name: str, command: Sequence[str]) -> str:
        """Waits for a command to end, while the others are watched; returns what it wrote, or raises Died when it failed."""
        process = self.start(name, command)
        while process.poll() is None:
            self._check(but=name)
            time.sleep(0.02)
        del self._running[name]
        if process.returncode:
            raise self._died(name, process.returncode)
        return self._log(name).read_text(errors="replace")

    def wait_for_port(self, port: int, seconds: float = 60) -> None:
        """Until something listens on 127.0.0.1; raises Died when a child ends first, or nothing comes."""
        end = time.monotonic() + seconds
        while not _listens(port):
            self._check()
            if time.monotonic() > end:
                raise Died(f"Nothing listens on port {port} after {seconds:.0f} seconds.")
            time.sleep(0.05)

    def watch(self, wanted: Callable[[], bool]) -> None:
        """Until nobody wants them any more, or a child ends, which raises Died."""
        while wanted():
            self._check()
            time.sleep(0.2)

    def stop(self) -> None:
        """SIGTERM to the leaders only, for they end their own children in order; SIGKILL to whole groups that take too long."""
        for process in self._running.values():
            process.terminate()
        end = time.monotonic() + PATIENCE
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, end - time.monotonic()))
            _kill_group(process.pid)
            process.wait()
        self._running.clear()

    def _check(self, but: str = "") -> None:
        for name, process in self._running.items():
            if name != but and process.poll() is not None:
                raise self._died(name, process.returncode)

    def _died(self, name: str, code: int) -> Died:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        log = self._log(name)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:])
        return Died(f"The {name} process {how}. The end of {log}:\n{tail}")

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def free_port(first: int) -> int:
    """The first port from `first` on that nothing listens on; OSError when a hundred are taken."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"Ports {first} to {first + 99} are all taken.")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _end_with_parent() -> None:
    """In the child: even a parent that is killed leaves nothing behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
