"""What each server did in each run of a trend, beside the first run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Objects
from analysis.compare.log_ratios import absent, logarithms, lower_bounds
from analysis.compare.matching import KEY, points
from analysis.outcomes import goodput
from analysis.outcomes.causes import MOST_FAILED, causes
from analysis.records.run import Run, remembered
from analysis.statistics.estimates import beside

SHOWN = ("requests_per_s", "server_cpu_us_per_request", "response_p99_us")


class NotInRatios(NamedTuple):
    """What the ratios of a server in a run leave out: the trials that it failed of those counted,
    its shares of errors and of missing answers."""

    failed: int
    counted: int
    error_share: float
    unanswered_share: float


class TrendFigure(NamedTuple):
    """A metric of a server in a run: a row of a trend's figures."""

    run: str
    server: str
    metric: str  # of SHOWN
    ratio: float  # to the first run
    low: float  # the 95% interval of the ratio; the first run has none
    high: float
    blocks: int
    points: int
    failed: int
    counted: int
    error_share: float
    unanswered_share: float
    low_base: bool  # whether times of the first run are lower bounds
    low_here: bool  # whether times of this one are
    absent: float  # share of trials that were measured, or lost to the lab, without the metric


def trend_figures(runs: Sequence[Run], keys: list[str]) -> pd.DataFrame:
    """A row per run, server and metric, of the points with these keys, which every run has
    measured."""
    return pd.DataFrame(_rows(runs, keys), columns=TrendFigure._fields)


def rows_of(figures: pd.DataFrame) -> Iterator[TrendFigure]:
    """The rows of such a frame."""
    return (TrendFigure(*row) for row in figures.itertuples(index=False, name=None))


def _rows(runs: Sequence[Run], keys: list[str]) -> Iterator[TrendFigure]:
    servers = points(runs[0]).table["server"].astype(str)
    first = logarithms(runs[0]).groupby(level=KEY).mean()
    low_base, lacking_base = _low(runs[0], keys), _absent(runs[0], runs[0], keys)
    base: dict[str, pd.DataFrame] = {}
    for run in runs:
        aside, low_here = not_in_ratios(run), _low(run, keys)
        lacking = _absent(run, runs[0], keys)
        logs = logarithms(run)
        logs = logs[logs.index.get_level_values(KEY).isin(keys)]
        key = logs.index.get_level_values(KEY)
        change = logs - first.reindex(key).to_numpy()
        for name, mine in change.groupby(servers.reindex(key).to_numpy()):
            server, blocks = str(name), mine.groupby(level="block").mean()
            base_blocks = base.setdefault(server, blocks)
            many = mine.index.get_level_values(KEY).nunique()
            for metric in SHOWN:
                found = beside(blocks[metric].to_numpy(), base_blocks[metric].to_numpy())
                low, low_now = (
                    bool(flags[metric].get(server, False)) for flags in (low_base, low_here)
                )
                ends, missing = (np.nan, np.nan), float(lacking[metric][server])
                survivors = max(missing, float(lacking_base[metric][server])) > MOST_FAILED
                if base_blocks is not blocks and found.bounded and not survivors:
                    ends = (0.0 if low else found.low, np.inf if low_now else found.high)
                yield TrendFigure(
                    *(run.path.name, server, metric, found.value, *ends, found.n, many),
                    *aside[server],
                    low,
                    low_now,
                    missing,
                )


@remembered
def not_in_ratios(run: Run) -> dict[str, NotInRatios]:
    """By server."""
    found = {}
    for server, trials in run.trials.groupby(run.trials["server"].astype(str)):
        became, shares = causes(trials), goodput.of_all(trials)
        found[str(server)] = NotInRatios(
            became.by_server, became.counted, shares[goodput.ERRORS], shares[goodput.UNANSWERED]
        )
    return found


def _absent(run: Run, first: Run, keys: list[str]) -> pd.DataFrame:
    """By server and metric: the mean share of trials that have none, of those of these points that
    have any in the first run; NaN where none has."""
    lacking, at_first = (absent(one).reindex(keys) for one in (run, first))
    return lacking.where(at_first < 1).groupby(_servers(run, keys)).mean()


def _low(run: Run, keys: list[str]) -> pd.DataFrame:
    """By server and metric: whether it is a lower bound in any trial of these points."""
    return (lower_bounds(run).reindex(keys) > 0).groupby(_servers(run, keys)).any()


def _servers(run: Run, keys: list[str]) -> Objects:
    found: Objects = points(run).table["server"].reindex(keys).astype(str).to_numpy()
    return found
