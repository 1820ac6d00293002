"""A figure of the lab beside that of a tool: the ratio, and what to make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from contract.console import say
from experiments.benchmarks.ranges import wide_console
from experiments.crosscheck.tools import MEAN, MEDIAN, P99, RATE

EXACT = 0.0
TOLERANCE = {RATE: 0.05, MEDIAN: 0.10, P99: 0.10, MEAN: 0.10}
"""Shares; what is counted, and not measured, has to be equal."""
SAME, KNOWN, DIFFERS = "same", "known", "DIFFERS"
CHANCE = (
    "each draws 800 arrivals of its own by chance, whose number has a standard deviation of 3.5%; "
    "httperf draws the same ones in each round, more than 100/s, and its queue is longer for it"
)
REASONS: dict[tuple[str, str], tuple[str, float]] = {
    ("httperf, 100/s Poisson", RATE): (CHANCE, 0.12),
    ("httperf, 100/s Poisson", MEAN): (CHANCE, 0.25),
}
"""Why a tool's figure differs, found by measuring, and by how much it may for that: three standard
deviations of a single round and more."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure from both sides, a value for each round."""

    tool: str
    figure: str
    lab: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Lab over tool: median over the rounds, in which both met the same machine."""
        return median(
            ours / theirs if theirs else (1.0 if ours == theirs else float("inf"))
            for ours, theirs in zip(self.lab, self.theirs, strict=True)
        )

    @property
    def reason(self) -> str:
        """Why they differ, if that is known and explains so much."""
        reason, most = REASONS.get((self.tool, self.figure), ("", 0.0))
        return reason if abs(self.ratio - 1) <= most else ""

    @property
    def verdict(self) -> str:
        """Whether they agree, differ for a known reason, or just differ."""
        if abs(self.ratio - 1) <= TOLERANCE.get(self.figure, EXACT):
            return SAME
        return KNOWN if self.reason else DIFFERS

    def plain(self) -> dict[str, Any]:
        """The entry of the file of figures."""
        return {**asdict(self), "ratio": self.ratio, "verdict": self.verdict}


def print_table(console: Console, compared: Sequence[Compared]) -> None:
    """Print all, then the reasons, and how many differ without one."""
    table = Table(box=None)
    for heading in ("tool", "figure", "lab", "tool's", "ratio", "range", ""):
        table.add_column(heading, no_wrap=True)
    for one in compared:
        ratios = [a / b for a, b in zip(one.lab, one.theirs, strict=True) if b]
        table.add_row(
            one.tool,
            one.figure,
            f"{median(one.lab):,.5g}",
            f"{median(one.theirs):,.5g}",
            f"{one.ratio:.3f}",
            f"{min(ratios):.3f} to {max(ratios):.3f}" if len(ratios) > 1 else "",
            one.verdict,
        )
    wide_console(console, 110).print(table)
    for one in compared:
        if one.verdict == KNOWN:
            say(console, f"{one.tool}, {one.figure}: {one.reason}")
    open_ = sum(one.verdict == DIFFERS for one in compared)
    console.print(f"{len(compared)} figures; {open_} differ without a known reason", markup=False)
