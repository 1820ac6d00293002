"""What pydantic finds wrong with data, in words: its `errors()`, each on a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def model_faults(errors: Iterable[Mapping[str, Any]], *above: str) -> list[str]:
    """Each as `where: what`, where being the names that lead to it, below those of `above`."""
    return [": ".join(filter(None, (place(one, *above), message(one)))) for one in errors]


def place(error: Mapping[str, Any], *above: str) -> str:
    """The names that lead to it, with dots between; empty for the whole."""
    return ".".join((*above, *map(str, error["loc"])))


def message(error: Mapping[str, Any]) -> str:
    """What is wrong, without what pydantic puts before the words of our own validators."""
    return str(error["msg"]).removeprefix("Value error, ")
