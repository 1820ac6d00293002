"""The figures of two runs side by side: a ratio for each point and metric.

The sample is the block: a point's trials of one block are one value, as they met
the same machine. Ratios are of geometric means. Their 95% intervals are Student's t
on the logarithms, with variances learnt from all figures of the metric together
(`analysis.statistics.moderated_variance`). How much of a ratio is the machine's,
`analysis.compare.estimates` says.

A change is told at a false discovery rate of 5% over all figures of the comparison. One
below SMALLEST is never told: link order and the size of the environment alone make
that much (Mytkowicz et al., *Producing wrong data without doing anything obviously
wrong*, ASPLOS 2009). What failed has figures of its own (`analysis.compare.failures`), and the
others of such a point say that they are of the trials that are left.

A time that is a lower bound may be any longer one. So may a geometric mean of some: where the
second run has any, that it is slower is told, and nothing else is; where the first has, that it is
faster; where both have, nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.compare.estimates import SMALLEST, judged_steps, steps
from analysis.compare.failures import counted, side, words
from analysis.compare.log_ratios import lower_bounds, of_metric
from analysis.compare.matching import KEY, labelled, points
from analysis.compare.metrics import COUNTED, METRICS
from analysis.outcomes.goodput import FAILED
from analysis.statistics.false_discovery import adjusted
from analysis.statistics.medians import CONFIDENCE, TAIL
from analysis.statistics.noise_floor import noise_floor

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from analysis.records.run import Run
    from analysis.statistics.estimates import Floats

POWER = 0.8
WORDS = ("changed", "cannot tell", "within noise")
CHANGED, CANNOT_TELL, WITHIN_NOISE = WORDS


def pair(base: Run, run: Run, metrics: Sequence[str]) -> pd.DataFrame:
    """A row per point and metric, `run` against `base`; points without a valid trial in
    either are left out, and metrics that were measured in neither. What failed has rows whatever
    the `metrics`.

    Columns: `key`, `point` in words, `server`, `reference`, `metric`, `base_value` and
    `value` (geometric means), `ratio` with `low` and `high`, `beside` (whether the ratio is
    one of ratios to the reference, because that moved), `noise` (a smaller change
    is not told from none, as a share), `n_base` and `n` blocks, `spread` (standard
    deviation of one block's logarithm), `stray` (that of servers from the reference, which no
    repeats lower), `p` (of this figure alone), `why` (the reason where it cannot be compared),
    `failed` and `counted` (trials of the point in `run` that the server failed, and all that say
    something about it), `low_base` and `low_here` (trials in which it is a lower bound).
    """
    table = points(base).table
    there = points(run).table.reindex(table.index)
    label = labelled(table)
    empty = (table["void"] == table["trials"]) & (there["void"] == there["trials"])
    parts = []
    for metric in metrics:
        found = _figures(base, run, metric, table)
        found.insert(0, KEY, table.index)
        found.insert(1, "point", label.to_numpy())
        found.insert(2, "server", table["server"].to_numpy())
        found.insert(3, "reference", table["reference"].to_numpy(dtype=bool))
        found.insert(4, "metric", metric)
        found["spread"] = found["spread"].fillna(_spread_of_equal_trials(base, run, metric))
        found["why"] = _why(table, there, found)
        for name, one in (("low_base", base), ("low_here", run)):
            found[name] = lower_bounds(one)[metric].reindex(table.index).to_numpy()
        measured = (found["n_base"] > 0) | (found["n"] > 0)
        parts.append(found[measured.to_numpy() & ~empty.to_numpy()])
    failing = counted(base, run)
    if len(failing):
        parts.append(failing)
    trials = side(run).trials
    whole = pd.concat(parts, ignore_index=True)
    for name in ("failed", "counted"):
        whole[name] = whole[KEY].map(trials[name]).fillna(0).astype("int64")
    for name in ("low_base", "low_here"):
        whole[name] = whole[name].fillna(0).astype("int64") if name in whole else 0
    return whole


def _figures(base: Run, run: Run, metric: str, table: pd.DataFrame) -> pd.DataFrame:
    mine, theirs = (of_metric(one, metric, False, table.index) for one in (base, run))
    pairs = [of_metric(one, metric, True, table.index) for one in (base, run)]
    reference, server = table["reference"].to_numpy(dtype=bool), table["server"].to_numpy()
    found = judged_steps(steps(mine, theirs), steps(*pairs), reference, server)
    n_base, n = (
        np.where(found.paired, pair["count"], side["count"].fillna(0)).astype("int64")
        for pair, side in zip(pairs, (mine, theirs), strict=True)
    )
    size, half = found.steps.size, found.steps.half
    with np.errstate(over="ignore"):
        low, high = np.exp(size - half), np.exp(size + half)
    return pd.DataFrame(
        {
            "base_value": np.exp(mine["mean"].to_numpy(dtype="float64")),
            "value": np.exp(theirs["mean"].to_numpy(dtype="float64")),
            "ratio": np.exp(size),
            "low": low,
            "high": high,
            "beside": found.beside,
            "noise": np.maximum(found.noise, SMALLEST),
            "n_base": n_base,
            "n": n,
            "spread": found.spread,
            "stray": found.stray,
            "p": found.p,
        }
    )


def _spread_of_equal_trials(base: Run, run: Run, metric: str) -> float:
    """Of the reference trials, where single repeats say nothing of their own spread."""
    known = [noise_floor(one.trials, metric) for one in (base, run)]
    return max((noise.spread for noise in known if noise), default=float("nan"))


def _why(table: pd.DataFrame, there: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """Why a figure has no ratio: '' where it has one."""
    texts = []
    for place, (n_base, n) in enumerate(zip(found["n_base"], found["n"], strict=True)):
        text = ""
        for count, of, name in ((n_base, table, "first"), (n, there, "second")):
            if not count and not text:
                reason = of["reason"].iloc[place]
                void = of["void"].iloc[place] == of["trials"].iloc[place]
                text = f"void in the {name} run ({reason})" if void else f"not in the {name} run"
        texts.append(text)
    return texts


def judged(figures: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """`figures` of one or several pairs, told apart by `run`, with `word` (one of WORDS),
    `worsening` (a share; infinite for trials that failed) and `repeats`: how many would show a
    change of `tolerance` with a chance of 80%, had half of the metrics of one server alone
    changed."""
    p = figures["p"].where(figures["metric"].isin(METRICS)).to_numpy(dtype="float64")
    with np.errstate(divide="ignore"):
        size = abs(np.log(figures["ratio"].to_numpy(dtype="float64")))
    large = size > np.log1p(SMALLEST)
    word = np.select(
        [~np.isfinite(p), large & (adjusted(p) < 1 - CONFIDENCE), large & (p < 1 - CONFIDENCE)],
        [CANNOT_TELL, CHANGED, CANNOT_TELL],
        WITHIN_NOISE,
    )
    longer = figures["ratio"].to_numpy(dtype="float64") > 1
    low_base, low = ((figures[name] > 0).to_numpy() for name in ("low_base", "low_here"))
    sure = (word == CHANGED) & np.where(longer, ~low_base, ~low)
    word[(low_base | low) & ~sure] = CANNOT_TELL
    of_counts = figures["metric"].isin(COUNTED).to_numpy(dtype=bool)
    word[of_counts] = words(figures[of_counts], (CHANGED, CANNOT_TELL, WITHIN_NOISE))
    families = 2 * max(1, len(figures[["run", "server"]].drop_duplicates()))
    spread, stray = (figures[name].to_numpy(dtype="float64") for name in ("spread", "stray"))
    left = np.log1p(tolerance) - special.ndtri(1 - TAIL) * stray
    change = np.expm1(np.where(left > 0, left, np.nan))
    return figures.assign(
        word=word,
        repeats=repeats_for(spread, change, families),
        worsening=[_worsening(row) for row in figures.to_dict("records")],
    )


def _worsening(row: Mapping[Hashable, Any]) -> float:
    """By what share a figure got worse, below zero if it got better; NaN without a ratio. Trials
    that failed are worse whatever the tolerance, and so is what nobody had seen before."""
    if row["metric"] in METRICS:
        return METRICS[row["metric"]].worsening(row["ratio"])
    rise = row["value"] - row["base_value"]
    if row["metric"] == FAILED or not row["base_value"] > 0:
        return float(np.sign(rise)) * np.inf if rise else 0.0
    return COUNTED[row["metric"]].worsening(row["ratio"])


def repeats_for(spread: Floats, change: float | Floats, families: int = 1) -> Floats:
    """How many repeats show a `change` (a share) with a chance of 80%, at a level of 5%
    shared by `families`: Guenther, *Sample size formulas for normal theory t tests*,
    The American Statistician 35 (1981). NaN where the spread or the change is not known."""
    level = float(special.ndtri(1 - TAIL / families))
    power = float(special.ndtri(POWER))
    needed = 2 * (spread * (level + power) / np.log1p(change)) ** 2 + level**2 / 4
    return np.maximum(np.ceil(needed), 2)
