"""Does one server stop at its descriptor limit, named, while the others go on?

The evidence is the trials that reached a limit: a server that holds fewer connections than were
asked for, and names its limit in its log. Void ones that something else spoiled say nothing.
Another server that failed or starved its clients in more than MOST_FAILED of its trials did not
reach what is asked of it, though one of them did.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from pydantic import Field

from analysis.claims.evidence import basis_at, reasons
from analysis.claims.judge import Judge
from analysis.claims.judgement import (
    REPEATS_NEEDED,
    Judgement,
    NoValidTrialError,
    Part,
    Word,
)
from analysis.claims.schema import Bound, Strict, Text
from analysis.outcomes.basis import basis_of
from analysis.outcomes.causes import MOST_FAILED, spoiled
from analysis.outcomes.limits_hit import held_connections
from analysis.records.run import Run
from analysis.records.words import limit_reached
from analysis.selection.trials import NotRunError, at, keep_alive
from analysis.statistics.estimates import Estimate
from analysis.wording import count, listed, plural, server_name


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text
    limit: Text = Field(description="words that its message has to hold")
    descriptors: int = Field(description="the limit")
    others_reach: int = Field(description="connections that the other servers have to reach")


def judge(asked: Parameters, bound: Bound, run: Run) -> Judgement:
    """Connections held by the server whenever more than its limit were asked for."""
    server, reach = asked.server, asked.others_reach
    trials = keep_alive(run)
    connections = trials["active_connections"] + trials["idle_connections"]
    beyond = at(trials[connections > asked.descriptors], server=server)
    if not len(beyond):
        raise NotRunError(
            f"no trial asks {server_name(server)} for more than "
            f"{count(asked.descriptors)} connections"
        )
    basis = basis_of(beyond, f"{server_name(server)} beyond its limit")
    beyond = beyond[~spoiled(beyond)]
    if not len(beyond):
        raise NoValidTrialError(
            f"all of them were spoiled ({reasons(at(trials, server=server))})", basis.causes
        )
    held, told = _held(asked, bound, beyond)
    held = replace(held, basis=(basis,), about_failure=True)
    others, reached = _others(trials[connections >= reach], server, reach)
    return Judgement((held, others), f"{told} {reached}", held)


def _held(asked: Parameters, bound: Bound, beyond: pd.DataFrame) -> tuple[Part, str]:
    server = server_name(asked.server)
    named = _named(asked, beyond)
    held = held_connections(beyond)
    low, high = bound.min or 0, bound.max or np.inf
    stopped = limit_reached(beyond) & named & held.between(low, high)
    enough = beyond["block"].nunique() >= REPEATS_NEEDED
    if beyond["valid"].any():
        word = Word.REFUTED if enough else Word.INCONCLUSIVE
        told = f"{server} held every connection in {plural(int(beyond['valid'].sum()), 'trial')}."
    elif stopped.all():
        word = Word.REPRODUCED if enough else Word.INCONCLUSIVE
        limit = str(beyond["server_limit"].iloc[0])
        told = (
            f"{server} held {count(held.median())} of "
            f"{count(float((beyond['active_connections'] + beyond['idle_connections']).median()))} "
            f"connections in {plural(len(beyond), 'trial')} and named its limit: {limit}"
        ).rstrip(".") + "."
    else:
        word = Word.INCONCLUSIVE
        told = (
            f"{server} failed beyond its limit, but in {int((~stopped).sum())} of "
            f"{plural(len(beyond), 'trial')} not near it or without naming it "
            f"({reasons(beyond[~stopped])})."
        )
    values = held.dropna()
    lowest, highest = (values.min(), values.max()) if len(values) else (np.nan, np.nan)
    found = Estimate(float(held.median()), float(lowest), float(highest), len(beyond), "range")
    label = f"connections held by {server}"
    return Part(label, found, "connections", bound.min, bound.max, word), told


def _named(asked: Parameters, beyond: pd.DataFrame) -> pd.Series[bool]:
    """Which of the trials name the limit."""
    limits = beyond["server_limit"].astype("string")
    named = limits.str.contains(asked.limit, regex=False)
    return named.fillna(False).astype(bool)


def _others(trials: pd.DataFrame, server: str, reach: int) -> tuple[Part, str]:
    others = trials[trials["server"] != server]
    servers = sorted(str(name) for name in others["server"].unique())
    mine = {name: basis_at(others, server=name) for name in servers}
    arrived = [
        name
        for name, one in mine.items()
        if one.causes.valid and one.causes.by_server <= MOST_FAILED * one.causes.counted
    ]
    label = f"servers that reach {count(reach)}"
    found = Estimate(len(arrived), len(arrived), len(arrived), len(others), "count")
    missing = [server_name(name) for name in servers if name not in arrived]
    if not servers:
        told = f"No other server was asked for {count(reach)}."
        return Part(label, found, "", word=Word.INCONCLUSIVE), told
    names = listed([server_name(name) for name in arrived])
    told = f"{names} reached {count(reach)}." if arrived else ""
    if missing:
        told += f" {listed(missing)} did not, or not always."
    word = Word.INCONCLUSIVE if missing else Word.REPRODUCED
    part = Part(label, found, "", word=word, basis=tuple(mine.values()), about_failure=True)
    return part, told.strip()


JUDGE = Judge("descriptor_limit", Parameters, judge)
