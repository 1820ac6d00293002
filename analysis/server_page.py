"""All that a run knows about one server, for it and against it on this machine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from analysis.bounds import END
from analysis.charts import run_styles
from analysis.figures import memory
from analysis.figures._idle import X as IDLE
from analysis.palette import VARIABLES, family, in_order
from analysis.server_points import COST, RATE, REFERENCE_TAIL, TAIL, points, reference_of
from analysis.text import (
    TIMES,
    count,
    duration,
    interval,
    known,
    number,
    plural,
    server_name,
    share,
    size,
)
from analysis.walls import Wall, find_walls

if TYPE_CHECKING:
    from analysis.records import Run

MOST_ROWS = 40
KEPT, LOST = 0.8, 0.5
"""Shares of its own rate that a server keeps: at least the first is well, below the second ill."""
DEARER = 1.5
LONGER = 3.0
EACH_DEAR = 10 * 1024
"""Bytes that a connection may add before memory is a reason against a server."""


@dataclass(frozen=True, slots=True)
class Row:
    """A server under one set of settings, and its ratios to the reference under the same."""

    settings: str
    n: int
    void: int
    rate: float
    cost_us: float
    tail_us: float
    tail_bounded: bool
    rate_ratio: str
    cost_ratio: str


@dataclass(frozen=True, slots=True)
class Page:
    """One server: sentences for and against it on this machine, its limits, its void trials
    by reason, and a row per setting."""

    server: str
    name: str
    family: str
    colour: str
    reference: str
    strengths: list[str]
    weaknesses: list[str]
    walls: list[Wall]
    void: list[tuple[str, int]]
    rows: list[Row]
    left_out: int

    @property
    def is_reference(self) -> bool:
        """Whether it is the server that the others are compared with."""
        return self.server == self.reference


def pages(run: Run) -> list[Page]:
    """A page for each server of the run, in the order of every figure."""
    reference = reference_of(run)
    looks, walls = run_styles(run), find_walls(run.trials)
    reasons = _reasons(run)
    found = []
    for server in in_order(run.trials["server"].unique()):
        table = points(run)
        mine = table[table["server"] == server]
        own = [wall for wall in walls if wall.server == server]
        found.append(
            Page(
                server,
                server_name(server),
                family(server),
                VARIABLES[looks[server].colour],
                reference,
                _strengths(run, mine, server, reference),
                _weaknesses(run, mine, server, reference, own),
                own,
                reasons.get(server, []),
                [_row(one) for _, one in mine.head(MOST_ROWS).iterrows()],
                max(0, len(mine) - MOST_ROWS),
            )
        )
    return found


def _row(one: pd.Series[float]) -> Row:
    return Row(
        str(one["settings"]),
        int(one["n"]),
        int(one["void"]),
        one[RATE],
        one[COST],
        one[TAIL],
        bool(one[f"{TAIL}{END}"]),
        _ratio(one, f"{RATE}_ratio"),
        _ratio(one, f"{COST}_ratio"),
    )


def _ratio(one: pd.Series[float], name: str) -> str:
    if not known(one[name]):
        return ""
    ends = interval(one[f"{name}_low"], one[f"{name}_high"], "x")
    return f"{number(one[name])}{TIMES}" + (f" ({ends})" if ends else "")


def _strengths(run: Run, mine: pd.DataFrame, server: str, reference: str) -> list[str]:
    """What speaks for the server on this machine."""
    found = []
    kept = _kept(mine)
    if kept and kept[1] >= KEPT:
        found.append(
            f"Silent connections cost it little: beside {count(kept[0])} of them it keeps "
            f"{share(kept[1])} of its rate."
        )
    cheaper = mine[mine[f"{COST}_ratio_high"] < 1]
    if server != reference and len(cheaper):
        best = cheaper.sort_values(f"{COST}_ratio").iloc[0]
        found.append(
            f"A request costs it less CPU than {server_name(reference)} in "
            f"{plural(len(cheaper), 'setting')}: {_ratio(best, f'{COST}_ratio')} the time "
            f"({best['settings']})."
        )
    faster = mine[mine[f"{RATE}_ratio_low"] > 1]
    if server != reference and len(faster):
        best = faster.sort_values(f"{RATE}_ratio").iloc[-1]
        found.append(
            f"It answers more than {server_name(reference)} in {plural(len(faster), 'setting')}: "
            f"{_ratio(best, f'{RATE}_ratio')} the rate ({best['settings']})."
        )
    each = _memory(run, server)
    if each is not None and each <= EACH_DEAR:
        found.append(f"A connection adds {size(each)} to its memory.")
    return found


def _weaknesses(
    run: Run, mine: pd.DataFrame, server: str, reference: str, walls: list[Wall]
) -> list[str]:
    """Where it breaks on this machine."""
    found = [
        f"It stops at {count(wall.held) if known(wall.held) else 'a number of'} of "
        f"{count(wall.asked)} {wall.of}: {wall.limit}."
        for wall in walls
    ]
    kept = _kept(mine)
    if kept and kept[1] < LOST:
        found.append(
            f"Silent connections slow it down: beside {count(kept[0])} of them it keeps "
            f"{share(kept[1])} of its rate."
        )
    dearer = mine[mine[f"{COST}_ratio_low"] > DEARER]
    if server != reference and len(dearer):
        worst = dearer.sort_values(f"{COST}_ratio").iloc[-1]
        found.append(
            f"A request costs it up to {_ratio(worst, f'{COST}_ratio')} the CPU time of "
            f"{server_name(reference)} ({worst['settings']})."
        )
    found += _tail(mine, reference)
    each = _memory(run, server)
    if each is not None and each > EACH_DEAR:
        found.append(f"A connection adds {size(each)} to its memory.")
    return found


def _kept(mine: pd.DataFrame) -> tuple[float, float] | None:
    """The most silent connections, and the share of its own rate that it keeps beside them: its
    rate with none, all else being equal. Of several, with the fewest that talk.
    """
    wanted = mine[(mine["load"] == "keep_alive") & mine[RATE].notna()]
    found = []
    for _, group in wanted.groupby("beside", sort=True):
        none, most = group[group["idle"] == 0], group[group["idle"] == group["idle"].max()]
        if len(none) and most["idle"].iloc[0] > 0:
            kept = float(most[RATE].iloc[0] / none[RATE].iloc[0])
            found.append((float(most["idle"].iloc[0]), -int(most["active"].iloc[0]), kept))
    return (max(found)[0], max(found)[2]) if found else None


def _tail(mine: pd.DataFrame, reference: str) -> list[str]:
    """Where its 99th percentile is far longer than the reference's."""
    factors = mine[TAIL] / mine[REFERENCE_TAIL]
    if not (factors >= LONGER).any():
        return []
    worst = mine.iloc[int(factors.argmax())]
    return [
        f"Its 99th percentile is {duration(worst[TAIL])}, {number(factors.max())} times that of "
        f"{server_name(reference)} ({worst['settings']})."
    ]


def _memory(run: Run, server: str) -> float | None:
    """Bytes that a connection adds, at the most idle connections."""
    table = memory.table(run)
    if memory.EACH not in table:
        return None
    mine = table[(table["server"] == server) & table[memory.EACH].notna()]
    return float(mine.sort_values(IDLE)[memory.EACH].iloc[-1]) if len(mine) else None


def _reasons(run: Run) -> dict[str, list[tuple[str, int]]]:
    """Void trials by server: reasons and how often, the most frequent first."""
    void = run.left_out(["server", "reason"])
    counts = Counter(zip(void["server"].astype(str), void["reason"].astype("string"), strict=True))
    found: dict[str, list[tuple[str, int]]] = {}
    for (server, reason), times in counts.most_common():
        said = "no reason recorded" if pd.isna(reason) else str(reason)
        found.setdefault(server, []).append((said, times))
    return found


def verdict_in_short(page: Page) -> str:
    """The first word for it and the first against it, for the folded page; if there is none, what
    a request costs."""
    said = page.strengths[:1] + page.weaknesses[:1]
    compared = [row for row in page.rows if row.cost_ratio]
    if not said and compared and not page.is_reference:
        most = max(compared, key=lambda row: row.n)
        said = [
            f"A request costs it {most.cost_ratio} the CPU time of {server_name(page.reference)} "
            f"({most.settings})."
        ]
    return " ".join(said) or f"Measured in {plural(len(page.rows), 'setting')}."
