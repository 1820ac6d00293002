"""How far the figures of a metric went from one run to the other, and how far of it is theirs.

Two runs of one machine differ as a whole: another hour, other neighbours. The reference
trials, the same in every run, measure that.

- Where they moved beyond doubt, a figure counts beside them: its ratio to the reference
  trials of its block, for both met the same machine; or less what they moved as a whole, where
  too few blocks have both. Servers do not follow a machine all alike, though. Where there are
  MANY, the error of each is widened by what the usual one strays: the median of the squared
  statistics over that of chance (Devlin and Roeder, *Genomic control for association studies*,
  Biometrics 55, 1999), known as well as so many servers allow.
- Elsewhere it has to have changed by itself, and beyond what they moved as well, in the same
  direction: an intersection-union test (Berger, *Multiparameter hypothesis testing and
  acceptance sampling*, Technometrics 24, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from analysis.statistics.medians import TAIL
from analysis.statistics.moderated_variance import moderated

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from analysis.statistics.estimates import Floats

MANY = 5
"""Servers: with fewer, one that has changed would widen its own error."""
SMALLEST = 0.02
BEYOND_DOUBT = 0.01
"""The p of a reference that moved; there is one of each metric."""
SMALLEST_P = 1e-300
MEDIAN_OF_CHANCE = float(special.chdtri(1, 0.5))


@dataclass(frozen=True, slots=True)
class Steps:
    """Per figure, on logarithms: the `size` of the step, its standard `error` with its degrees
    of `freedom`, and the `spread` (standard deviation) of one block. NaN where a run has fewer
    than two blocks; the size, where one has none."""

    size: Floats
    error: Floats
    freedom: Floats
    spread: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which have an error."""
        return np.isfinite(self.error)

    @property
    def half(self) -> Floats:
        """Half of the 95% interval: Student's t."""
        return self.error * special.stdtrit(np.where(self.known, self.freedom, 1), 1 - TAIL)

    @property
    def p(self) -> Floats:
        """Of a step this large by chance, in either direction."""
        t = abs(self.size) / self.error
        return 2 * special.stdtr(np.where(self.known, self.freedom, 1), -t)

    def or_else(self, chosen: NDArray[np.bool_], others: Steps) -> Steps:
        """These where `chosen`, and the others elsewhere."""
        return Steps(
            *(
                np.where(chosen, getattr(self, name), getattr(others, name))
                for name in ("size", "error", "freedom", "spread")
            )
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """Steps with the `p` of a change, the `noise` (a smaller change is not told from none, as a
    share), the `spread` of a block that more repeats average out, how far servers `stray` from
    the reference, which they do not (both of logarithms), and which rows count `beside` the
    reference, and of those which are `paired` by block."""

    steps: Steps
    p: Floats
    noise: Floats
    spread: Floats
    stray: Floats
    beside: NDArray[np.bool_]
    paired: NDArray[np.bool_]


def steps(mine: pd.DataFrame, theirs: pd.DataFrame) -> Steps:
    """From the moments of one run (`count`, `mean`, `var` of logarithms) to another's."""
    n_base, n = (side["count"].fillna(0).to_numpy(dtype="float64") for side in (mine, theirs))
    freedom = np.fmax(n_base - 1, 0) + np.fmax(n - 1, 0)
    squares = sum(
        np.nan_to_num(side["var"].to_numpy(dtype="float64")) * np.fmax(count - 1, 0)
        for side, count in ((mine, n_base), (theirs, n))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found = moderated(squares / freedom, freedom)
        error = np.sqrt(found.variance * (1 / n_base + 1 / n))
    enough = (n_base > 1) & (n > 1) & np.isfinite(error) & (found.freedom > 0)
    return Steps(
        (theirs["mean"] - mine["mean"]).to_numpy(dtype="float64"),
        np.where(enough, error, np.nan),
        found.freedom,
        np.sqrt(found.variance),
    )


def judged_steps(
    alone: Steps, pairs: Steps, reference: NDArray[np.bool_], server: NDArray[np.object_]
) -> Judged:
    """What of the steps is the figures' own. `alone` is as measured, `pairs` as ratios to the
    reference by block, which is the row where `reference` is true; `server` names each row's."""
    shift, shift_error, shift_p = _of_reference(alone, reference)
    others = np.where(reference, 0.0, 1.0)
    error = np.hypot(alone.error, shift_error * others)
    spread = np.where(alone.known, alone.spread * error / alone.error, alone.spread)
    whole = Steps(alone.size - shift * others, error, alone.freedom, spread)
    nowhere, nothing = np.zeros(len(others), dtype=bool), np.zeros(len(others))
    if shift_p < BEYOND_DOUBT and abs(shift) > np.log1p(SMALLEST):
        paired = pairs.known & ~reference
        factor, freedom = straying(pairs, server, paired)
        widened = Steps(pairs.size, pairs.error * factor, np.fmin(pairs.freedom, freedom), nothing)
        used = widened.or_else(paired, whole)
        stray = np.where(paired, pairs.error * np.sqrt(factor**2 - 1), 0.0)
        spread = np.where(paired, pairs.spread, whole.spread)
        beside = whole.known & ~reference | paired
        return Judged(used, used.p, np.expm1(used.half), spread, stray, beside, paired)
    same = alone.size * whole.size > 0
    p = np.where(same, np.maximum(alone.p, whole.p), np.where(alone.known, 1.0, np.nan))
    noise = np.expm1(abs(shift) * others + whole.half)
    return Judged(alone, p, noise, whole.spread, nothing, nowhere, nowhere)


def _of_reference(alone: Steps, reference: NDArray[np.bool_]) -> tuple[float, float, float]:
    """How far the reference went, with the error and the p of it; none where it is not known."""
    known = np.flatnonzero(reference & alone.known)
    if not len(known):
        return 0.0, 0.0, 1.0
    at = known[0]
    return float(alone.size[at]), float(alone.error[at]), float(alone.p[at])


def straying(
    pairs: Steps, server: NDArray[np.object_], counted: NDArray[np.bool_]
) -> tuple[float, float]:
    """By what the usual server strays, errors are wider than by chance: the factor, and the
    degrees of freedom that so many servers leave to know it. A server counts once, however
    many figures it has."""
    names, places, times = np.unique(
        server[counted].astype(str), return_inverse=True, return_counts=True
    )
    if len(names) < MANY:
        return 1.0, np.inf
    squares = special.chdtri(1, np.fmax(pairs.p[counted], SMALLEST_P))
    order = np.argsort(squares)
    weights = 1 / times[places[order]]
    below = np.cumsum(weights) - weights / 2
    middle = np.interp(len(names) / 2, below, squares[order])
    factor = float(np.sqrt(max(1.0, middle / MEDIAN_OF_CHANCE)))
    return factor, len(names) - 1 if factor > 1 else np.inf
