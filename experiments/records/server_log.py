"""What a server tells in its log: an object of JSON a line, among lines that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


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
