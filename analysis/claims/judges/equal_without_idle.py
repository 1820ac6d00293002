"""Do other servers match one when every connection is active?

The published range of active connections is judged at the points inside it; where
a run has none, at the nearest one on each side, which all have to hold. A rate
that the load generator bounds cannot tell servers apart, so where it did, CPU time
per request has to be within the bound as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.claims.judgement import Judgement, NotRunError, Part, Word, most_telling
from analysis.claims.judges._evidence import evidence, generator_bound, tried
from analysis.claims.strict import Strict, Text
from analysis.selection.pairs import at, lost_blocks, nothing_idle, paired_ratio
from analysis.wording import count, listed, number, server_name

if TYPE_CHECKING:
    import pandas as pd

    from analysis.claims.claim import Claim
    from analysis.records.run import Run

NAME = "equal_without_idle"


class Parameters(Strict):
    """What the claim gives this judge."""

    servers: list[Text]
    against: Text
    active_from: int
    active_to: int


def judge(claim: Claim, run: Run) -> Judgement:
    """For each server and number of active connections: its rate over the
    other's, and its requests per CPU second over the other's."""
    other = claim.parameters["against"]
    first, last = claim.parameters["active_from"], claim.parameters["active_to"]
    trials = nothing_idle(run)
    levels = chosen_levels(trials, other, first, last)
    parts: list[Part] = []
    limited = False
    for server in claim.parameters["servers"]:
        for active in levels:
            mine = evidence(trials, server=server, active_connections=active)
            theirs = evidence(trials, server=other, active_connections=active)
            stood_on = tuple(
                tried(trials, "requests_per_s", server=name, active_connections=active)
                for name in (server, other)
            )
            bounded = generator_bound(mine, theirs)
            limited |= bounded
            label = f"{server_name(server)} at {count(active)}"
            edges = (claim.bound.min, claim.bound.max)
            rate = paired_ratio(mine, theirs, "requests_per_s")
            work = paired_ratio(theirs, mine, "server_cpu_us_per_request")
            for what, ratio, decides in (("", rate, True), ("CPU ", work, bounded)):
                name = f"{label}, requests per {what}second"
                parts.append(
                    Part(
                        *(name, ratio, "x", *edges),
                        decides=decides,
                        tried=stood_on,
                        lost=lost_blocks(mine, theirs, "requests_per_s"),
                    )
                )
    return Judgement(tuple(parts), _sentence(parts, other, levels, limited), most_telling(parts))


def chosen_levels(trials: pd.DataFrame, server: str, first: int, last: int) -> list[int]:
    """The numbers of active connections to judge at; NotRunError if there are none."""
    levels = sorted(
        int(level) for level in at(trials, server=server)["active_connections"].unique()
    )
    inside = [level for level in levels if first <= level <= last]
    if inside:
        return inside
    below = [level for level in levels if level < first][-1:]
    above = [level for level in levels if level > last][:1]
    if not below or not above:
        raise NotRunError(
            f"no trial of this run has {count(first)} to {count(last)} active connections, "
            "nor one on each side"
        )
    return below + above


def _sentence(parts: list[Part], other: str, levels: list[int], limited: bool) -> str:
    rates, works = parts[::2], parts[1::2]
    at_levels = listed([count(level) for level in levels])
    sentence = (
        f"With no idle connections and {at_levels} active ones, the others answered "
        f"{_range(rates)} times as many requests a second as {server_name(other)}, and "
        f"{_range(works)} times as many per second of server CPU."
    )
    if limited:
        sentence += (
            " The load generator was the bottleneck in some of these trials, where rates look "
            "equal whatever the servers do; there the CPU figure has to be within the bound too."
        )
    outside = [part.label for part in parts if part.decides and part.verdict is Word.REFUTED]
    if outside:
        sentence += f" Outside the bound: {listed(outside)}."
    return sentence


def _range(parts: list[Part]) -> str:
    values = sorted(part.estimate.value for part in parts)
    low, high = number(values[0]), number(values[-1])
    return low if low == high else f"{low} to {high}"
