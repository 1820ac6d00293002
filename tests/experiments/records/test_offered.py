"""How much was due in a window, with a surge and without."""

from __future__ import annotations

import pytest

from experiments.records.offered import offered_per_s

STEADY = {"rate_per_s": 100.0, "window_s": 10.0}


@pytest.mark.parametrize(
    ("surge", "offered"),
    [
        ({}, 100),
        ({"surge_per_s": None, "surge_s": 0.0}, 100),
        ({"surge_per_s": 300.0, "surge_s": 2.5}, 150),
        ({"surge_per_s": 300.0, "surge_s": 20.0}, 300),
    ],
)
def test_a_surge_counts_by_its_share_of_the_window(surge: dict[str, float], offered: float) -> None:
    assert offered_per_s({**STEADY, **surge}) == pytest.approx(offered)
