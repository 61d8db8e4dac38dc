"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [
    p for layer in ("data", "features", "training", "serving") for p in (ROOT / layer).rglob("*.py")
]
LONGEST_FUNCTION = 45
LONGEST_FILE = 320
PICKLES = {"pickle", "joblib", "cloudpickle", "dill", "skops", "shelve"}
CLOCKS = {"now", "today", "utcnow", "time"}


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_functions_and_files_are_short(path):
    assert len([line for line in path.read_text().splitlines() if line.strip()]) <= LONGEST_FILE
    for node in ast.walk(_tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno + 1 <= LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_can_be_unpickled(path):
    for node in ast.walk(_tree(path)):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {n.split(".")[0] for n in names} & PICKLES


# Serving is left out: a published batch carries the time at which it was made.
@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if not p.is_relative_to(ROOT / "serving")],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_no_code_asks_what_day_it_is(path):
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CLOCKS, f"line {node.lineno}"
