"""All that a run knows about one server, for it and against it on this machine.

What speaks for a server or against it is picked among all its settings, so the intervals in these
sentences hold for whichever is picked (`analysis.statistics.extremes.widened`); those of the table
are each setting's own. Where it failed too often nothing speaks for it: what is left are survivors.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts.drawing import run_styles
from analysis.charts.palette import VARIABLES, family, in_order
from analysis.claims.judgement import MOST_FAILED
from analysis.figures import memory
from analysis.figures._idle import X as IDLE
from analysis.outcomes import failures, goodput
from analysis.outcomes.limits_hit import Wall, find_walls
from analysis.report.server_points import COST, RATE, TAIL, points, reference_of
from analysis.statistics.extremes import widening
from analysis.statistics.lower_bounds import END
from analysis.wording import (
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

if TYPE_CHECKING:
    from analysis.records.run import Run

MOST_ROWS = 40
KEPT, LOST = 0.8, 0.5
"""Shares of its own rate that a server keeps: at least the first is well, below the second ill."""
DEARER = 1.5
LONGER = 3.0
EACH_DEAR = 10 * 1024
"""Bytes that a connection may add before memory is a reason against a server."""


@dataclass(frozen=True, slots=True)
class Row:
    """A server under one set of settings, and its ratios to the reference under the same; `beside`
    has what the rate leaves out, in words."""

    settings: str
    n: int
    void: int
    rate: float
    cost_us: float
    tail_us: float
    tail_bounded: bool
    rate_ratio: str
    cost_ratio: str
    beside: str


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
        goodput.in_words({name: float(one[name]) for name in goodput.NAMES}),
    )


def _ratio(one: pd.Series[float], name: str) -> str:
    if not known(one[name]):
        return ""
    ends = interval(one[f"{name}_low"], one[f"{name}_high"], "x")
    return f"{number(one[name])}{TIMES}" + (f" ({ends})" if ends else "")


def _strengths(run: Run, mine: pd.DataFrame, server: str, reference: str) -> list[str]:
    """What speaks for the server on this machine."""
    found = []
    kept = _kept(mine, failures_end_it=True)
    if kept and kept[1] >= KEPT:
        found.append(
            f"Silent connections cost it little: beside {count(kept[0])} of them it keeps "
            f"{share(kept[1])} of its rate."
        )
    sound = mine[mine[goodput.FAILED] <= MOST_FAILED]
    cost, rate = _picked(sound, COST), _picked(sound, RATE)
    cheaper = cost[cost[f"{COST}_ratio_high"] < 1]
    if server != reference and len(cheaper):
        best = cheaper.sort_values(f"{COST}_ratio").iloc[0]
        found.append(
            f"A request costs it less CPU than {server_name(reference)} in "
            f"{plural(len(cheaper), 'setting')}: {_ratio(best, f'{COST}_ratio')} the time "
            f"({best['settings']})."
        )
    faster = rate[rate[f"{RATE}_ratio_low"] > 1]
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
    failed = failures.of_server(run.trials[run.trials["server"] == server])
    found += [failed] if failed else []
    found += _silent(mine)
    kept = _kept(mine)
    if kept and kept[1] < LOST:
        found.append(
            f"Silent connections slow it down: beside {count(kept[0])} of them it keeps "
            f"{share(kept[1])} of its rate."
        )
    cost = _picked(mine, COST)
    dearer = cost[cost[f"{COST}_ratio_low"] > DEARER]
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


def _silent(mine: pd.DataFrame) -> list[str]:
    """Where most of its attempts ended in errors, or had no answer."""
    kinds = (
        (goodput.ERRORS, "of the attempts ended in errors"),
        (goodput.UNANSWERED, "of the requests got no answer"),
    )
    found = []
    for name, words in kinds:
        some = mine[mine[name] > goodput.SMALLEST[name]].sort_values(name)
        if len(some):
            worst = some.iloc[-1]
            found.append(f"Up to {share(worst[name])} {words} ({worst['settings']}).")
    return found


def _picked(mine: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The same with intervals of the ratios of a metric that hold for whichever is picked."""
    names = [f"{metric}_ratio_{end}" for end in ("low", "high")]
    ends = np.log(mine[names].where(mine[names] > 0).to_numpy(dtype="float64"))
    known = int(np.isfinite(ends).all(axis=1).sum())
    factor = widening(mine[f"{metric}_ratio_n"].to_numpy(dtype="float64"), known)
    middle, half = ends.mean(axis=1), (ends[:, 1] - ends[:, 0]) / 2 * factor
    low, high = np.exp(middle - half), np.exp(middle + half)
    return mine.assign(**dict(zip(names, (low, high), strict=True)))


def _kept(mine: pd.DataFrame, *, failures_end_it: bool = False) -> tuple[float, float] | None:
    """The most silent connections, and the share of its own rate that it keeps beside them: its
    rate with none, all else being equal. Of several, with the fewest that talk. If failures end it,
    there is none where it failed too often beside more of them, or beside none.
    """
    often = mine[goodput.FAILED] > MOST_FAILED
    wanted = mine[(mine["load"] == "keep_alive") & (mine[RATE].notna() | often)]
    found = []
    if failures_end_it and often[wanted.index].any():
        gone = set(wanted.loc[often[wanted.index], "beside"])
        wanted = wanted[~wanted["beside"].isin(gone)]
    wanted = wanted[wanted[RATE].notna()]
    for _, group in wanted.groupby("beside", sort=True):
        none, most = group[group["idle"] == 0], group[group["idle"] == group["idle"].max()]
        if len(none) and most["idle"].iloc[0] > 0:
            kept = float(most[RATE].iloc[0] / none[RATE].iloc[0])
            found.append((float(most["idle"].iloc[0]), -int(most["active"].iloc[0]), kept))
    return (max(found)[0], max(found)[2]) if found else None


def _tail(mine: pd.DataFrame, reference: str) -> list[str]:
    """Where its 99th percentile is far longer than the reference's, beyond chance."""
    tails = _picked(mine, TAIL)
    longer = tails[(tails[f"{TAIL}_ratio"] >= LONGER) & (tails[f"{TAIL}_ratio_low"] > 1)]
    if not len(longer):
        return []
    worst = longer.sort_values(f"{TAIL}_ratio").iloc[-1]
    return [
        f"Its 99th percentile is {duration(worst[TAIL])}, {_ratio(worst, f'{TAIL}_ratio')} that of "
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
    void = run.void
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
