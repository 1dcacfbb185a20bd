"""Imports between the rooms go one way. Imports under TYPE_CHECKING count like any other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import ROOT, parsed, product_files

NARROW = ("integrations.registry", "integrations.contract", "integrations.errors")
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "billing": (),
    "integrations": ("billing",),
    "mappings": ("billing", *NARROW),
    "credentials": NARROW,
    "runs": ("billing", "integrations", "mappings", "credentials"),
    "config": ("billing", "integrations", "mappings", "credentials", "runs"),
}
FILES = product_files("*.py")


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Each import as line and dotted name; `from a import b` is a.b, a relative one is made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: -node.level], *filter(None, [node.module])] if node.level else [node.module or ""]
            yield from ((node.lineno, ".".join([*base, alias.name])) for alias in node.names)


def wrong_way(room: str, name: str) -> bool:
    """Whether a room may not import this name; names that are nobody's room are always allowed."""
    target = name.split(".")[0]
    if target not in MAY_IMPORT or target == room or room not in MAY_IMPORT:
        return False
    return not any(name == allowed or name.startswith(f"{allowed}.") for allowed in MAY_IMPORT[room])


@pytest.mark.parametrize(
    ("room", "name", "wrong"),
    [
        ("billing", "integrations.contract.Option", True),
        ("billing", "config.settings", True),
        ("integrations", "billing.bill.Bill", False),
        ("integrations", "credentials.models", True),
        ("mappings", "integrations.registry", False),
        ("mappings", "integrations.contract.Match", False),
        ("mappings", "integrations.models.IntegrationConfig", True),
        ("mappings", "integrations.registry_of_another_kind", True),
        ("credentials", "billing.models", True),
        ("runs", "mappings.lookup", False),
        ("runs", "config.format", True),
        ("runs", "django.db.models", False),
    ],
)
def test_the_direction_is_the_one_of_the_design(room: str, name: str, wrong: bool) -> None:
    assert wrong_way(room, name) is wrong


def test_relative_and_guarded_imports_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_one_way.ROOT", tmp_path)
    path = tmp_path / "billing" / "sub" / "module.py"
    path.parent.mkdir(parents=True)
    path.write_text("if TYPE_CHECKING:\n    from ...runs import models\nfrom .. import money\ndef f():\n    import runs.deliver\n")
    assert {name for _, name in imported(path)} == {"runs.models", "billing.money", "runs.deliver"}


def test_no_room_imports_from_above() -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in FILES
        for line, name in imported(path)
        if wrong_way(path.relative_to(ROOT).parts[0], name)
    ]
    assert broken == []


def test_only_http_py_imports_requests() -> None:
    users = {str(path.relative_to(ROOT)) for path in FILES for _, name in imported(path) if name.split(".")[0] == "requests"}
    assert users <= {"integrations/http.py"}


def test_packages_of_vendors_know_nothing_of_each_other() -> None:
    """What several need is a module beside them, as integrations/sources/reading.py is."""
    packages = {path.parent for kind in ("destinations", "sources") for path in (ROOT / "integrations" / kind).glob("*/__init__.py")}
    names = {package: ".".join(package.relative_to(ROOT).parts) for package in packages}
    broken = []
    for path in FILES:
        others = [name for package, name in names.items() if package not in path.parents]
        found = [(line, name) for line, name in imported(path) if any(f"{name}.".startswith(f"{other}.") for other in others)]
        broken += [f"{path.relative_to(ROOT)}:{line} imports {name}" for line, name in found]
    assert broken == []


def test_nothing_is_evaluated_and_modules_are_loaded_by_name_only_where_packages_are_found() -> None:
    """No eval, exec, compile or __import__ anywhere; import_module only in the room that finds the packages."""
    broken = []
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
            plain = isinstance(node.func, ast.Name)
            forbidden = (plain and name in ("eval", "exec", "compile", "__import__")) or (
                name == "import_module" and path.relative_to(ROOT).parts[0] != "integrations"
            )
            if forbidden:
                broken.append(f"{path.relative_to(ROOT)}:{node.lineno} calls {name}")
    assert broken == []
