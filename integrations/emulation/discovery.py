"""Finds the emulators that the destination and source packages ship."""

from importlib import import_module
from pathlib import Path

from integrations import destinations, sources
from integrations.emulation.contract import Emulator


def find_emulators() -> dict[str, Emulator]:
    """{slug: emulator}, a new one of each `integrations/destinations/*/emulator.py` and `integrations/sources/*/emulator.py`."""
    found = [
        f"{room.__name__}.{package}.emulator"
        for room in (destinations, sources)
        for package in sorted(file.parent.name for root in room.__path__ for file in Path(root).glob("*/emulator.py"))
    ]
    emulators: list[Emulator] = [import_module(name).EMULATOR() for name in found]
    return {emulator.slug: emulator for emulator in emulators}
