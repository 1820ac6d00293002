"""The texts that a module is made of, as patterns: `…` stands for what is only known later."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

OPEN = "…"
WORD = re.compile(r"[A-Za-z']{2,}")
FEWEST_WORDS = 2
"""Of a reason; names, keys and units have fewer."""


def patterns(path: Path, functions: Collection[str] = ()) -> set[str]:
    """The texts of a module, or of some functions of it, that may be reasons; documentation is
    left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    roots: list[ast.AST] = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in functions
    ]
    if len(roots) != len(functions):
        raise LookupError(f"{path} has not all of {functions}")
    nodes = [node for root in roots or [tree] for node in ast.walk(root)]
    silent = {id(one) for node in nodes for one in _no_texts(node)}
    found = {
        _pattern(node)
        for node in nodes
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in silent
    }
    return {text for text in found if " " in text and len(WORD.findall(text)) >= FEWEST_WORDS}


def made(path: Path) -> set[str]:
    """The names of all functions and classes that a module calls."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {one.id for one in calls if isinstance(one, ast.Name)}


def _no_texts(node: ast.AST) -> Iterator[ast.AST]:
    """Documentation, and the pieces of a text that is looked at as a whole."""
    if isinstance(node, ast.Expr):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (one for part in node.values for one in ast.walk(part))


def _pattern(node: ast.Constant | ast.JoinedStr) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else OPEN
        for part in parts
    )
    return text.strip()
