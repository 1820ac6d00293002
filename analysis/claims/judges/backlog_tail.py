"""Does a short backlog cost the unlucky a second, and a long one nothing?

The tail piles up at whole seconds (a lost SYN is sent again), so nothing is assumed
of its distribution: all trials below are taken together, and the interval of their
median lies between two of the values themselves (statistics.order_interval). A tail that is a
lower bound may be any longer one: it shows a second that it reaches, and none that it stays under.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from analysis.claims.judgement import (
    MOST_FAILED,
    REPEATS_NEEDED,
    Judgement,
    NotRunError,
    Part,
    Word,
    most_telling,
)
from analysis.claims.judges._evidence import evidence, tried
from analysis.claims.strict import Strict, Text
from analysis.selection.pairs import at, paired_ratio, per_request
from analysis.statistics.estimates import Estimate, order_interval
from analysis.statistics.lower_bounds import bounded
from analysis.wording import at_least, count, duration, number, plural, server_name

if TYPE_CHECKING:
    import pandas as pd

    from analysis.claims.claim import Claim
    from analysis.outcomes.evidence_lost import Tried
    from analysis.records.run import Run
    from analysis.statistics.lower_bounds import Flags

NAME = "backlog_tail"
TAIL = "response_p999_us"


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text = Field(description="whose backlog is short")
    active_connections: int = Field(description="clients, each with a connection per request")
    below: int = Field(description="backlogs below this have to show the tail")
    none_from: int = Field(description="backlogs from here must not")
    tail_s: float = Field(description="the tail, in seconds")


def judge(claim: Claim, run: Run) -> Judgement:
    """p99.9 and ListenDrops below and above, and what the throughput showed."""
    server = claim.parameters["server"]
    clients = claim.parameters["active_connections"]
    trials = at(per_request(run), server=server, active_connections=clients)
    valid = evidence(trials, server=server, active_connections=clients)
    valid = valid[valid["listen_drops"].notna()]
    if not len(valid):
        raise NotRunError("no trial has counted the SYNs that were dropped")
    first, last = claim.parameters["below"], claim.parameters["none_from"]
    short, long = valid[valid["backlog"] < first], valid[valid["backlog"] >= last]
    low = bounded(run).get(TAIL, np.zeros(len(run.trials), dtype=bool))
    at_short, at_long = _tried(trials, low, upto=first), _tried(trials, low, upto=None, start=last)
    tail_us = claim.parameters["tail_s"] * 1e6
    below, above = f"below {claim.parameters['below']}", f"from {claim.parameters['none_from']}"
    few = short["block"].nunique() < REPEATS_NEEDED
    parts = (
        Part(
            f"p99.9 of the response time, backlog {below}",
            _seconds(order_interval(short[TAIL])),
            "s",
            claim.bound.min,
            claim.bound.max,
            Word.INCONCLUSIVE if few else None,
            tried=at_short,
            rises=len(short) > 0 and low[short.index].mean() > MOST_FAILED,
        ),
        _all_trials(
            f"trials {below} with dropped SYNs", short, short["listen_drops"] > 0, at_short
        ),
        _all_trials(
            f"trials {above} with none, and p99.9 under {number(tail_us / 1e6)} s",
            long,
            (long["listen_drops"] == 0) & (long[TAIL] < tail_us),
            at_long,
            low[long.index],
        ),
    )
    return Judgement(parts, _sentence(server, short, long, low), most_telling(parts))


def _seconds(found: Estimate) -> Estimate:
    return Estimate(found.value / 1e6, found.low / 1e6, found.high / 1e6, found.n, found.method)


def _tried(trials: pd.DataFrame, low: Flags, upto: int | None, start: int = 0) -> tuple[Tried, ...]:
    """By backlog, from `start` and below `upto`; `low` has the trials whose tail is a lower bound,
    of all of the run."""
    backlogs = sorted(int(backlog) for backlog in trials["backlog"].dropna().unique())
    return tuple(
        replace(
            tried(trials, "listen_drops", TAIL, backlog=backlog),
            bounded=int(low[at(trials, backlog=backlog).index].sum()),
        )
        for backlog in backlogs
        if backlog >= start and (upto is None or backlog < upto)
    )


def _all_trials(
    label: str,
    trials: pd.DataFrame,
    holds: pd.Series[bool],
    stood_on: tuple[Tried, ...],
    may_not: Flags | None = None,
) -> Part:
    """All trials, and the part holds; fewer than half, and it is refuted. Of those that `may_not`
    hold, as a time of theirs is a lower bound, nobody knows."""
    seen = holds.fillna(False).to_numpy(dtype=bool)
    kept = seen if may_not is None else seen & ~may_not
    times, n = int(kept.sum()), len(trials)
    found = Estimate(times, times, int(seen.sum()), n, "count")
    word = Word.INCONCLUSIVE
    if trials["block"].nunique() >= REPEATS_NEEDED:
        word = Word.REPRODUCED if times == n else Word.REFUTED if seen.sum() * 2 < n else word
    return Part(label, found, f"of {n} trials", word=word, tried=stood_on)


def _sentence(server: str, short: pd.DataFrame, long: pd.DataFrame, low: Flags) -> str:
    if not len(short) or not len(long):
        return "The run needs valid trials with a short and with a long backlog to tell."
    least = at(short, backlog=int(short["backlog"].min()))
    ratio = paired_ratio(least, long, "requests_per_s")
    shift = paired_ratio(least, long, "response_p50_us")
    dropped = int((short["listen_drops"] > 0).fillna(False).sum())
    return (
        f"With a short backlog one request in a thousand to the {server_name(server)} server "
        f"took {_written(short, low)} or more (SYNs were dropped in {dropped} of "
        f"{plural(len(short), 'trial')}), with a long one {_written(long, low)}. "
        f"Throughput hides it: with a backlog of {count(least['backlog'].iloc[0])} it was "
        f"{number(ratio.value)} times that of the long one, and the median response time "
        f"{number(shift.value)} times, because clients that wait send nothing "
        "(coordinated omission)."
    )


def _written(trials: pd.DataFrame, low: Flags) -> str:
    """The median tail of some trials."""
    text = duration(trials[TAIL].median())
    return at_least(text) if low[trials.index].any() else text
