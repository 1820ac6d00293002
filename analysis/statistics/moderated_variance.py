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

How far they agree is a figure of few as well, and who believes it finds equal servers different:
in 8 to 10% of comparisons of 12 to 40 points with three repeats each, where some points spread 1.4
times as much as others. So they count as agreeing no more than the upper end of the interval of
their disagreement allows. Among fewer than MANY figures even that is hardly known: of equal servers
at three points 6 to 8% would be called different. There what is usual only keeps a variance from
being smaller, as one of five blocks of two speeds may be by chance, and lends no certainty.
`tests/analysis/compare/test_few_figures_by_chance.py` simulates them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.arrays import Floats

FIGURES_NEEDED = 3
MANY = 10
"""Figures from which on they learn from each other."""
SURE = 0.95
"""That figures disagree no more than is allowed for."""
RESOLUTION = 0.001
"""Least step of a recorded figure, as a share: histograms have three significant digits."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Per figure: `variance` of one trial's logarithm, and its degrees of `freedom`
    (0 and NaN where nothing is known)."""

    variance: Floats
    freedom: Floats


def moderated(variance: Floats, freedom: Floats) -> Spread:
    """The variances of figures of one kind, each drawn towards what is usual.

    `variance` is of logarithms, `freedom` its degrees of freedom. Of MANY figures one with none
    takes the usual variance over. Of fewer a variance is only raised to what is usual, and none is
    better known for it; those of two are left as they are.
    """
    known = (freedom > 0) & np.isfinite(variance)
    raised = np.where(known, np.maximum(variance, RESOLUTION**2), np.nan)
    own = np.where(known, freedom, 0.0)
    if known.sum() < FIGURES_NEEDED:
        return Spread(raised, own)
    usual, strength = _usual(raised[known], own[known])
    mixed = (strength * usual + own * np.where(known, raised, 0.0)) / (strength + own)
    if known.sum() < MANY:
        return Spread(np.where(known, np.maximum(raised, mixed), np.nan), own)
    return Spread(np.where(known, mixed, usual), np.minimum(own + strength, own.sum()))


def _usual(variance: Floats, freedom: Floats) -> tuple[float, float]:
    """The usual variance, by the moments of the logarithms (Smyth's section 6.2), and as how many
    degrees of freedom it counts: those of the upper end of the excess of their variance over that
    of chance."""
    half = freedom / 2
    e = np.log(variance) - special.digamma(half) + np.log(half)
    by_chance, seen = float(special.zeta(2, half).mean()), float(e.var(ddof=1))
    error = np.sqrt(2 / (len(e) - 1)) * max(seen, by_chance)
    excess = max(seen - by_chance, 0.0)
    usual = float(e.mean())
    if excess > 0:
        prior = inverse_trigamma(excess)
        usual += float(special.digamma(prior) - np.log(prior))
    surely = excess + float(special.ndtri(SURE)) * error
    return float(np.exp(usual)), 2 * inverse_trigamma(surely)


def inverse_trigamma(value: float) -> float:
    """The x whose trigamma is `value`, by Newton's method (Smyth, appendix). That is Hurwitz' zeta
    of 2 and x, and its derivative -2 times that of 3, which cost less than `polygamma`."""
    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.zeta(2, x))
        step = trigamma * (1 - trigamma / value) / float(-2 * special.zeta(3, x))
        x += step
        if -step / x < 1e-8:
            break
    return x
