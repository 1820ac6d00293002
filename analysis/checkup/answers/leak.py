"""Does it leak? What stays of connections that come and go.

The slope of memory over connections is the median of the slopes between all pairs of samples, and
its interval is theirs by Kendall's statistic (P. K. Sen, *Estimates of the regression coefficient
based on Kendall's tau*, J. Am. Stat. Assoc. 63, 1968): a step that an allocator makes once does not
move it. The first third of the samples is left out, in which a fresh server fills its pools.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import median

from analysis.checkup.answer import Answer, Row, ServerRows, Value, untold
from analysis.outcomes.causes import MOST_FAILED
from analysis.wording import count, number, share, size
from contract.checkup.description import LEAK
from contract.outcomes import MEASURED
from contract.probe_question import OF_WINDOW
from contract.result.server_side import ProbeSample

NORMAL = 1.96
FIRST = 1 / 3
TOO_FEW = "too few samples were taken"
LEAST = 6
"""Samples; fewer have no interval."""
MANY = 1_000
BY_CHANCE = 3.0
"""Standard deviations of a number of arrivals."""


def slope(points: Sequence[tuple[float, float]]) -> tuple[float, float, float] | None:
    """Slope of y over x: the median and the ends of its 95% interval; None of too few points."""
    amount = len(points)
    slopes = sorted(
        (after[1] - before[1]) / (after[0] - before[0])
        for before, after in combinations(points, 2)
        if after[0] != before[0]
    )
    if amount < LEAST or not slopes:
        return None
    reach = NORMAL * math.sqrt(amount * (amount - 1) * (2 * amount + 5) / 18)
    low = max(0, math.floor((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2))
    return median(slopes), slopes[low], slopes[high]


def answer(asked: ServerRows) -> Answer:
    """In words, with what stays of a connection."""
    rows = asked.of(LEAK)
    row = next((one for one in rows if one["validity"] in MEASURED), None)
    recorded = asked.details(row["trial"]).samples if row else ()
    samples = [one for one in recorded if one.label in OF_WINDOW]
    if row is None or len(samples) < LEAST:
        return untold(asked, LEAK, rows, TOO_FEW if row else "it was not asked")
    if few := _too_few(row):
        of_the_load = row["validity"] == "generator_bound"
        return Answer(LEAK, asked.server, few, "not known", failed=not of_the_load)
    memory = slope(_over_connections(row, samples, "rss_bytes"))
    open_ones = slope(_over_connections(row, samples, "fds"))
    if memory is None:
        return untold(asked, LEAK, rows, TOO_FEW)
    figures = {"leak_bytes": _stays(memory, 1)}
    if open_ones:
        figures["leak_fds"] = _stays(open_ones, MANY)
    came = count(row["requests"])
    if figures["leak_bytes"].value > 0:
        words = (
            f"Of {came} connections that came and went, {size(memory[0])} of memory stay for each "
            f"({size(memory[1])} to {size(memory[2])})"
        )
    else:
        words = f"{came} connections came and went; its memory does not grow with them"
        words += f", or by at most {size(memory[2])} for each" if memory[2] > 0 else ""
    if open_ones is None:
        words += "; how many descriptors it has open could not be read"
    elif figures["leak_fds"].value > 0:
        words += f"; of 1,000, {number(open_ones[0] * MANY, 2)} descriptors stay open"
    short = f"{size(figures['leak_bytes'].value)} a connection"
    return Answer(LEAK, asked.server, f"{words}.", short, figures)


def _stays(slope: tuple[float, float, float], of: int) -> Value:
    """What stays of so many connections: the lower end of the interval, by which a server is
    marked. A threshold is kept only if the upper end keeps it, too."""
    _, low, high = (max(0.0, one * of) for one in slope)
    return Value(low, low, high, bounded=True)


def _too_few(row: Row) -> str:
    """Why what did not grow says nothing: most of what was to come and go was not served; '' where
    enough was, but for chance."""
    wanted, came = row["rate_per_s"] * row["window_s"], row["requests"]
    if came >= (1 - MOST_FAILED) * wanted - BY_CHANCE * math.sqrt(wanted):
        return ""
    errors = f"; {share(row['error_share'])} failed: {row['error_kinds']}" if row["errors"] else ""
    return f"Not known: of {count(wanted)} connections {count(came)} were served{errors}."


def _over_connections(
    row: Row, samples: Sequence[ProbeSample], name: str
) -> list[tuple[float, float]]:
    """The samples after the first, each by how many connections had come by then; without those
    in which it could not be read."""
    began, rate = samples[0].at_ns, row["requests_per_s"]
    later = samples[math.ceil(len(samples) * FIRST) :]
    return [
        ((one.at_ns - began) / 1e9 * rate, float(value))
        for one in later
        if (value := getattr(one, name))
    ]
