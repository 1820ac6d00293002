"""Attempts of a benchmark's trials that were not measured, and what its table says of them.

They are made again, and the figures are of those that were measured: of a server that fails in two
attempts of three they look as well as of one that never does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from contract.console import say


@dataclass(frozen=True, slots=True)
class VoidAttempt:
    """One of them, and its cause."""

    server: str
    spoiled_by: str
    reason: str


def print_void(console: Console, void: Sequence[VoidAttempt]) -> None:
    """Print a line for each server and reason, the commonest first."""
    for one, times in Counter(void).most_common():
        by = one.spoiled_by or "of unknown cause"
        attempts = "1 attempt was" if times == 1 else f"{times} attempts were"
        say(console, f"{one.server}: {attempts} not measured ({by}): {one.reason}")
