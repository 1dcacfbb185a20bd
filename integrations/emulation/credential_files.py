"""Writes the emulators' credentials as files that `create_credential --file` takes."""

import json
from collections.abc import Iterable
from pathlib import Path

from integrations.emulation.contract import Emulator


def write(emulators: Iterable[Emulator], directory: Path) -> list[Path]:
    """One `<kind>.json` per credential kind, readable by its owner only; files that are there already are kept and made known."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for emulator in emulators:
        for kind, content in emulator.credential_files(directory).items():
            file = directory / f"{kind}.json"
            file.touch(mode=0o600)
            file.chmod(0o600)
            file.write_text(json.dumps(content, indent=2) + "\n")
            written.append(file)
    return written
