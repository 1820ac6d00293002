"""How tables of benchmarks show a figure with its range."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rich.console import Console


def ranged(values: Sequence[float]) -> str:
    """Median, and lowest to highest: `1.02 (0.98-1.05)`."""
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def wide_console(console: Console, width: int) -> Console:
    """A console of this width at least: where the output is no terminal, its width is a guess."""
    return Console(file=console.file, width=max(width, console.width))
