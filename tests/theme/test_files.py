"""What the strict content policy and the style guide ask of every template, script and style sheet."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from runs.models import Status
from tests.source import ROOT, product_files

TEMPLATES = product_files("*.html")
SCRIPTS = product_files("*.js")
SHEETS = product_files("*.css")
TOKEN = re.compile(r"--([\w-]+): (#[0-9a-f]{3,6})")
PAIRS = [
    *[(ink, ground, 4.5) for ink in ("ink", "ink-2", "ink-3", "accent", "red", "green") for ground in ("card", "sunk", "page")],
    *[(family, f"{family}-tint", 4.5) for family in ("green", "blue", "amber", "red", "violet", "rust", "grey")],
    ("accent", "accent-soft", 4.5),
    ("ink", "accent-soft", 4.5),
    ("ink-2", "accent-soft", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-accent", "accent-hover", 4.5),
    ("field", "card", 3),
    *[(f"solid-{family}", "card", 3) for family in ("green", "amber", "red")],
]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_template_carries_style_script_or_a_foreign_host(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=|<style|\son\w+\s*=\s*[\"']|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_no_script_writes_markup_or_runs_text(path: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?://", path.read_text())


@pytest.mark.parametrize("path", SHEETS, ids=named)
def test_no_sheet_loads_from_elsewhere(path: Path) -> None:
    assert not re.search(r"url\(|@import", path.read_text())


@pytest.mark.parametrize("path", sorted((ROOT / "templates" / "parts").glob("*.html")), ids=named)
def test_every_part_says_what_it_takes(path: Path) -> None:
    assert re.match(r"\{#.*Context|\{% comment %\}.*Context.*\{% endcomment %\}", path.read_text(), re.DOTALL)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_told_apart(theme: str) -> None:
    colours = tokens(theme)
    seen = {(ink, ground): (contrast(colours[ink], colours[ground]), least) for ink, ground, least in PAIRS}
    assert {pair: ratio for pair, (ratio, least) in seen.items() if ratio < least} == {}


def test_the_dark_set_is_the_same_for_auto() -> None:
    sheet = (ROOT / "config/static/billpost/theme.css").read_text()
    chosen, automatic = (sheet.split(start, 1)[1].split("}", 1)[0] for start in ('html[data-theme="dark"] {', 'html[data-theme="auto"] {'))
    assert chosen.split() == automatic.split()


def test_every_status_has_its_colour_and_shape() -> None:
    sheet = (ROOT / "config/static/billpost/parts.css").read_text()
    assert [status for status in Status.values if f'[data-status="{status}"]' not in sheet] == ["WAITING"]


def tokens(theme: str) -> dict[str, str]:
    sheet = (ROOT / "config/static/billpost/theme.css").read_text()
    return dict(TOKEN.findall(sheet.split(f'html[data-theme="{theme}"] {{', 1)[1].split("}", 1)[0]))


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_each_file_is_found_once_and_ours_stands_before_djangos() -> None:
    assert len(finders.find("billpost/theme.css", find_all=True)) == 1
    assert finders.find("admin/js/actions.js") == str(ROOT / "config/static/admin/js/actions.js")
