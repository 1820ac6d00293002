"""What a server tells in its log: an object of JSON a line, among lines that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LINES, LETTERS = 6, 600


def last_lines(log: str) -> str:
    """What a log ends with, in one line, bounded; '' of an empty one. Lines without a word, such as
    those that point at a place in the one above, are left out."""
    lines = [line.strip() for line in log.splitlines()]
    text = " | ".join([line for line in lines if any(map(str.isalnum, line))][-LINES:])
    return text if len(text) <= LETTERS else f"...{text[-LETTERS:]}"


def told(log: str, event: str) -> bool:
    """Whether an event of this name is in it."""
    return any(one.get("event") == event for one in events(log))


def events(log: str) -> Iterator[dict[str, Any]]:
    """The events, in order."""
    for line in log.splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                # It was being written when the server was stopped; or it is a foreign server's, of
                # a number that is too long, or of too many brackets.
                continue
