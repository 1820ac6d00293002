"""The figures of two runs side by side: a ratio for each point and metric.

The sample is the block: a point's trials of one block are one value, because they met the same
machine. Ratios are of geometric means. Their 95% intervals are Student's t on the logarithms, with
variances learnt from all figures of the metric together (`analysis.statistics.moderated_variance`).
`analysis.compare.estimates` says how much of a ratio is the machine's. Where more than MOST_FAILED
of a point's trials lack a figure, or most of them say nothing of the server, the others may be the
better ones, and nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from analysis.compare.estimates import SMALLEST, Moments, estimates, log_ratios
from analysis.compare.failure_counts import failure_counts
from analysis.compare.failures import failures
from analysis.compare.log_ratios import absent, lower_bounds, moments, too_few_left
from analysis.compare.matching import KEY, labels, points
from analysis.compare.metrics import METRICS
from analysis.compare.sides import RUNS, Sides
from analysis.outcomes.causes import MOST_FAILED
from analysis.records.run import Run
from analysis.statistics.noise_floor import noise_floor
from analysis.wording import share
from contract.loads import WITHOUT_CLIENTS

OfMetric = Callable[[str], pd.DataFrame]
"""A metric's columns of `ComparedFigure` from `base_value` to `p`, a row for each point; and `why`,
where it knows a reason of its own why a figure cannot be compared."""


def ratios(
    base: Run,
    run: Run,
    metrics: Sequence[str],
    of_metric: OfMetric | None = None,
    sides: Sides = RUNS,
) -> pd.DataFrame:
    """A row per point and metric, `run` against `base`: the columns of `ComparedFigure` up to
    `low_here`. Points that were measured in neither run are left out, and metrics that were
    measured in neither. What failed has rows whatever the `metrics`. `of_metric` takes the ratios,
    each run by itself if absent; `sides` name the runs in words."""
    table = points(base).table
    of_metric = of_metric or unpaired(base, run, table)
    there = points(run).table.reindex(table.index)
    known = (table["unmeasured"] < table["trials"]) | (there["unmeasured"] < there["trials"])
    heads = pd.DataFrame(
        {
            "point": labels(table),
            "server": table["server"],
            "reference": table["reference"].astype(bool),
        }
    )
    parts = []
    for metric in metrics:
        lacking = _lacking(base, run, metric, table)
        figures = of_metric(metric)
        for name, one in (("low_base", base), ("low_here", run)):
            figures[name] = lower_bounds(one)[metric].reindex(table.index)
        left = [_too_few_left(one, table) for one in (base, run)]
        figures["why"] = _why(table, there, figures, lacking, left, sides)
        figures["p"] = figures["p"].where(figures["why"] == "")
        measured = (figures["n_base"] > 0) | (figures["n"] > 0)
        if METRICS[metric].gates:
            # What decides is missed, but where nobody reads it: without clients.
            lacks = sum(lacking) > 0
            alone = table["load"].isin(WITHOUT_CLIENTS)
            measured |= lacks & (~alone | table["load"].isin(table["load"][measured]))
        parts.append(heads.assign(metric=metric).join(figures)[known & measured].reset_index())
    failing = failures(base, run, sides)
    if len(failing):
        parts.append(failing)
    rows = pd.concat(parts, ignore_index=True)
    trials = failure_counts(run).trials
    for name in ("failed", "counted"):
        rows[name] = rows[KEY].map(trials[name])
    for name in ("failed", "counted", "low_base", "low_here"):
        rows[name] = rows[name].fillna(0).astype("int64")
    return rows


def unpaired(base: Run, run: Run, table: pd.DataFrame) -> OfMetric:
    """The ratios of the means of each run, at the points of `table`."""
    sides = [
        moments(one, table.index, beside=beside) for beside in (False, True) for one in (base, run)
    ]

    def of_metric(metric: str) -> pd.DataFrame:
        lacking = _lacking(base, run, metric, table)
        return _of_metric(base, run, metric, table, [one[metric] for one in sides], lacking)

    return of_metric


def _lacking(base: Run, run: Run, metric: str, table: pd.DataFrame) -> list[pd.Series[float]]:
    """The shares of trials without the metric in each run, at the points of `table`."""
    return [absent(one)[metric].reindex(table.index).fillna(0.0) for one in (base, run)]


def _too_few_left(run: Run, table: pd.DataFrame) -> pd.Series[str]:
    """Why nothing is known of the points of `table` in the run, as most trials say nothing."""
    return too_few_left(run).reindex(table.index).fillna("")


def _of_metric(
    base: Run,
    run: Run,
    metric: str,
    table: pd.DataFrame,
    sides: Sequence[Moments],
    lacking: Sequence[pd.Series[float]],
) -> pd.DataFrame:
    """A row for each point of `table`; `sides` are the moments of base and run, as measured and
    beside the reference, `lacking` the shares of trials without the metric in each run."""
    theirs, mine, *to_reference = sides
    low_base, low_here = (
        lower_bounds(one)[metric].reindex(table.index).fillna(0) for one in (base, run)
    )
    # A reference whose times may be any longer ones, or are those of a few, says nothing of the
    # machine.
    sound = (low_base + low_here == 0) & (pd.concat(lacking, axis=1).max(axis=1) <= MOST_FAILED)
    reference = (table["reference"].astype(bool) & sound).to_numpy()
    server = table["server"].to_numpy()
    found = estimates(log_ratios(theirs, mine), log_ratios(*to_reference), reference, server)
    n_base, n = (
        np.where(found.paired, paired.count, side.count).astype("int64")
        for paired, side in zip(to_reference, (theirs, mine), strict=True)
    )
    size, half = found.ratios.size, found.ratios.half
    with np.errstate(over="ignore"):
        low, high = np.exp(size - half), np.exp(size + half)
    # Single repeats say nothing of their own spread; the equal reference trials do.
    unknown, usual = np.isnan(found.spread), np.nan
    if unknown.any():
        floors = [noise_floor(one.trials, metric) for one in (base, run)]
        usual = max((floor.spread for floor in floors if floor), default=np.nan)
    return pd.DataFrame(
        {
            "base_value": np.exp(theirs.mean),
            "value": np.exp(mine.mean),
            "ratio": np.exp(size),
            "low": low,
            "high": high,
            "freedom": found.ratios.freedom,
            "beside": found.beside,
            "noise": np.maximum(found.noise, SMALLEST),
            "n_base": n_base,
            "n": n,
            "spread": np.where(unknown, usual, found.spread),
            "stray": found.stray,
            "p": found.p,
        },
        index=table.index,
    )


def _why(
    table: pd.DataFrame,
    there: pd.DataFrame,
    figures: pd.DataFrame,
    lacking: Sequence[pd.Series[float]],
    left: Sequence[pd.Series[str]],
    sides: Sides,
) -> list[str]:
    """Why a figure has no ratio, or one of too few of its trials: '' where it has one. `lacking`
    are the shares of trials without it on each side, `left` says where too few say anything."""
    texts = np.array(figures.get("why", [""] * len(table)), dtype=object)
    for of, few, base in zip(lacking, left, (True, False), strict=True):
        within = sides.within(base=base)
        texts = np.where(few != "", [f"{within}, {one}" for one in few], texts)
        missing = [f"it is missing in {share(one)} of the trials {within}" for one in of]
        texts = np.where(of > MOST_FAILED, missing, texts)
    for points_of, column in ((there, "n"), (table, "n_base")):
        none = points_of["unmeasured"] == points_of["trials"]
        within = sides.within(base=column == "n_base")
        unmeasured = [f"not measured {within} ({one})" for one in points_of["reason"]]
        why = np.where(none, unmeasured, np.where(texts != "", texts, f"not {within}"))
        texts = np.where(figures[column] > 0, texts, why)
    return list(texts)
