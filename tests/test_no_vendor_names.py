"""A destination is named in its own package only, so that adding one edits nothing else."""

import re

from integrations.registry import destinations
from tests.source import ROOT, product_files

FILES = product_files("*.py", "*.html", "*.txt", "*.js", "*.css", "*.svg")


def test_the_destinations_are_known_by_their_folders() -> None:
    folders = {path.parent.name for path in (ROOT / "integrations" / "destinations").glob("*/__init__.py")}
    assert {destination.slug for destination in destinations()} == folders


def test_no_destination_is_named_outside_its_package() -> None:
    named = []
    for path in FILES:
        inner = path.relative_to(ROOT)
        home = inner.parts[2] if inner.parts[:2] == ("integrations", "destinations") and len(inner.parts) > 3 else ""
        text = path.read_text()
        named += [f"{inner} names {slug}" for slug in slugs() - {home} if re.search(rf"\b{slug}\b", text, re.IGNORECASE)]
    assert named == []


def slugs() -> set[str]:
    return {destination.slug for destination in destinations()}
