"""How much equal trials spread, learnt from all figures of one kind together.

With three repeats a figure's own variance is hardly known: Student's t needs a
factor of 4.3 (two degrees of freedom), and among hundreds of figures some look
steady by chance. Figures of one metric spread alike, though not equally, so the
variance of each is drawn towards what is usual: the empirical Bayes estimate of
Smyth, *Linear models and empirical Bayes methods for assessing differential
expression in microarray experiments*, Statistical Applications in Genetics and
Molecular Biology 3 (2004), sections 3 and 6.2. The usual variance counts as so many
degrees of freedom as the variances themselves agree: many where all figures
spread alike, none where they have nothing in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.arrays import Floats

FIGURES_NEEDED = 3
RESOLUTION = 0.001
"""Of a recorded figure, as a share: histograms have three significant digits."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Per figure: `variance` of one trial's logarithm, and its degrees of `freedom`
    (0 and NaN where nothing is known)."""

    variance: Floats
    freedom: Floats


def moderated(variance: Floats, freedom: Floats) -> Spread:
    """The variances of figures of one kind, each drawn towards what is usual.

    `variance` is of logarithms, `freedom` its degrees of freedom; a figure with
    none takes the usual variance over. Too few figures are left as they are.
    """
    known = (freedom > 0) & np.isfinite(variance)
    raised = np.where(known, np.maximum(variance, RESOLUTION**2), np.nan)
    own = np.where(known, freedom, 0.0)
    if known.sum() < FIGURES_NEEDED:
        return Spread(raised, own)
    usual, strength = _usual(raised[known], own[known])
    total = np.minimum(own + strength, own.sum())
    if np.isinf(strength):
        return Spread(np.full_like(raised, usual), total)
    mixed = (strength * usual + own * np.where(known, raised, 0.0)) / (strength + own)
    return Spread(np.where(known, mixed, usual), total)


def _usual(variance: Floats, freedom: Floats) -> tuple[float, float]:
    """The usual variance and its degrees of freedom, by the moments of the logarithms:
    Smyth's section 6.2."""
    half = freedom / 2
    e = np.log(variance) - special.digamma(half) + np.log(half)
    excess = float(e.var(ddof=1) - special.polygamma(1, half).mean())
    if excess <= 0:
        return float(np.exp(e.mean())), float("inf")
    strength = 2 * inverse_trigamma(excess)
    return (
        float(np.exp(e.mean() + special.digamma(strength / 2) - np.log(strength / 2))),
        strength,
    )


def inverse_trigamma(value: float) -> float:
    """The x whose trigamma is `value`, by Newton's method (Smyth, appendix)."""
    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x
