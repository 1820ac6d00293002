"""What is believed of a rate after trials at others."""

from __future__ import annotations

from math import exp

import pytest

from contract.checkup.held_rate import ABOVE, BELOW, HeldRate, RateTried, held_rate


def test_without_trials_it_is_about_what_a_closed_loop_had() -> None:
    belief = held_rate(1_000, [])
    assert 800 < belief.median < 1_000
    assert belief.low < 200
    assert belief.high > 1_500


def test_a_trial_that_kept_the_limits_moves_it_up_and_one_that_did_not_down() -> None:
    before = held_rate(1_000, [])
    up = held_rate(1_000, [RateTried(900, True)])
    down = held_rate(1_000, [RateTried(900, False)])
    assert down.median < before.median < up.median
    assert down.high < 1_000
    assert up.low > 850


def test_trials_on_both_sides_enclose_it() -> None:
    belief = held_rate(1_000, [RateTried(900, True), RateTried(950, False)] * 2)
    assert 850 < belief.low < 900 < belief.median < 950 < belief.high < 1_000


def test_one_trial_that_ended_otherwise_does_not_turn_many() -> None:
    many = [RateTried(500, True)] * 4 + [RateTried(1_000, False)] * 4
    belief = held_rate(1_000, [*many, RateTried(400, False)])
    assert belief.median > 450


def test_contradictions_widen_it() -> None:
    sure = held_rate(1_000, [RateTried(900, True), RateTried(930, False)] * 2)
    unsure = held_rate(
        1_000,
        [RateTried(900, True), RateTried(930, False), RateTried(900, False), RateTried(930, True)],
    )
    assert unsure.width > sure.width


@pytest.mark.parametrize("kept", [True, False])
def test_it_stays_on_the_grid_when_all_trials_end_alike(kept: bool) -> None:
    belief = held_rate(1_000, [RateTried(1_000 * (4 if kept else 0.016), kept)] * 12)
    assert 1_000 * exp(-BELOW) * 0.99 < belief.low <= belief.high < 1_000 * exp(ABOVE) * 1.01


def test_the_width_is_a_factor() -> None:
    assert HeldRate(10.0, 8.0, 12.0).width == pytest.approx(1.5)
