"""Does a short backlog cost the unlucky a second, and a long one nothing?

The tail piles up at whole seconds (a lost SYN is sent again), so nothing is assumed
of its distribution: all trials below are taken together, and the interval of their
median lies between two of the values themselves (`order_interval`). A tail that is a lower bound
may be any longer one: it shows a second that it reaches, and none that it stays under.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from pydantic import Field

from analysis.arrays import Flags
from analysis.claims.evidence import basis_at, evidence, without_silent
from analysis.claims.first_look import first_look
from analysis.claims.judge import Judge
from analysis.claims.judgement import (
    REPEATS_NEEDED,
    Judgement,
    Part,
    Word,
    most_telling,
    of_trials,
)
from analysis.claims.schema import Bound, Strict, Text
from analysis.outcomes.causes import MOST_FAILED
from analysis.outcomes.error_tails import with_error_tails
from analysis.records.run import Run
from analysis.selection.trials import NotRunError, at, per_request
from analysis.statistics.blocks import by_block, paired_ratio
from analysis.statistics.estimates import Estimate, order_interval
from analysis.statistics.looks import tail
from analysis.wording import at_least, count, duration, number, plural, server_name

TAIL = "response_p999_us"
STEADY, LONGER = 0.9, 2.0
"""A throughput and a median that keep so much hide a tail that is so many times as long."""


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text = Field(description="whose backlog is short")
    active_connections: int = Field(description="clients, each with a connection per request")
    below: int = Field(description="backlogs below this have to show the tail")
    none_from: int = Field(description="backlogs from here must not")
    tail_s: float = Field(description="the tail, in seconds")


def judge(asked: Parameters, bound: Bound, run: Run) -> Judgement:
    """p99.9 and ListenDrops below and above, and what the throughput showed."""
    settings = {"server": asked.server, "active_connections": asked.active_connections}
    trials = at(per_request(run), **settings)
    trials = without_silent(trials, trials[TAIL])
    valid = evidence(trials, **settings)
    valid = valid[valid["listen_drops"].notna()]
    if not len(valid):
        raise NotRunError("no trial has counted the SYNs that were dropped")
    short = valid[valid["backlog"] < asked.below]
    long = valid[valid["backlog"] >= asked.none_from]
    low = with_error_tails(run).get(TAIL, np.zeros(len(run.trials), dtype=bool))
    basis = {
        backlog: replace(
            basis_at(trials, "listen_drops", TAIL, backlog=backlog),
            bounded=int(low[at(trials, backlog=backlog).index].sum()),
        )
        for backlog in sorted(int(backlog) for backlog in trials["backlog"].dropna().unique())
    }
    at_short = tuple(one for backlog, one in basis.items() if backlog < asked.below)
    at_long = tuple(one for backlog, one in basis.items() if backlog >= asked.none_from)
    none_late = (long["listen_drops"] == 0) & (long[TAIL] < asked.tail_s * 1e6)
    below, above = f"below {asked.below}", f"from {asked.none_from}"
    tails = by_block(short, TAIL)
    first = first_look(run, tails)
    few = len(tails) < REPEATS_NEEDED
    parts = (
        Part(
            f"p99.9 of the response time, backlog {below}",
            _seconds(order_interval(short[TAIL], tail(len(tails), first)), first),
            "s",
            bound.min,
            bound.max,
            Word.INCONCLUSIVE if few else None,
            basis=at_short,
            rises=len(short) > 0 and low[short.index].mean() > MOST_FAILED,
        ),
        of_trials(
            f"trials {below} with dropped SYNs",
            int((short["listen_drops"] > 0).sum()),
            len(short),
            at_short,
            enough=not few,
        ),
        # A tail under so long that is a lower bound may be any longer one: nobody knows.
        of_trials(
            f"trials {above} with none, and p99.9 under {number(asked.tail_s)} s",
            int((none_late & ~low[long.index]).sum()),
            len(long),
            at_long,
            enough=long["block"].nunique() >= REPEATS_NEEDED,
            possible=int(none_late.sum()),
        ),
    )
    return Judgement(parts, _sentence(asked.server, short, long, low), most_telling(parts))


def _seconds(found: Estimate, first: int) -> Estimate:
    ends = (found.low / 1e6, found.high / 1e6)
    return Estimate(found.value / 1e6, *ends, found.n, found.method, first=first)


def _sentence(server: str, short: pd.DataFrame, long: pd.DataFrame, low: Flags) -> str:
    if not len(short) or not len(long):
        return "The run needs valid trials with a short and with a long backlog to tell."
    least = at(short, backlog=int(short["backlog"].min()))
    ratio = paired_ratio(least, long, "requests_per_s")
    shift = paired_ratio(least, long, "response_p50_us")
    dropped = int((short["listen_drops"] > 0).sum())
    figures = (
        f"{number(ratio.value)} times that of the long one, and the median response time "
        f"{number(shift.value)} times"
    )
    backlog = f"a backlog of {count(least['backlog'].iloc[0])}"
    tail = short[TAIL].median() > LONGER * long[TAIL].median()
    if tail and ratio.value >= STEADY and shift.value * STEADY <= 1:
        throughput = (
            f"Throughput hides it: with {backlog} it was {figures}, because clients that wait send "
            "nothing (coordinated omission)."
        )
    else:
        throughput = f"With {backlog} throughput was {figures}."
    return (
        f"With a short backlog one request in a thousand to the {server_name(server)} server "
        f"took {_written(short, low)} or more (SYNs were dropped in {dropped} of "
        f"{plural(len(short), 'trial')}), with a long one {_written(long, low)}. {throughput}"
    )


def _written(trials: pd.DataFrame, low: Flags) -> str:
    """The median tail of some trials."""
    text = duration(trials[TAIL].median())
    return at_least(text) if low[trials.index].any() else text


JUDGE = Judge("backlog_tail", Parameters, judge)
