"""Figures that are bounds: what had not ended as windows closed may have kept times low.

The median of some repeats is one where half of them or more are. Where clients were starved, the
others are served the better: times and costs are of those alone, and so is the rate, which is at
most so much. With such a trial among them the median is a bound. What a server that was told to end
had not answered as the load ended may be lost too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Numbers
from analysis.outcomes import goodput
from analysis.records.run import Run, remembered
from analysis.records.words import starved
from analysis.wording import (
    MISSING,
    at_least,
    at_most,
    duration,
    listed,
    number,
    plural,
    server_name,
    share,
)
from contract.columns import NAMES

Row: TypeAlias = "Mapping[str, Any] | pd.Series[Any]"

END = "_bounded"
"""End of the name of a column that says which cells of the one before are bounds."""
UPPER = ("requests_per_s",)
"""Columns whose bounds are upper ones."""
TIMES = tuple(name for name in NAMES if re.fullmatch(r"(first_)?response_\w+_us", name))
OF_THE_STOP = ("stop_had_lost", "stop_came_lost", "stop_response_max_us")
"""Columns that leave out what was under way as the load ended."""
OF_THE_SERVED = (*TIMES, "server_cpu_us_per_request", *UPPER)
"""Columns that are of those who were served alone."""
BOUNDS = {
    (False, False): "",
    (False, True): "≥ ",
    (True, False): "≤ ",
    (True, True): "unknown, of lower bounds ",
}
UNKNOWN_TIMES = "an unknown number of times"
HALF = 0.5
SHOWN_SERVERS = 4


@remembered
def bounded(run: Run) -> dict[str, Flags]:
    """By column, the trials that count and whose value is a bound; no others are there."""
    found = {**recorded(run), **of_the_stopped(run)}
    for name, held in of_the_served(run).items():
        values = run.trials[name].to_numpy(dtype="float64", na_value=np.nan)
        known = held & (values > 0)
        if known.any():
            found[name] = found.get(name, np.zeros(len(held), dtype=bool)) | known
    return found


@remembered
def recorded(run: Run) -> dict[str, Flags]:
    """Those that the runner found, as requests had no answer: lower bounds all."""
    texts = run.trials["lower_bounds"]
    valid = run.trials["valid"].to_numpy(dtype=bool)
    codes = texts.cat.codes.to_numpy()
    found: dict[str, Flags] = {}
    for place, text in enumerate(texts.cat.categories):
        held = (codes == place) & valid
        for name in str(text).split() if held.any() else ():
            found[name] = found.get(name, np.zeros(len(valid), dtype=bool)) | held
    return found


@remembered
def of_the_stopped(run: Run) -> dict[str, Flags]:
    """By column, the trials whose load ended before a server that was told to end had answered all
    that it was sent."""
    valid = run.trials["valid"].to_numpy(dtype=bool)
    held = valid & (run.trials["stop_under_way"] > 0).to_numpy(dtype=bool, na_value=False)
    return dict.fromkeys(OF_THE_STOP, held) if held.any() else {}


@remembered
def of_the_served(run: Run) -> dict[str, Flags]:
    """By column, the trials that starved their clients, whose value is of the others alone, or that
    have none as there were none. A rate of nought is one of all."""
    hungry = starved(run.trials) & run.trials["valid"].to_numpy(dtype=bool)
    if not hungry.any():
        return {}
    some = hungry & (run.trials["requests"] > 0).to_numpy(dtype=bool, na_value=False)
    return {name: some if name in UPPER else hungry for name in OF_THE_SERVED}


def medians_bounded(
    run: Run, name: str, groups: Numbers, count: int, rows: Numbers | slice = slice(None)
) -> Flags:
    """Groups in which the median of a column is a bound, given the group, or -1, of each of these
    rows of the run."""
    inside = groups >= 0

    def counted(flags: Flags) -> Numbers:
        return np.bincount(groups[inside & flags[rows]], minlength=count)

    nothing = np.zeros(len(run.trials), dtype=bool)
    bound = counted(recorded(run).get(name, nothing))
    half = HALF * np.bincount(groups[inside], minlength=count)
    # Whoever is served alone is served the better: one such trial is enough.
    alone = counted(of_the_served(run).get(name, nothing))
    return ((bound > 0) & (bound >= half)) | (alone > 0)


def marked(table: pd.DataFrame, metric: str) -> Flags:
    """The rows of a table in which the metric is a bound."""
    name = f"{metric}{END}"
    found: Flags = np.zeros(len(table), dtype=bool)
    return table[name].to_numpy(dtype=bool) if name in table else found


def sign(metric: str, written: str) -> str:
    """The text of a figure that is a bound."""
    return at_most(written) if metric in UPPER else at_least(written)


def figure_of(row: Row, metric: str, write: Callable[[float], str]) -> str:
    """A figure of a table's row for a sentence, with ≥ or ≤ where it is a bound."""
    written = write(row[metric])
    return sign(metric, written) if is_bound(row, metric) else written


def time_of(row: Row, metric: str) -> str:
    """The same of a time."""
    return figure_of(row, metric, duration)


def times(row: Row, metric: str, over: Row, other: str = "") -> str:
    """How many times as much as the metric `other` (default: the same) of another row: '3.1 times',
    'at least 3.1 times', and no number where both are bounds."""
    other = other or metric
    words = side_of(row, metric, over, other)
    if words is None:
        return UNKNOWN_TIMES
    return f"{words}{number(float(row[metric]) / float(over[other]))} times"


def side_of(row: Row, metric: str, over: Row, other: str = "") -> str | None:
    """What stands before the ratio of such figures: 'at least ' where the first may be larger or
    the second smaller, 'at most ' the other way round, '' where both are known; None where it may
    be any."""
    ends = is_bound(row, metric), is_bound(over, other or metric)
    if all(ends):
        return None
    above, below = reversed(ends) if metric in UPPER else ends
    return "at least " if above else "at most " if below else ""


def of_bounds(ratio: str, *, in_first: bool, in_second: bool) -> str:
    """The text of a ratio of a second run's times to those of a first one, given which are lower
    bounds: '≥ 0.95'; a missing ratio is none."""
    return ratio if ratio == MISSING else f"{BOUNDS[in_first, in_second]}{ratio}"


def is_bound(row: Row, metric: str) -> bool:
    """Whether a metric of a table's row is one."""
    return bool(row.get(f"{metric}{END}", False))


def doubts(run: Run) -> list[str]:
    """What of this a reader of the run has to know, and of requests that failed."""
    return [*_unanswered(run), *_failed(run.trials)]


def _unanswered(run: Run) -> list[str]:
    flags = [one for name, one in recorded(run).items() if name.startswith("response_")]
    held = np.logical_or.reduce(flags) if flags else np.zeros(len(run.trials), dtype=bool)
    if not held.any():
        return []
    return [
        f"in {plural(int(held.sum()), 'trial')} that count requests had no answer as the window "
        f"closed ({_servers(run.trials[held])}): their ages are among the response times, and what "
        "they may have kept low is told as at least (≥) so much"
    ]


def _failed(trials: pd.DataFrame) -> list[str]:
    failed = goodput.failed_attempts(trials)
    held = (trials["valid"] & (trials["errors"].fillna(0) > 0)).to_numpy(dtype=bool)
    if not held.any():
        return []
    answered = trials["requests"].to_numpy(dtype="float64", na_value=0)
    shares = failed[held] / (answered + failed)[held]
    return [
        f"in {plural(int(held.sum()), 'trial')} that count requests failed, up to "
        f"{share(float(shares.max()))} of them ({_servers(trials[held])}): rates are of the right "
        "answers alone, and times are theirs"
    ]


def _servers(trials: pd.DataFrame) -> str:
    counts = trials["server"].astype(str).value_counts()
    told = [f"{server_name(str(one))} {times:,}" for one, times in counts.items()]
    rest = len(told) - SHOWN_SERVERS
    return listed([*told[:SHOWN_SERVERS], f"{rest} more"] if rest > 0 else told)
