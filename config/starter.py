"""The `make` that started this process, which does not always tell its child that it was interrupted."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path


def starter_watch() -> Callable[[], bool]:
    """A question that answers True until the `make` above us is interrupted or gone; always True without one.

    GNU make 4.3, seen in November 2026: a SIGTERM it passes on, a SIGINT sent to it alone (not by Ctrl-C, which reaches the whole
    group) it does not. It puts the default handler back and waits for its children for ever.
    """
    parent = os.getppid()
    if "MAKELEVEL" not in os.environ:
        return lambda: True
    catches = _catches_interrupt(parent)
    return lambda: os.getppid() == parent and _catches_interrupt(parent) == catches


def _catches_interrupt(process: int) -> bool:
    """Whether a process has a handler for SIGINT; False where there is no /proc."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", status, re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (signal.SIGINT - 1) & 1)
