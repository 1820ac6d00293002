"""A YAML file that a person wrote: its lines, and what is wrong in it, in words."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import ErrorDetails

from contract.exits import Exit, LabError
from contract.model_faults import message, model_faults, place


def parse(path: Path) -> tuple[dict[str, Any], yaml.Node, list[tuple[int, str]]]:
    """The document, its lines, and keys that stand twice. Raises LabError."""
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        twice = _twice(node) if node is not None else []
    except RecursionError:
        raise LabError(f"{path}: nested too deeply, or in itself", Exit.BAD_INPUT) from None
    except (yaml.YAMLError, ValueError, OSError) as error:
        raise LabError(f"{path}: not valid YAML: {error}", Exit.BAD_INPUT) from error
    if node is None or not isinstance(document, dict):
        raise LabError(f"{path}:1: expected keys and values at the top level", Exit.BAD_INPUT)
    return document, node, twice


def refusal(path: Path, faults: list[tuple[int, str]]) -> LabError:
    """The error with all faults, each with its line."""
    lines = [f"{path}:{line}: {text}" for line, text in sorted(set(faults))]
    return LabError("\n".join(lines), Exit.BAD_INPUT)


def nearest(name: str, known: list[str]) -> str:
    """What was probably meant, or all there is."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}"


def _twice(node: yaml.Node) -> list[tuple[int, str]]:
    """Keys that stand twice in one place: YAML would let the last one win."""
    found: list[tuple[int, str]] = []
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append((key.start_mark.line + 1, f"the key {key.value!r} stands twice"))
            seen.add(key.value)
            children.append(value)
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    return found + [fault for child in children for fault in _twice(child)]


def line_of(node: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `loc` that the file holds."""
    line = node.start_mark.line
    for part in loc:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    child, line = value, key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and part in range(len(node.value)):
            child = node.value[int(part)]
            line = child.start_mark.line
        if child is None:
            break
        node = child
    return line + 1


def explain(details: ErrorDetails, keys: list[str]) -> str:
    """A fault that pydantic found, in words; `keys` are those that its place may have."""
    where = place(details)
    if details["type"] == "extra_forbidden":
        return f"unknown key {where!r}; {nearest(str(details['loc'][-1]), keys)}"
    if details["type"] == "missing":
        return f"{where!r} is missing; it is required"
    given = details.get("input")
    is_new = isinstance(given, str | int | float | bool) and repr(given) not in message(details)
    return model_faults([details])[0] + (f", not {given!r}" if is_new else "")
