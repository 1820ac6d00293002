"""What makes a comparison honest, against truths known without the code, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from analysis.compare.judgement import repeats_for
from analysis.records.words import in_todays_words
from analysis.statistics.false_discovery import adjusted
from analysis.statistics.moderated_variance import inverse_trigamma, moderated
from analysis.statistics.noise_floor import warnings
from analysis.statistics.outliers import modified_z, outliers
from tests.support import made_up_run as made

FIGURES = 4000


@pytest.mark.parametrize("repeats", [2, 3, 5, 10])
@pytest.mark.parametrize("unequal", [0.0, 0.7])
def test_intervals_of_a_change_hold_the_truth(repeats: int, unequal: float) -> None:
    """Also where the figures' own spreads differ (by a factor of 2 either way)."""
    rng = np.random.default_rng(repeats)
    sd = 0.08 * np.exp(rng.normal(0, unequal, (FIGURES, 1)))
    a, b = (rng.normal(0, 1, (FIGURES, repeats)) * sd for _ in range(2))
    own = np.full(FIGURES, 2.0 * (repeats - 1))
    found = moderated((a.var(axis=1, ddof=1) + b.var(axis=1, ddof=1)) / 2, own)
    half = special.stdtrit(found.freedom, 0.975) * np.sqrt(found.variance * 2 / repeats)
    held = np.abs(b.mean(axis=1) - a.mean(axis=1)) <= half
    assert 0.93 <= held.mean() <= 0.97


def test_what_figures_have_in_common_narrows_their_intervals() -> None:
    rng = np.random.default_rng(1)
    variance = 0.01 * rng.chisquare(4, FIGURES) / 4
    found = moderated(variance, np.full(FIGURES, 4.0))
    assert found.freedom.min() > 40
    assert found.variance == pytest.approx(np.full(FIGURES, 0.01), rel=0.4)


def test_figures_with_nothing_in_common_keep_their_own() -> None:
    rng = np.random.default_rng(1)
    variance = 10.0 ** rng.uniform(-5, -1, FIGURES)
    found = moderated(variance, np.full(FIGURES, 50.0))
    assert found.freedom.max() < 52
    assert found.variance == pytest.approx(variance, rel=0.4)


def test_prior_of_known_strength_is_found_again() -> None:
    """Smyth's model itself: variances drawn around 0.01 with ten degrees of freedom."""
    rng = np.random.default_rng(3)
    truth = 0.01 * 10 / rng.chisquare(10, 20_000)
    found = moderated(truth * rng.chisquare(4, 20_000) / 4, np.full(20_000, 4.0))
    assert found.freedom[0] - 4 == pytest.approx(10, rel=0.1)


def test_too_few_or_unknown_variances() -> None:
    two = moderated(np.array([0.01, 0.04]), np.array([2.0, 2.0]))
    assert two.variance.tolist() == [0.01, 0.04]
    variance, freedom = np.array([0.01, np.nan, 0.02, *[0.04] * 8]), np.full(11, 2.0)
    freedom[1] = 0
    some = moderated(variance, freedom)
    assert 0.01 < some.variance[1] < 0.1
    few = moderated(variance[:4], freedom[:4])
    assert np.isnan(few.variance[1]), "among few, what is usual is hardly known"
    assert (few.variance[[0, 2, 3]] >= variance[[0, 2, 3]]).all()
    assert few.freedom.tolist() == freedom[:4].tolist()
    none = moderated(np.array([np.nan] * 4), np.zeros(4))
    assert np.isnan(none.variance).all()
    equal = moderated(np.zeros(5), np.full(5, 2.0))
    assert (equal.variance > 0).all()


@pytest.mark.parametrize("x", [1e-4, 0.3, 1.0, 7.0, 1e5, 1e8])
def test_the_inverse_trigamma_inverts(x: float) -> None:
    assert inverse_trigamma(float(special.polygamma(1, x))) == pytest.approx(x, rel=1e-5)


def test_false_discoveries_are_controlled_as_scipy_does() -> None:
    p = np.random.default_rng(1).uniform(size=50) ** 2
    assert adjusted(p) == pytest.approx(stats.false_discovery_control(p))
    holes = np.insert(p, 7, np.nan)
    found = adjusted(holes)
    assert np.isnan(found[7])
    assert np.delete(found, 7) == pytest.approx(adjusted(p))
    assert len(adjusted(np.array([]))) == 0


def test_the_repeats_asked_for_are_enough() -> None:
    repeats = int(repeats_for(np.array([0.08]), 0.1)[0])
    rng = np.random.default_rng(5)
    a, b = (rng.normal(shift, 0.08, (FIGURES, repeats)) for shift in (0.0, np.log(1.1)))
    found = stats.ttest_ind(a, b, axis=1).pvalue < 0.05
    assert 0.77 <= found.mean() <= 0.86
    assert repeats_for(np.array([0.08]), 0.1, families=24)[0] > repeats
    assert np.isnan(repeats_for(np.array([np.nan]), 0.1)[0])


def test_the_modified_z_score_is_that_of_its_source() -> None:
    """Median absolute deviation 1: 0.6745 a unit."""
    found = modified_z(np.array([-2.0, -1.0, 1.0, 0.5, 10.0]))
    assert found[-1] == pytest.approx(6.745)
    half_zero = modified_z(np.array([0.0, 0.0, 0.0, 5.0]))
    assert half_zero[3] == pytest.approx(4 / 1.253314)
    assert modified_z(np.zeros(3)).tolist() == [0, 0, 0]
    assert len(modified_z(np.array([]))) == 0


def test_a_trial_that_stands_apart_is_named() -> None:
    frame = in_todays_words(made.trials(3, seed=4, noise=0.02))
    assert not len(outliers(frame, "requests_per_s"))
    frame["requests_per_s"] *= np.where(np.arange(len(frame)) == 20, 0.5, 1.0)
    found = outliers(frame, "requests_per_s")
    assert found["trial"].tolist() == [frame.loc[20, "trial"]]
    assert found["deviation"].iloc[0] == pytest.approx(-0.5, abs=0.05)
    trial = str(frame.loc[20, "trial"])
    assert any(trial in told and "run again" in told for told in warnings(frame))


def test_a_drift_is_told_with_what_to_do() -> None:
    frame = in_todays_words(made.trials(20, seed=4, noise=0.01))
    frame["requests_per_s"] *= np.linspace(1, 0.8, len(frame))
    assert any("the machine drifted" in told and "run again" in told for told in warnings(frame))


def test_nothing_stands_apart_in_little_data() -> None:
    for frame in (made.trials(1), made.trials(2), made.trials(3).head(0)):
        assert warnings(in_todays_words(frame)) == []
