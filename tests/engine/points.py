"""The fault points of the product, read from its source."""

import ast
from collections.abc import Iterator

from tests.source import ROOT, parsed

FILES = sorted((ROOT / "runs").glob("*.py"))
INSIDE_A_TRANSACTION = frozenset(
    {"claimed", "starting", "unfolding", "intending", "recording", "settling", "grasping", "freeing", "losing"}
)
OF_CHAINS = frozenset({"before unfolding", "unfolding", "unfolded", "before polling", "polled"})
"""Those that only a Bill of several documents comes to."""


def _named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "point":
            [name] = node.args
            assert isinstance(name, ast.Constant) and isinstance(name.value, str), "a point is named by a plain string"
            yield name.value


NAMES = [name for path in FILES for name in _named(parsed(path))]
POINTS = frozenset(NAMES)
