"""What the documents promise is what the code has."""

import re
from pathlib import Path

import pytest

from tests.source import ROOT

README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
DJANGO_COMMANDS = {"migrate", "collectstatic", "createsuperuser", "check", "help"}


def test_the_configuration_table_names_every_variable_and_no_other() -> None:
    read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config" / "settings.py").read_text())
    told = re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE)
    assert sorted(told) == sorted(set(read))


def test_the_example_environment_names_known_variables() -> None:
    example = (ROOT / "deploy" / "billpost.env.example").read_text()
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) <= set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))


def test_commands_in_the_documents_exist() -> None:
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")} | DJANGO_COMMANDS
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text()
        assert set(re.findall(r"manage\.py ([a-z][a-z_]+)", text)) <= commands, document.name
        assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets, document.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", document.read_text()) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_tests_that_the_documents_name_exist() -> None:
    for document in DOCUMENTS:
        for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", document.read_text()):
            assert f"def {name}" in (ROOT / file).read_text(), f"{document.name} names {file}::{name}"


def test_the_pinned_packages_name_no_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert not re.search(r"^\s*-", re.sub(r"^\s+--hash=", "", text, flags=re.MULTILINE), re.MULTILINE), f"{name} names an index"
        pinned = re.findall(r"^[a-z0-9][^ ]*==[^ ]+", text, re.MULTILINE)
        assert len(pinned) == len(re.findall(r"^\S", text, re.MULTILINE)), f"{name} holds something that is not pinned"


def test_what_runs_is_pinned_alike_for_developers() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def pins(name: str) -> set[str]:
    return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
