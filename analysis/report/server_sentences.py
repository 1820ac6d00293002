"""What a run says for a server and against it, in sentences.

A sentence names the best or the worst of all settings, so its interval holds for whichever is
picked (`analysis.statistics.extremes.widening`). Where a server, or its answers, failed too often
nothing speaks for it: what is left are survivors. Nor does a ratio to such a server speak for or
against another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis import failures
from analysis.figures import memory
from analysis.outcomes import goodput
from analysis.outcomes.causes import MOST_FAILED
from analysis.outcomes.limits_hit import LimitHit
from analysis.outcomes.lower_bounds import END, side_of, time_of
from analysis.records.run import Run
from analysis.report.server_points import (
    COST,
    OVER_BOUND,
    OVER_FAILED,
    RATE,
    TAIL,
    failing_often,
)
from analysis.selection.sweeps import IDLE
from analysis.selection.trials import at, plain
from analysis.statistics.extremes import widening
from analysis.wording import (
    TIMES,
    at_least,
    at_most,
    count,
    known,
    number,
    plural,
    server_name,
    share,
    size,
    with_ends,
)

KEPT, LOST = 0.8, 0.5
"""Shares of its own rate beside idle connections: keeping KEPT speaks for a server, falling below
LOST against it."""
SIGNS = {"at least ": at_least, "at most ": at_most}
DEARER = 1.5
LONGER = 3.0
EACH_DEAR = 10 * 1024
"""Bytes that a connection may add before memory speaks against a server."""


def strengths(run: Run, mine: pd.DataFrame, server: str, reference: str) -> list[str]:
    """What speaks for the server on this machine."""
    sentences = []
    kept = _kept(mine, failures_end_it=True)
    if kept and kept.share >= KEPT and kept.side in ("", "at least "):
        sentences.append(
            f"Idle connections cost it little: beside {count(kept.idle)} of them it keeps "
            f"{kept.side}{share(kept.share)} of its rate."
        )
    sound = mine[~failing_often(mine) & ~mine[OVER_FAILED]]
    cost, rate = (widest(sound[~_has_bound(sound, name)], name) for name in (COST, RATE))
    cheaper = cost[cost[f"{COST}_ratio_high"] < 1]
    if server != reference and len(cheaper):
        best = cheaper.sort_values(f"{COST}_ratio").iloc[0]
        sentences.append(
            f"A request costs it less CPU than {server_name(reference)} in "
            f"{plural(len(cheaper), 'setting')}: {ratio(best, COST)} the time "
            f"({best['settings']})."
        )
    faster = rate[rate[f"{RATE}_ratio_low"] > 1]
    if server != reference and len(faster):
        best = faster.sort_values(f"{RATE}_ratio").iloc[-1]
        sentences.append(
            f"It answers more than {server_name(reference)} in {plural(len(faster), 'setting')}: "
            f"{ratio(best, RATE)} the rate ({best['settings']})."
        )
    each = _memory(run, server)
    if (
        each
        and each.bytes <= EACH_DEAR
        and not failing_often(mine[mine["idle"] == each.idle]).any()
    ):
        sentences.append(f"A connection adds {size(each.bytes)} to its memory.")
    return sentences


def weaknesses(
    run: Run, mine: pd.DataFrame, server: str, reference: str, limits: list[LimitHit]
) -> list[str]:
    """What speaks against the server on this machine."""
    sentences = [
        f"It stops at {count(hit.held) if known(hit.held) else 'a number of'} of "
        f"{count(hit.asked)} {hit.of}: {hit.limit}."
        for hit in limits
    ]
    sentences += failures.of_server(at(plain(run), server=server))
    sentences += _unanswered(mine)
    kept = _kept(mine)
    if kept and kept.share < LOST and kept.side in ("", "at most "):
        sentences.append(
            f"Idle connections slow it down: beside {count(kept.idle)} of them it keeps "
            f"{kept.side}{share(kept.share)} of its rate."
        )
    cost = widest(mine[~mine[OVER_FAILED] & ~mine[f"{COST}{OVER_BOUND}"]], COST)
    dearer = cost[cost[f"{COST}_ratio_low"] > DEARER]
    if server != reference and len(dearer):
        worst = dearer.sort_values(f"{COST}_ratio").iloc[-1]
        sentences.append(
            f"A request costs it up to {ratio(worst, COST)} the CPU time of "
            f"{server_name(reference)} ({worst['settings']})."
        )
    sentences += _tail(mine, reference)
    each = _memory(run, server)
    if each and each.bytes > EACH_DEAR:
        sentences.append(f"A connection adds {size(each.bytes)} to its memory.")
    return sentences


def _unanswered(mine: pd.DataFrame) -> list[str]:
    """The settings with most errors, and with most requests that got no answer."""
    sentences = []
    for name, words in goodput.WORDS.items():
        some = mine[mine[name] > goodput.SMALLEST[name]].sort_values(name)
        if len(some):
            worst = some.iloc[-1]
            sentences.append(f"Up to {share(worst[name])} {words} ({worst['settings']}).")
    return sentences


def widest(mine: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The points, with intervals of the metric's ratios that hold for whichever is picked."""
    names = [f"{metric}_ratio_{end}" for end in ("low", "high")]
    ends = np.log(mine[names].where(mine[names] > 0).to_numpy(dtype="float64"))
    measured = int(np.isfinite(ends).all(axis=1).sum())
    factor = widening(mine[f"{metric}_ratio_n"].to_numpy(dtype="float64"), measured)
    middle, half = ends.mean(axis=1), (ends[:, 1] - ends[:, 0]) / 2 * factor
    low, high = np.exp(middle - half), np.exp(middle + half)
    return mine.assign(**dict(zip(names, (low, high), strict=True)))


class RateKept(NamedTuple):
    """The share of its rate that a server keeps beside so many idle connections; `side` says where
    it is a bound."""

    idle: float
    active: int
    share: float
    side: str


def _kept(mine: pd.DataFrame, *, failures_end_it: bool = False) -> RateKept | None:
    """The most idle connections, and the share of its rate without any that the server keeps beside
    them, all else being equal; of several loads, the one with the fewest active connections. With
    `failures_end_it`, loads at which the server failed too often do not count.
    """
    often = mine[goodput.FAILED] > MOST_FAILED
    wanted = mine[(mine["load"] == "keep_alive") & (mine[RATE].notna() | often)]
    kept = []
    if failures_end_it and often[wanted.index].any():
        gone = set(wanted.loc[often[wanted.index], "beside"])
        wanted = wanted[~wanted["beside"].isin(gone)]
    wanted = wanted[wanted[RATE].notna()]
    for _, group in wanted.groupby("beside", sort=True):
        none, most = group[group["idle"] == 0], group[group["idle"] == group["idle"].max()]
        if (none[RATE] > 0).any() and most["idle"].iloc[0] > 0:
            beside, alone = most.iloc[0], none.iloc[0]
            side, left = side_of(beside, RATE, alone), float(beside[RATE] / alone[RATE])
            if side is not None:
                kept.append(RateKept(float(beside["idle"]), int(beside["active"]), left, side))
    return max(kept, key=lambda one: (one.idle, -one.active, one.share), default=None)


def _tail(mine: pd.DataFrame, reference: str) -> list[str]:
    """The setting whose 99th percentile is longest beside the reference's, if beyond chance."""
    tails = widest(mine[~mine[f"{TAIL}{OVER_BOUND}"] & ~mine[OVER_FAILED]], TAIL)
    longer = tails[(tails[f"{TAIL}_ratio"] >= LONGER) & (tails[f"{TAIL}_ratio_low"] > 1)]
    if not len(longer):
        return []
    worst = longer.sort_values(f"{TAIL}_ratio").iloc[-1]
    return [
        f"Its 99th percentile is {time_of(worst, TAIL)}, {ratio(worst, TAIL)} that of "
        f"{server_name(reference)} ({worst['settings']})."
    ]


class Each(NamedTuple):
    """What a connection adds to a server's memory, in bytes, beside so many idle ones."""

    idle: int
    bytes: float


def _memory(run: Run, server: str) -> Each | None:
    """At the most idle connections at which it is known."""
    table = memory.table(run)
    if memory.EACH not in table:
        return None
    mine = table[(table["server"] == server) & table[memory.EACH].notna()]
    if not len(mine):
        return None
    last = mine.sort_values(IDLE).iloc[-1]
    return Each(int(last[IDLE]), float(last[memory.EACH]))


def ratio(one: pd.Series[float], metric: str) -> str:
    """A ratio to the reference with its interval, '0.87x (0.85 to 0.90)', or with ≥ or ≤ where one
    of both is a bound; '' where it was not measured, or both are."""
    name = f"{metric}_ratio"
    side = side_of(one, metric, {f"{metric}{END}": one[f"{metric}{OVER_BOUND}"]})
    if not known(one[name]) or side is None:
        return ""
    text = f"{number(one[name])}{TIMES}"
    if side:
        return SIGNS[side](text)
    return with_ends(text, one[f"{name}_low"], one[f"{name}_high"])


def _has_bound(mine: pd.DataFrame, metric: str) -> pd.Series[bool]:
    """Where the figure of the server, or that of the reference, is a bound."""
    return mine[f"{metric}{END}"] | mine[f"{metric}{OVER_BOUND}"]
