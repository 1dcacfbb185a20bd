"""Finds the emulators that the destination packages ship."""

from importlib import import_module
from pathlib import Path

from integrations import destinations
from integrations.emulation.contract import Emulator


def find_emulators() -> dict[str, Emulator]:
    """{slug: emulator}, a new one of each `integrations/destinations/*/emulator.py`."""
    packages = sorted(file.parent.name for root in destinations.__path__ for file in Path(root).glob("*/emulator.py"))
    modules = [import_module(f"{destinations.__name__}.{package}.emulator") for package in packages]
    emulators: list[Emulator] = [module.EMULATOR() for module in modules]
    return {emulator.slug: emulator for emulator in emulators}
