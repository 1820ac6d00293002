"""What each server did in each run of a trend, beside the first run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Objects
from analysis.compare.log_ratios import absent, logarithms, lower_bounds, too_few_left
from analysis.compare.matching import KEY, points
from analysis.outcomes import goodput
from analysis.outcomes.causes import MOST_FAILED, causes
from analysis.records.run import Run, remembered
from analysis.selection.trials import untraced
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
    points: int  # that have the metric in both runs
    failed: int
    counted: int
    error_share: float
    unanswered_share: float
    low_base: bool  # whether times of the first run are lower bounds
    low_here: bool  # whether times of this one are
    absent: float  # share of trials that were measured, or lost to the lab, without the metric
    mostly_void: int  # points of which most trials say nothing of the server


def trend_figures(runs: Sequence[Run], keys: list[str]) -> pd.DataFrame:
    """A row per run, server and metric, of the points with these keys, which every run has
    measured."""
    return pd.DataFrame(_rows(runs, keys), columns=TrendFigure._fields)


def rows_of(figures: pd.DataFrame) -> Iterator[TrendFigure]:
    """The rows of such a frame."""
    return (TrendFigure(*row) for row in figures.itertuples(index=False, name=None))


def _rows(runs: Sequence[Run], keys: list[str]) -> Iterator[TrendFigure]:
    every = {run.path.name: _side(run, runs, keys) for run in runs}
    base = every[runs[0].path.name]
    for name, side in every.items():
        for server in side.logs:
            for metric in SHOWN:
                yield _row(name, server, metric, side, base)


class _Side(NamedTuple):
    """A run of a trend, by server: the logarithms of its metrics, as `logarithms` has them, what is
    not in them, and by metric whether any is a lower bound, which share is absent, and whether more
    of any point is than others can stand for; how many points are void for the most part."""

    logs: dict[str, pd.DataFrame]
    aside: dict[str, NotInRatios]
    low: pd.DataFrame
    absent: dict[str, pd.Series[float]]
    survivors: pd.DataFrame
    mostly_void: dict[str, int]


def _side(run: Run, runs: Sequence[Run], keys: list[str]) -> _Side:
    servers = _servers(run, keys)
    logs = logarithms(run)
    logs = logs[logs.index.get_level_values(KEY).isin(keys)]
    of = pd.Series(servers, index=keys)[logs.index.get_level_values(KEY)].to_numpy()
    lacking, void = _absent(run, runs, keys), too_few_left(run).reindex(keys) != ""
    return _Side(
        {str(server): mine for server, mine in logs.groupby(of)},
        not_in_ratios(run),
        _low(run, keys),
        {metric: lacking[metric].groupby(servers).mean() for metric in SHOWN},
        (lacking > MOST_FAILED).groupby(servers).any(),
        {str(server): int(many) for server, many in void.groupby(servers).sum().items()},
    )


def _row(run: str, server: str, metric: str, side: _Side, base: _Side) -> TrendFigure:
    """A server in a run beside the first one. It has no interval where what is left of a point, in
    either run, cannot stand for all of it."""
    mine, theirs = (one.logs[server][metric].unstack(KEY) for one in (side, base))
    theirs = theirs.reindex(columns=mine.columns)
    found = beside(mine.to_numpy(), theirs.to_numpy())
    low, low_now = (bool(one.low.loc[server, metric]) for one in (base, side))
    few = any(one.survivors.loc[server, metric] or one.mostly_void[server] for one in (base, side))
    ends = (np.nan, np.nan)
    if side is not base and found.bounded and not few:
        ends = (0.0 if low else found.low, np.inf if low_now else found.high)
    many = int((mine.notna().any() & theirs.notna().any()).sum())
    return TrendFigure(
        *(run, server, metric, found.value, *ends, found.n, many),
        *side.aside[server],
        low,
        low_now,
        float(side.absent[metric][server]),
        side.mostly_void[server],
    )


@remembered
def not_in_ratios(run: Run) -> dict[str, NotInRatios]:
    """By server; like the ratios, without traced trials."""
    found = {}
    plain = untraced(run.trials)
    for server, trials in plain.groupby(plain["server"].astype(str)):
        became, shares = causes(trials), goodput.of_all(trials)
        found[str(server)] = NotInRatios(
            became.by_server, became.counted, shares[goodput.ERRORS], shares[goodput.UNANSWERED]
        )
    return found


def _absent(run: Run, runs: Sequence[Run], keys: list[str]) -> pd.DataFrame:
    """By point and metric: the share of trials that have none; NaN where no run has any, as where
    nobody reads it."""
    nowhere = np.logical_and.reduce([absent(one).reindex(keys) == 1 for one in runs])
    return absent(run).reindex(keys).mask(nowhere)


def _low(run: Run, keys: list[str]) -> pd.DataFrame:
    """By server and metric: whether it is a lower bound in any trial of these points."""
    return (lower_bounds(run).reindex(keys) > 0).groupby(_servers(run, keys)).any()


def _servers(run: Run, keys: list[str]) -> Objects:
    found: Objects = points(run).table["server"].reindex(keys).astype(str).to_numpy()
    return found
