"""How far the figures of a metric went from one run to the other, and how far of it is theirs.

Two runs of one machine differ as a whole: another hour, other neighbours. The reference
trials, the same in every run, measure that.

- Where they moved beyond doubt, a figure counts beside them: its ratio to the reference
  trials of its block, for both met the same machine. Servers do not follow a machine all
  alike, though. Where there are MANY, the error of each is widened by what the usual one
  strays: the median of the squared statistics over that of chance (Devlin and Roeder,
  *Genomic control for association studies*, Biometrics 55, 1999).
- Elsewhere it has to have changed by itself and beside them as well, in the same direction:
  an intersection-union test (Berger, *Multiparameter hypothesis testing and acceptance
  sampling*, Technometrics 24, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from analysis.spread import moderated
from analysis.statistics import CONFIDENCE, TAIL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.statistics import Floats

MANY = 5
"""Servers: with fewer, one that has changed would widen its own error."""
SMALLEST = 0.02
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
    share), the `spread` that decides on the repeats, and which count `beside` the reference."""

    steps: Steps
    p: Floats
    noise: Floats
    spread: Floats
    beside: NDArray[np.bool_]


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
    alone: Steps, beside: Steps, reference: NDArray[np.bool_], server: NDArray[np.object_]
) -> Judged:
    """What of the steps is the figures' own. `alone` is as measured, `beside` as ratios to the
    reference, which is the row where `reference` is true; `server` names each row's."""
    both = beside.known & ~reference
    beside = _widened(beside, server, both)
    shift = _of_reference(alone, reference)
    if shift.p[0] < 1 - CONFIDENCE and abs(shift.size[0]) > np.log1p(SMALLEST):
        used = beside.or_else(both, alone)
        return Judged(used, used.p, np.expm1(used.half), used.spread, both)
    same = alone.size * beside.size > 0
    p = np.where(both, np.where(same, np.fmax(alone.p, beside.p), 1.0), alone.p)
    moved = np.where(both, abs(shift.size[0]), 0.0)
    noise = np.maximum(alone.half + moved, np.where(both, beside.half, 0.0))
    spread = np.where(both, np.fmax(alone.spread, beside.spread), alone.spread)
    nowhere = np.zeros(len(p), dtype=bool)
    return Judged(alone, p, np.expm1(noise), spread, nowhere)


def _of_reference(alone: Steps, reference: NDArray[np.bool_]) -> Steps:
    """The reference's one step; of no size where it is not known."""
    known = np.flatnonzero(reference & alone.known)[:1]
    if not len(known):
        return Steps(*(np.array([value]) for value in (0.0, np.inf, 1.0, np.nan)))
    return Steps(alone.size[known], alone.error[known], alone.freedom[known], alone.spread[known])


def _widened(beside: Steps, server: NDArray[np.object_], counted: NDArray[np.bool_]) -> Steps:
    """With errors and spreads widened by what the usual server strays beyond chance."""
    squares = pd.Series(special.chdtri(1, beside.p))[counted]
    each = squares.groupby(server[counted]).median()
    if len(each) < MANY:
        return beside
    factor = float(np.sqrt(max(1.0, each.median() / MEDIAN_OF_CHANCE)))
    return Steps(beside.size, beside.error * factor, beside.freedom, beside.spread * factor)
