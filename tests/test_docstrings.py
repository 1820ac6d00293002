"""A docstring names its subject: it can be read without the line above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.paths import ROOT
from tests.test_rooms import ROOMS, modules


def docstrings(path: Path) -> Iterator[str]:
    """Those of modules, classes and functions, and those below a constant or a field."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


@pytest.mark.parametrize("room", ROOMS)
def test_none_begins_with_of_what_is_not_said(room: str) -> None:
    begun = {
        str(path.relative_to(ROOT)): text
        for path in modules(room)
        for text in docstrings(path)
        if text.startswith("Of ")
    }
    assert not begun
