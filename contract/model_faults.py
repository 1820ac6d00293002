"""What pydantic finds wrong with data, in words: its `errors()`, each on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

KEY = "[key]"
"""Stands in a place behind a key that is wrong itself."""
WORDS = {
    "dict_type": "has to be keys with values",
    "list_type": "has to be a list",
    "model_type": "has to be keys with values",
    "string_type": "has to be a text",
}
"""By pydantic's kind of error."""


def model_faults(errors: Iterable[Mapping[str, Any]], *above: str) -> list[str]:
    """Each as `where: what`, where being the names that lead to it, below those of `above`."""
    return [": ".join(filter(None, (place(one, *above), message(one)))) for one in errors]


def place(error: Mapping[str, Any], *above: str) -> str:
    """The names that lead to it, with dots between; empty for the whole."""
    return ".".join((*above, *(str(part) for part in error["loc"] if part != KEY)))


def message(error: Mapping[str, Any]) -> str:
    """What is wrong, in words that name no class; those of our own validators as they are."""
    told = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "string_type" and isinstance(error["input"], int | float):
        return "has to be a text, in quotes"
    return WORDS.get(error["type"]) or told.replace("Input should be", "has to be")
