"""Comparisons inside a run: like with like, block by block.

A ratio is taken within each block, where both sides met the same machine within
a minute or so, and the block is then one observation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.selection.plain import take
from analysis.statistics.estimates import estimate
from contract.columns import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from numpy.typing import NDArray

    from analysis.records.run import Run
    from analysis.selection.plain import Rows
    from analysis.statistics.estimates import Estimate

# Runs whose selections are remembered: every judge and figure asks for the same.
RUNS = 4
ENVIRONMENT = ("network", "somaxconn")
COMPARED = ("server", "load", "active_connections", "idle_connections", "backlog")
OTHERS = tuple(name for name in SETTINGS if name not in (*ENVIRONMENT, *COMPARED))
"""What no figure of these varies: kinds of requests and clients, flags of servers."""
OWN = (
    *("workers", "accepts_per_wakeup", "epoll_exclusive", "switch_interval_us"),
    *("thread_stack_bytes", "sigpending"),
)
"""What concerns how a server works alone: another one may have no such thing."""


def at(trials: pd.DataFrame, **settings: Hashable) -> pd.DataFrame:
    """The trials with exactly these settings, whatever sweep asked for them."""
    rows = rows_at(trials, **settings)
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return trials.iloc[rows[0] : rows[-1] + 1]  # a part of what is there, and no copy
    return trials.iloc[rows]


def rows_at(trials: pd.DataFrame, **settings: Hashable) -> Rows:
    """Where those trials are; to take rows of a frame is to copy each of its columns."""
    keep = np.ones(len(trials), dtype=bool)
    for name, value in settings.items():
        keep &= (trials[name] == value).to_numpy(dtype=bool, na_value=False)
    return np.flatnonzero(keep)


def alike(trials: pd.DataFrame, rows: Rows, names: Iterable[str] = ENVIRONMENT) -> Rows:
    """The rows that share the most common value of each setting in `names`, so
    that an experiment which also varies those is not mixed into one figure. Those
    that have none, as a foreign server has no backlog of ours, stay beside them."""
    for name in names:
        values = _numbers(trials[name], rows)
        given = values[~np.isnan(values)]
        if len(given) and (given != given[0]).any():
            rows = rows[(values == _most_common(given)[0]) | np.isnan(values)]
    return rows


def unmixed(trials: pd.DataFrame, rows: Rows, free: Sequence[str] = ()) -> Rows:
    """The rows that share the most common value of each of OTHERS that is not `free`; having none
    is a value as well, but for a server of somebody else's, which takes no flags of ours. None is
    of a traced server, though there be no others: its speed is the tracer's."""
    rows = rows[_numbers(trials["traced"], rows) == 0]
    foreign = (trials["origin"] != "lab").to_numpy(dtype=bool, na_value=True)
    for name in OTHERS:
        values = _numbers(trials[name], rows)
        missing = np.isnan(values)
        if name in free or missing.all() or (values == values[0]).all():
            continue
        usual, times = _most_common(values[~missing])
        kept = (values == usual) | (missing & foreign[rows])
        rows = rows[kept if times > missing.sum() else missing]
    return rows


@lru_cache(maxsize=RUNS)
def keep_alive(run: Run) -> pd.DataFrame:
    """Keep-alive trials on the usual path with the usual backlog, point by point; not to be
    written into."""
    rows = unmixed(run.trials, rows_at(run.trials, load="keep_alive"))
    return take(run.trials, _by_point(run, alike(run.trials, rows, (*ENVIRONMENT, "backlog"))))


@lru_cache(maxsize=RUNS)
def nothing_idle(run: Run) -> pd.DataFrame:
    """Those of `keep_alive` without idle connections; not to be written into."""
    return at(keep_alive(run), idle_connections=0)


@lru_cache(maxsize=RUNS)
def per_request(run: Run) -> pd.DataFrame:
    """Trials with a connection per request on the usual path, point by point; not to be written
    into."""
    rows = unmixed(run.trials, rows_at(run.trials, load="connection_per_request"))
    return take(run.trials, _by_point(run, alike(run.trials, rows)))


def _by_point(run: Run, rows: Rows) -> Rows:
    """The same rows by number of idle connections, and in that by point: most selections are then
    parts of the frame, and need not be copied out of it."""
    idle = run.trials["idle_connections"].to_numpy(dtype="int64")[rows]
    points = run.trials["point"].cat.codes.to_numpy()[rows]
    return rows[np.lexsort((points, idle))]


def _numbers(values: pd.Series[float], rows: Rows) -> NDArray[np.float64]:
    """Some rows of a setting as numbers, NaN where it has none; texts are numbered in order."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()[rows].astype("float64")
        return np.where(codes < 0, np.nan, codes)
    return values.array.take(rows).to_numpy(dtype="float64", na_value=np.nan)


def _most_common(values: NDArray[np.float64]) -> tuple[float, int]:
    """The value, the smallest of several, and how often it stands there."""
    found, counts = np.unique(values, return_counts=True)
    most = int(counts.argmax())
    return float(found[most]), int(counts[most])


def varying(trials: pd.DataFrame, axis: str, fixed: str) -> pd.DataFrame:
    """The part of `trials` that shows `axis` best: at the value of `fixed` which
    has the most values of `axis` (the smallest such value, where several do)."""
    if not len(trials):
        return trials
    counts = trials.groupby(fixed)[axis].nunique()
    return at(trials, **{fixed: counts.idxmax()})


def by_block(trials: pd.DataFrame, metric: str) -> pd.Series[float]:
    """One value per block: the median over its trials. Indexed by block."""
    values = pd.Series(
        trials[metric].to_numpy(dtype="float64", na_value=np.nan),
        index=trials["block"].to_numpy(dtype="int64"),
    )
    return values.dropna().groupby(level=0).median()


def paired_ratio(above: pd.DataFrame, below: pd.DataFrame, metric: str) -> Estimate:
    """The ratio above/below of `metric` over the blocks that have both."""
    ratios = (by_block(above, metric) / by_block(below, metric)).dropna()
    return estimate(ratios.to_numpy())


def lost_blocks(above: pd.DataFrame, below: pd.DataFrame, metric: str) -> int:
    """How many blocks have `metric` on one side only."""
    sides = [set(by_block(side, metric).index) for side in (above, below)]
    return len(sides[0] ^ sides[1])
