"""The schedules of the open loop are what they say, by goodness of fit with fixed seeds."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from scipy import stats

from loadgen.loads.arrivals import Arrivals
from loadgen.loads.schedule import SECOND_NS, schedule, surging

RATE_PER_S = 1_000.0
COUNT = 20_000
LEAST_P = 0.001


def pauses(moments: list[int]) -> list[float]:
    return [(after - before) / 1e9 for before, after in pairwise(moments)]


@pytest.mark.parametrize("seed", range(5))
def test_poisson_pauses_are_exponential(seed: int) -> None:
    moments = list(islice(schedule("poisson", RATE_PER_S, seed), COUNT))
    fit = stats.kstest(pauses(moments), "expon", args=(0, 1 / RATE_PER_S))
    assert fit.pvalue > LEAST_P
    assert moments[-1] / 1e9 == pytest.approx(COUNT / RATE_PER_S, rel=0.05)


def test_poisson_of_several_workers_is_poisson_of_the_whole_rate() -> None:
    parts = [islice(schedule("poisson", RATE_PER_S, 7, part, 3), COUNT // 3) for part in range(3)]
    lists = [list(part) for part in parts]
    end = min(moments[-1] for moments in lists)
    merged = sorted(moment for moments in lists for moment in moments if moment <= end)
    assert stats.kstest(pauses(merged), "expon", args=(0, 1 / RATE_PER_S)).pvalue > LEAST_P
    assert lists[0] != lists[1]


def test_poisson_is_not_fixed_and_is_told_apart() -> None:
    """The test of fit can fail: a fixed schedule does not pass for exponential."""
    moments = list(islice(schedule("fixed", RATE_PER_S), COUNT))
    assert stats.kstest(pauses(moments), "expon", args=(0, 1 / RATE_PER_S)).pvalue < LEAST_P


def test_a_seed_repeats_its_schedule() -> None:
    again = [list(islice(schedule("poisson", 50.0, seed), 100)) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


def test_fixed_is_even_without_drift_and_interleaves() -> None:
    moments = list(islice(schedule("fixed", 3.0), 3_000_001))
    assert moments[3_000_000] == 1_000_000 * 1_000_000_000
    parts = [list(islice(schedule("fixed", 1_000.0, 0, part, 4), 25)) for part in range(4)]
    merged = sorted(moment for part in parts for moment in part)
    assert merged == list(islice(schedule("fixed", 1_000.0), 100))


@pytest.mark.parametrize(("arrivals", "rate"), [("often", 1.0), ("fixed", 0.0), ("poisson", -1.0)])
def test_nonsense_is_refused(arrivals: str, rate: float) -> None:
    with pytest.raises(ValueError, match=r"choose one of|must be above 0"):
        schedule(arrivals, rate)


def test_a_surge_is_followed_by_a_schedule_that_begins_where_it_ends() -> None:
    moments = surging(schedule("fixed", 10.0), 0.25, schedule("fixed", 4.0))
    assert [next(moments) / SECOND_NS for _ in range(6)] == [0.0, 0.1, 0.2, 0.25, 0.5, 0.75]


def test_the_schedule_of_a_window_takes_the_place_of_the_one_before() -> None:
    arrivals = Arrivals(schedule("fixed", 1.0), schedule("fixed", 1_000.0))
    arrivals.begin()
    first = arrivals.take()
    assert arrivals.due == first + SECOND_NS
    arrivals.open_window()
    opened = arrivals.take()
    assert first <= opened < first + SECOND_NS
    assert arrivals.due == opened + SECOND_NS // 1_000
