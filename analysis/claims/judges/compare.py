"""Figures of trials compared as the claim itself says: see analysis/claims/rules.py.

A rate that the load generator bounds is the generator's, and equal whatever the servers do.
Where that happened in a closed loop, the requests per second of server CPU decide in the
rate's place, and the rate is shown beside them; for a part that says `saturated`, wherever it
was not the server that was the bottleneck.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.claims.figures import Measured, measured
from analysis.claims.judgement import Judgement, Part, most_telling
from analysis.claims.judges._evidence import generator_bound
from analysis.claims.rules import Comparison, Rule
from analysis.wording import with_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from analysis.claims.claim import Claim
    from analysis.records.run import Run

NAME = "compare"
Parameters = Comparison
RATE, WORK = "requests_per_s", "1e6 / server_cpu_us_per_request"
BOTTLENECK = (
    "The server was not the bottleneck in all of these trials, and a rate that something else "
    "bounds looks equal whatever the servers do: the requests per second of server CPU decide."
)


def judge(claim: Claim, run: Run) -> Judgement:
    """Every part of the claim, and its sentence with the figures in it."""
    asked = Comparison.model_validate(claim.parameters)
    parts: list[Part] = []
    values: dict[str, str] = {}
    limited = False
    for name, rule in asked.parts.items():
        seen = measured(run, asked.settings, rule)
        found = _part(claim, rule, seen)
        values[name] = with_unit(found.estimate.value, found.unit)
        if not (rule.decides and _hides(seen.frames, rule)):
            parts.append(found)
            continue
        limited = True
        work = rule.model_copy(update={"figure": WORK, "label": f"{rule.label}, per CPU second"})
        parts += [
            _part(claim, rule, seen, decides=False),
            _part(claim, work, measured(run, asked.settings, work)),
        ]
        values[name] += f" ({with_unit(parts[-1].estimate.value, rule.unit)} per CPU second)"
    sentence = asked.sentence.format_map(values)
    if limited:
        sentence = f"{sentence} {BOTTLENECK}"
    return Judgement(tuple(parts), sentence, most_telling(parts), values)


def _part(claim: Claim, rule: Rule, seen: Measured, *, decides: bool = True) -> Part:
    low, high = rule.min, rule.max
    if rule.decides and low is None and high is None:
        low, high = claim.bound.min, claim.bound.max
    return Part(
        rule.label,
        seen.estimate,
        rule.unit,
        low,
        high,
        decides=rule.decides and decides,
        tried=seen.tried,
        lost=seen.lost,
        rises=seen.rises,
        falls=seen.falls,
    )


def _hides(frames: Sequence[pd.DataFrame], rule: Rule) -> bool:
    """Whether the figure is a ratio of rates that something else than the servers bounded."""
    if rule.figure != RATE or (rule.over is None and rule.among is None):
        return False
    closed = all(frame["rate_per_s"].isna().all() for frame in frames)
    if rule.saturated and any((frame["validity"] != "server_bound").any() for frame in frames):
        return closed
    return closed and generator_bound(*frames)
