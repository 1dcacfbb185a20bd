"""The sizes that keep the house readable: short functions, short files, types on everything, one broad except."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests.source import ROOT, parsed, product_files

FILES = product_files("*.py")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[Path, Function]]:
    for path in FILES:
        yield from ((path, node) for node in ast.walk(parsed(path)) if isinstance(node, Function))


def docstring_lines(node: ast.AST) -> set[int]:
    if not isinstance(node, ast.Module | ast.ClassDef | Function) or not ast.get_docstring(node, clean=False):
        return set()
    return set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))


def function_size(node: Function) -> int:
    return (node.end_lineno or 0) - node.lineno + 1 - len(docstring_lines(node))


def file_size(path: Path) -> int:
    """Lines of code: no blank lines, no comments, no docstrings."""
    documented = set().union(*map(docstring_lines, ast.walk(parsed(path))))
    lines = enumerate(path.read_text().splitlines(), 1)
    return sum(1 for number, line in lines if number not in documented and line.strip() and not line.strip().startswith("#"))


def percentile(sizes: list[int], share: float) -> int:
    return sorted(sizes)[min(len(sizes) - 1, int(len(sizes) * share))]


def test_functions_are_short() -> None:
    sizes = [function_size(node) for _, node in functions()]
    assert statistics.median(sizes) <= 8
    assert percentile(sizes, 0.95) <= 40
    assert [f"{path.relative_to(ROOT)}: {node.name}" for path, node in functions() if function_size(node) > 60] == []


def test_files_are_short() -> None:
    sizes = [file_size(path) for path in FILES]
    assert percentile(sizes, 0.95) <= 150
    assert [str(path.relative_to(ROOT)) for path in FILES if file_size(path) > 400] == []


def test_every_function_says_what_it_returns() -> None:
    assert [f"{path.relative_to(ROOT)}:{node.lineno}" for path, node in functions() if node.returns is None] == []


def test_everything_is_caught_in_one_place_at_most() -> None:
    """A broad except hides what it was not written for; the one at the task boundary records and raises again."""
    broad = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type)
    ]
    assert len(broad) <= 1, broad


def is_broad(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or (isinstance(name, ast.Name) and name.id in ("Exception", "BaseException")) for name in names)
