"""The product's own source, as the tests about it read it: no tests, no migrations, nothing generated."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("config", "billing", "integrations", "mappings", "credentials", "runs")
FOLDERS = (*ROOMS, "templates")


def product_files(*patterns: str) -> list[Path]:
    """The product's files that match a pattern such as "*.py"."""
    found = {path for folder in FOLDERS for pattern in patterns for path in (ROOT / folder).rglob(pattern)}
    return sorted(path for path in found if not {"migrations", "__pycache__"} & set(path.parts))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())
