"""How far the figures of a metric moved between two runs, and how much of it the machine did.

Two runs of one machine differ as a whole: another hour, other neighbours. The reference trials,
the same in every run, measure that.

- Where they moved beyond doubt, a figure is taken beside them: as its ratio to the reference
  trials of its block, because both met the same machine; or, where too few blocks have both, as
  its own change less that of the reference as a whole. Servers do not all follow a machine
  alike. With MANY servers or more, the error of each is widened by how far the usual one strays:
  the median of the squared statistics over its value under chance (Devlin and Roeder, *Genomic
  control for association studies*, Biometrics 55, 1999).
- Elsewhere a figure has to have changed by itself and beyond what the reference moved, in the
  same direction: an intersection-union test (Berger, *Multiparameter hypothesis testing and
  acceptance sampling*, Technometrics 24, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.arrays import Flags, Floats, Objects
from analysis.statistics.looks import TAIL
from analysis.statistics.moderated_variance import moderated

MANY = 5
"""Servers: with fewer, one that has changed would widen its own error."""
SMALLEST = 0.02
"""Smaller changes, as a share, never count."""
BEYOND_DOUBT = 0.01
"""The p below which the reference has moved; each metric has one reference."""
SMALLEST_P = 1e-300
MEDIAN_OF_CHANCE = float(special.chdtri(1, 0.5))


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of a metric's logarithms at some points: how many blocks have one, their mean and
    their variance; NaN where there are too few."""

    count: Floats
    mean: Floats
    var: Floats


@dataclass(frozen=True, slots=True)
class LogRatios:
    """Logarithms of ratios, one for each figure: the `size`, its standard `error` with degrees of
    `freedom`, and the `spread` (standard deviation) of one block. NaN where a run has fewer than
    two blocks; the size, where one has none."""

    size: Floats
    error: Floats
    freedom: Floats
    spread: Floats

    @property
    def known(self) -> Flags:
        """Which have an error."""
        return np.isfinite(self.error)

    @property
    def half(self) -> Floats:
        """Half of the 95% interval: Student's t."""
        return self.error * special.stdtrit(np.where(self.known, self.freedom, 1), 1 - TAIL)

    @property
    def p(self) -> Floats:
        """The two-sided p of a ratio this far from 1 by chance."""
        t = abs(self.size) / self.error
        return 2 * special.stdtr(np.where(self.known, self.freedom, 1), -t)

    def where(self, chosen: Flags, others: LogRatios) -> LogRatios:
        """These where `chosen`, and the others elsewhere."""
        return LogRatios(
            np.where(chosen, self.size, others.size),
            np.where(chosen, self.error, others.error),
            np.where(chosen, self.freedom, others.freedom),
            np.where(chosen, self.spread, others.spread),
        )


@dataclass(frozen=True, slots=True)
class Estimates:
    """What the figures themselves did, one estimate for each.

    `p`: of a change. `noise`: a smaller change, as a share, looks like none. `spread`:
    standard deviation of one block's logarithm, which more repeats average out. `stray`: standard
    deviation of servers from the reference, which they do not. `beside`: whether the ratio is one
    to the reference; `paired`: whether it is taken block by block.
    """

    ratios: LogRatios
    p: Floats
    noise: Floats
    spread: Floats
    stray: Floats
    beside: Flags
    paired: Flags


def log_ratios(base: Moments, run: Moments) -> LogRatios:
    """The log ratios of a run to the base."""
    n_base, n = base.count, run.count
    freedom = np.fmax(n_base - 1, 0) + np.fmax(n - 1, 0)
    squares = sum(np.nan_to_num(side.var) * np.fmax(side.count - 1, 0) for side in (base, run))
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = moderated(squares / freedom, freedom)
        error = np.sqrt(shared.variance * (1 / n_base + 1 / n))
    enough = (n_base > 1) & (n > 1) & np.isfinite(error) & (shared.freedom > 0)
    return LogRatios(
        run.mean - base.mean,
        np.where(enough, error, np.nan),
        shared.freedom,
        np.sqrt(shared.variance),
    )


def estimates(
    measured: LogRatios,
    to_reference: LogRatios,
    reference: Flags,
    server: Objects,
) -> Estimates:
    """What of the log ratios is the figures' own. `measured` are those of the figures,
    `to_reference` those of the figures' ratios to the reference by block; `reference` marks the row
    of the reference, `server` names each row's."""
    shift, shift_error, shift_p = _shift(measured, reference)
    others = np.where(reference, 0.0, 1.0)
    error = np.hypot(measured.error, shift_error * others)
    spread = np.where(measured.known, measured.spread * error / measured.error, measured.spread)
    whole = LogRatios(measured.size - shift * others, error, measured.freedom, spread)
    nowhere, nothing = np.zeros(len(others), dtype=bool), np.zeros(len(others))
    if shift_p < BEYOND_DOUBT and abs(shift) > np.log1p(SMALLEST):
        paired = to_reference.known & ~reference
        factor, freedom = inflation(to_reference, server, paired)
        widened = LogRatios(
            to_reference.size,
            to_reference.error * factor,
            np.fmin(to_reference.freedom, freedom),
            nothing,
        )
        used = widened.where(paired, whole)
        stray = np.where(paired, to_reference.error * np.sqrt(factor**2 - 1), 0.0)
        spread = np.where(paired, to_reference.spread, whole.spread)
        beside = whole.known & ~reference | paired
        return Estimates(used, used.p, np.expm1(used.half), spread, stray, beside, paired)
    same = measured.size * whole.size > 0
    p = np.where(same, np.maximum(measured.p, whole.p), np.where(measured.known, 1.0, np.nan))
    noise = np.expm1(abs(shift) * others + whole.half)
    return Estimates(measured, p, noise, whole.spread, nothing, nowhere, nowhere)


def _shift(measured: LogRatios, reference: Flags) -> tuple[float, float, float]:
    """The log ratio of the reference, its error and p; (0, 0, 1) where it is not known."""
    known = np.flatnonzero(reference & measured.known)
    if not len(known):
        return 0.0, 0.0, 1.0
    at = known[0]
    return float(measured.size[at]), float(measured.error[at]), float(measured.p[at])


def inflation(ratios: LogRatios, server: Objects, counted: Flags) -> tuple[float, float]:
    """The factor by which errors are wider than by chance because servers stray from the reference,
    at least 1, and its degrees of freedom. A server counts once, however many figures it has."""
    names, places, times = np.unique(
        server[counted].astype(str), return_inverse=True, return_counts=True
    )
    if len(names) < MANY:
        return 1.0, np.inf
    squares = special.chdtri(1, np.fmax(ratios.p[counted], SMALLEST_P))
    order = np.argsort(squares)
    weights = 1 / times[places[order]]
    below = np.cumsum(weights) - weights / 2
    middle = np.interp(len(names) / 2, below, squares[order])
    factor = float(np.sqrt(max(1.0, middle / MEDIAN_OF_CHANCE)))
    return factor, len(names) - 1 if factor > 1 else np.inf
