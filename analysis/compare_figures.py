"""The figures of two runs side by side: a ratio for each point and metric.

The sample is the block: a point's trials of one block are one value, as they met
the same machine. Ratios are of geometric means. Their 95% intervals are Student's t
on the logarithms, with variances learnt from all figures of the metric together
(`analysis.spread`).

What counts as a change? Two runs of one machine also differ as a whole: another
hour, other neighbours. The reference trials, the same in every run, measure that.
So a figure has changed when it moved beyond its own noise, and beyond what the
reference moved as well, in the same direction (an intersection-union test: Berger,
*Multiparameter hypothesis testing and acceptance sampling*, Technometrics 24, 1982);
both at a false discovery rate of 5% over all figures of the comparison. A change
below SMALLEST is never told: link order and the size of the environment alone make
that much (Mytkowicz et al., *Producing wrong data without doing anything obviously
wrong*, ASPLOS 2009).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from analysis.compare_metrics import METRICS
from analysis.compare_points import KEY, labelled, points
from analysis.multiplicity import adjusted
from analysis.noise import noise_floor
from analysis.spread import moderated
from analysis.statistics import CONFIDENCE, TAIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.records import Run
    from analysis.statistics import Floats

RUNS = 64
SMALLEST = 0.02
POWER = 0.8
WORDS = ("changed", "cannot tell", "within noise")
CHANGED, CANNOT_TELL, WITHIN_NOISE = WORDS


@lru_cache(maxsize=RUNS)
def logarithms(run: Run) -> pd.DataFrame:
    """The logarithm of every metric per point (its key) and block, from valid trials;
    several trials of one block are averaged, traced ones left out. NaN where nothing
    was measured."""
    # What a traced server's speed is, the tracer decides.
    traced = run.trials["traced"].fillna(value=False).to_numpy(dtype=bool)
    counted = run.trials["valid"].to_numpy(dtype=bool) & ~traced
    valid = run.trials[["point", "block", *METRICS]][counted]
    metrics = valid[list(METRICS)].to_numpy(dtype="float64", na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.where(metrics > 0, metrics, np.nan))
    frame = pd.DataFrame(logs, columns=list(METRICS))
    frame[KEY] = valid["point"].astype(str).map(points(run).key_of).to_numpy()
    frame["block"] = valid["block"].to_numpy(dtype="int64")
    return frame.groupby([KEY, "block"]).mean()


@lru_cache(maxsize=RUNS)
def _moments(run: Run) -> pd.DataFrame:
    """Per point, for each metric: number of blocks, mean and variance of the logarithms."""
    return logarithms(run).groupby(level=KEY).agg(["count", "mean", "var"])


def _of_metric(run: Run, metric: str) -> pd.DataFrame:
    moments = _moments(run)
    return pd.DataFrame({name: moments[metric, name] for name in ("count", "mean", "var")})


def pair(base: Run, run: Run, metrics: Sequence[str]) -> pd.DataFrame:
    """A row per point and metric, `run` against `base`; points without a valid trial in
    either are left out, and metrics that were measured in neither.

    Columns: `key`, `point` in words, `server`, `reference`, `metric`, `base_value` and
    `value` (geometric means), `ratio` with `low` and `high`, `noise` (a smaller change
    is not told from none, as a share), `n_base` and `n` blocks, `spread` (standard
    deviation of one block's logarithm), `p` (of this figure alone), `why` (the reason where it
    cannot be compared).
    """
    table = points(base).table
    keys = table.index
    label = labelled(table)
    there = points(run).table.reindex(keys)
    empty = (table["void"] == table["trials"]) & (there["void"] == there["trials"])
    parts = []
    for metric in metrics:
        mine, theirs = (_of_metric(one, metric).reindex(keys) for one in (base, run))
        found = _figures(mine, theirs, table["reference"].to_numpy(dtype=bool))
        found.insert(0, KEY, keys)
        found.insert(1, "point", label.to_numpy())
        found.insert(2, "server", table["server"].to_numpy())
        found.insert(3, "reference", table["reference"].to_numpy(dtype=bool))
        found.insert(4, "metric", metric)
        found["spread"] = found["spread"].fillna(_spread_of_equal_trials(base, run, metric))
        found["why"] = _why(table, there, found)
        measured = (found["n_base"] > 0) | (found["n"] > 0)
        parts.append(found[measured.to_numpy() & ~empty.to_numpy()])
    return pd.concat(parts, ignore_index=True)


def _figures(mine: pd.DataFrame, theirs: pd.DataFrame, reference: np.ndarray) -> pd.DataFrame:
    n_base, n = (side["count"].fillna(0).to_numpy(dtype="float64") for side in (mine, theirs))
    change = (theirs["mean"] - mine["mean"]).to_numpy(dtype="float64")
    own = np.fmax(n_base - 1, 0) + np.fmax(n - 1, 0)
    squares = sum(
        np.nan_to_num(side["var"].to_numpy(dtype="float64")) * np.fmax(count - 1, 0)
        for side, count in ((mine, n_base), (theirs, n))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = moderated(squares / own, own)
        each = 1 / n_base + 1 / n
        error2 = spread.variance * each
    enough = (n_base > 1) & (n > 1) & np.isfinite(error2) & (spread.freedom > 0)
    error2 = np.where(enough, error2, np.nan)
    t = special.stdtrit(np.where(enough, spread.freedom, 1), 1 - TAIL)
    shift, shift2 = _shift(change, error2, reference)
    others2 = np.where(reference, 0.0, shift2)
    moved = np.where(reference, 0.0, shift)
    with np.errstate(invalid="ignore", over="ignore"):
        alone = change / np.sqrt(error2)
        beside = (change - moved) / np.sqrt(error2 + others2)
        both = np.where(alone * beside > 0, np.fmin(abs(alone), abs(beside)), 0.0)
        noise = np.expm1(abs(moved) + t * np.sqrt(error2 + others2))
        half = t * np.sqrt(error2)
    p = 2 * special.stdtr(np.where(enough, spread.freedom, 1), -both)
    return pd.DataFrame(
        {
            "base_value": np.exp(mine["mean"].to_numpy(dtype="float64")),
            "value": np.exp(theirs["mean"].to_numpy(dtype="float64")),
            "ratio": np.exp(change),
            "low": np.exp(change - half),
            "high": np.exp(change + half),
            "noise": np.fmax(noise, SMALLEST),
            "n_base": n_base.astype("int64"),
            "n": n.astype("int64"),
            "spread": np.sqrt(spread.variance + np.where(enough, others2 / each, 0.0)),
            "p": np.where(enough, p, np.nan),
        }
    )


def _spread_of_equal_trials(base: Run, run: Run, metric: str) -> float:
    """Of the reference trials, where single repeats say nothing of their own spread."""
    known = [noise_floor(one.trials, metric) for one in (base, run)]
    return max((noise.spread for noise in known if noise), default=float("nan"))


def _shift(change: Floats, error2: Floats, reference: np.ndarray) -> tuple[float, float]:
    """How far the reference moved between the runs, and the square of its error; zeros
    where it is not known."""
    known = reference & np.isfinite(change) & np.isfinite(error2)
    if not known.any():
        return 0.0, 0.0
    at = int(np.flatnonzero(known)[0])
    return float(change[at]), float(error2[at])


def _why(table: pd.DataFrame, there: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """Why a figure has no ratio: '' where it has one."""
    texts = []
    for place, (n_base, n) in enumerate(zip(found["n_base"], found["n"], strict=True)):
        text = ""
        for count, side, name in ((n_base, table, "first"), (n, there, "second")):
            if not count and not text:
                reason = side["reason"].iloc[place]
                void = side["void"].iloc[place] == side["trials"].iloc[place]
                text = f"void in the {name} run ({reason})" if void else f"not in the {name} run"
        texts.append(text)
    return texts


def judged(figures: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """`figures` of one or several pairs, with `word` (one of WORDS) and `repeats`: how
    many would show a change of `tolerance` with a chance of 80%, had one server's
    figures alone changed."""
    p = figures["p"].to_numpy(dtype="float64")
    with np.errstate(divide="ignore"):
        size = abs(np.log(figures["ratio"].to_numpy(dtype="float64")))
    large = size > np.log1p(SMALLEST)
    word = np.select(
        [~np.isfinite(p), large & (adjusted(p) < 1 - CONFIDENCE), large & (p < 1 - CONFIDENCE)],
        [CANNOT_TELL, CHANGED, CANNOT_TELL],
        WITHIN_NOISE,
    )
    servers = max(1, figures["server"].nunique())
    spread = figures["spread"].to_numpy(dtype="float64")
    return figures.assign(word=word, repeats=repeats_for(spread, tolerance, servers))


def repeats_for(spread: Floats, change: float, families: int = 1) -> Floats:
    """How many repeats show a `change` (a share) with a chance of 80%, at a level of 5%
    shared by `families`: Guenther, *Sample size formulas for normal theory t tests*,
    The American Statistician 35 (1981). NaN where the spread is not known."""
    level = float(special.ndtri(1 - TAIL / families))
    power = float(special.ndtri(POWER))
    needed = 2 * (spread * (level + power) / np.log1p(change)) ** 2 + level**2 / 4
    return np.where(np.isfinite(spread), np.fmax(np.ceil(needed), 2), np.nan)
