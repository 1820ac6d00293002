"""What the machine did is told from what a server did: runs simulated with a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.compare.estimates import (
    MANY,
    Estimates,
    LogRatios,
    Moments,
    estimates,
    inflation,
    log_ratios,
)
from analysis.compare.judgement import judged
from analysis.compare.metrics import CHANGED
from analysis.statistics.false_discovery import adjusted

SIMULATED = 1500
NOISE = 0.06
"""Of one trial, as a standard deviation of logarithms."""
WEATHER = 0.08
"""Of the machine from block to block: all servers of a block share it."""


class Machine:
    """Two runs of `servers` beside a reference, drawn from seeded chance."""

    def __init__(self, seed: int, servers: int = 1, blocks: int = 10) -> None:
        self._rng = np.random.default_rng(seed)
        self._shape = (servers + 1, blocks)
        self.reference = np.arange(servers + 1) == 0
        self.server = np.array([f"s{place}" for place in range(servers + 1)], dtype=object)

    def judged(
        self, moved: float = 0.0, changed: float | np.ndarray = 0.0, strays: float = 0.0
    ) -> Estimates:
        """The second run's machine is faster by `moved`, its servers but for the reference
        by `changed` (of all, or of each row); each follows the machine with an error of
        `strays`."""
        own = np.where(self.reference, 0.0, changed)
        stray = np.where(self.reference, 0.0, self._rng.normal(0, strays, len(own)))
        first, second = self._run(np.zeros(len(own))), self._run(moved + own + stray)
        measured = log_ratios(_moments(first), _moments(second))
        pairs = log_ratios(*(_moments(self._to_reference(logs)) for logs in (first, second)))
        return estimates(measured, pairs, self.reference, self.server)

    def _to_reference(self, logs: np.ndarray) -> np.ndarray:
        return np.asarray(np.where(self.reference[:, None], np.nan, logs - logs[0]))

    def _run(self, means: np.ndarray) -> np.ndarray:
        weather = self._rng.normal(0, WEATHER, self._shape[1])
        logs = self._rng.normal(0, NOISE, self._shape) + weather
        return np.asarray(logs + means[:, None])


def _moments(logs: np.ndarray) -> Moments:
    count = np.isfinite(logs).sum(axis=1)
    mean, var = logs.mean(axis=1), logs.var(axis=1, ddof=1)
    return Moments(count.astype(float), mean, var)


@pytest.mark.parametrize("blocks", [3, 10])
def test_intervals_beside_the_reference_cover_the_truth_as_often_as_they_say(blocks: int) -> None:
    machine, truth = Machine(1, blocks=blocks), -0.1
    held = []
    for _ in range(SIMULATED):
        found = machine.judged(moved=0.5, changed=truth)
        if not found.beside[1]:
            continue
        size, half = found.ratios.size[1], found.ratios.half[1]
        held.append(size - half <= truth <= size + half)
    assert len(held) > SIMULATED / 2
    assert 0.93 <= np.mean(held) <= 0.97


def test_a_server_that_lost_what_the_machine_gained_is_found() -> None:
    """By itself it has not changed at all."""
    machine = Machine(2, blocks=30)
    found = [machine.judged(moved=0.1, changed=-0.1) for _ in range(200)]
    told = [one for one in found if one.beside[1]]
    assert len(told) > 150
    assert np.mean([one.p[1] < 0.05 for one in told]) > 0.9
    assert np.mean([one.ratios.size[1] for one in told]) == pytest.approx(-0.1, abs=0.02)


@pytest.mark.parametrize("moved", [0.0, 0.04, 0.2])
def test_a_server_that_follows_the_machine_has_not_changed(moved: float) -> None:
    machine = Machine(3)
    seen = [machine.judged(moved=moved).p[1] < 0.05 for _ in range(SIMULATED)]
    assert np.mean(seen) <= 0.065


def test_where_the_machine_did_not_move_a_change_has_to_show_both_ways() -> None:
    machine = Machine(4, blocks=30)
    found = [machine.judged(changed=-0.15) for _ in range(100)]
    still = [one for one in found if not one.beside[1]]
    assert len(still) > 80
    assert np.mean([one.p[1] < 0.05 for one in still]) > 0.9
    assert all(one.noise[1] > np.expm1(one.ratios.half[1]) for one in still)


@pytest.mark.parametrize(("servers", "figures"), [(5, 1), (5, 8), (12, 1), (12, 2)])
def test_servers_that_do_not_follow_all_alike_have_not_changed(servers: int, figures: int) -> None:
    """In 95% of comparisons none has: a find is a false one here."""
    many = Machine(5, servers=servers * figures)
    many.server[1:] = np.repeat([f"s{number}" for number in range(servers)], figures)
    runs = [many.judged(0.5, strays=0.15) for _ in range(400)]
    finds = np.mean([(adjusted(one.p[1:]) < 0.05).any() for one in runs])
    assert finds <= 0.075


def test_of_few_servers_how_they_stray_is_not_known() -> None:
    few = Machine(5, servers=MANY - 1)
    runs = [few.judged(0.5, strays=0.15) for _ in range(100)]
    assert np.mean([(one.p[1:] < 0.05).mean() for one in runs]) > 0.4
    assert not any(one.stray.any() for one in runs)


@pytest.mark.parametrize("figures", [1, 2, 3, 4])
def test_what_is_chance_alone_widens_no_error(figures: int) -> None:
    """The factor is 1 or more, so its mean is a little above."""
    rng, many = np.random.default_rng(9), 400 * figures
    server = np.repeat([f"s{number}" for number in range(400)], figures).astype(object)
    sizes = rng.normal(0, 0.05, (100, many))
    rest = [np.full(many, value) for value in (0.05, 1e6, 0.1)]
    found = [inflation(LogRatios(size, *rest), server, np.full(many, True))[0] for size in sizes]
    assert 1 < np.mean(found) < 1.06


def test_what_servers_stray_is_not_averaged_out() -> None:
    """So the repeats asked for do not grow with those that were made."""
    stray, spread = [], []
    for blocks in (10, 100, 1000):
        many = Machine(10, servers=12, blocks=blocks)
        runs = [many.judged(0.5, strays=0.05) for _ in range(60)]
        stray.append(np.mean([one.stray[1] for one in runs]))
        spread.append(np.mean([one.spread[1] for one in runs]))
    assert stray == pytest.approx([0.05] * 3, rel=0.25)
    assert spread == pytest.approx([NOISE * np.sqrt(2)] * 3, rel=0.1)


def test_a_server_counts_once_however_many_figures_stray() -> None:
    server = np.array([f"s{number}" for number in range(7)] + ["odd"] * 40, dtype=object)
    sizes = np.where(server == "odd", 1.0, 0.01)
    rest = [np.full(len(server), value) for value in (0.05, 1e6, 0.1)]
    factor, freedom = inflation(LogRatios(sizes, *rest), server, np.full(len(server), True))
    assert (factor, freedom) == (1, np.inf)


def test_a_change_far_beyond_chance_widens_to_no_infinity() -> None:
    server = np.array([f"s{number}" for number in range(8)], dtype=object)
    far = LogRatios(*(np.full(8, value) for value in (40.0, 0.05, 1e6, 0.1)))
    assert (far.p == 0).all()
    assert np.isfinite(inflation(far, server, np.full(8, True))[0])


def test_half_of_the_servers_may_change_where_the_machine_did_not() -> None:
    many = Machine(12, servers=6)
    slower = np.where(np.isin(many.server, ["s1", "s2", "s3"]), -0.3, 0.0)
    still = [one for one in (many.judged(changed=slower) for _ in range(40)) if not one.beside[1]]
    assert len(still) > 30
    assert np.mean([(one.p[1:4] < 0.01).all() for one in still]) > 0.9


def test_without_a_block_in_common_the_reference_counts_as_a_whole() -> None:
    machine = Machine(13, servers=3)
    first, second = machine._run(np.zeros(4)), machine._run(np.full(4, 0.4))
    measured = log_ratios(_moments(first), _moments(second))
    nothing = LogRatios(*(np.full(4, value) for value in (np.nan, np.nan, 0.0, np.nan)))
    found = estimates(measured, nothing, machine.reference, machine.server)
    assert found.beside.tolist() == [False, True, True, True]
    assert not found.paired.any()
    assert (found.p[1:] > 0.01).all()
    assert (found.ratios.error[1:] > measured.error[1:]).all()


def test_one_changed_server_among_many_is_still_found() -> None:
    many = Machine(6, servers=8)
    only = np.where(many.server == "s3", -0.4, 0.0)
    found = [many.judged(moved=0.3, changed=only, strays=0.03).p for _ in range(100)]
    assert np.mean([p[3] < 0.01 for p in found]) > 0.9


def test_a_server_of_many_figures_does_not_hide_its_own_change() -> None:
    """The usual server strays, not the usual figure."""
    machine = Machine(7, servers=20)
    machine.server[1:] = "mine"
    p = machine.judged(moved=0.3, changed=-0.3).p
    assert (p[1:] < 0.01).all()


def test_without_a_reference_a_figure_stands_alone() -> None:
    measured = LogRatios(*(np.array([value]) for value in (0.3, 0.05, 8.0, 0.1)))
    nothing = LogRatios(*(np.array([value]) for value in (np.nan, np.nan, 0.0, np.nan)))
    found = estimates(measured, nothing, np.array([False]), np.array(["mine"], dtype=object))
    assert found.p[0] == measured.p[0] < 0.001
    assert found.noise[0] == pytest.approx(np.expm1(measured.half[0]))
    assert not found.beside[0]


def test_a_single_block_tells_nothing() -> None:
    machine = Machine(8, servers=3, blocks=1)
    one = Moments(np.ones(4), np.zeros(4), np.full(4, np.nan))
    measured = log_ratios(one, one)
    found = estimates(measured, measured, machine.reference, machine.server)
    assert np.isnan(found.p).all()
    assert np.isnan(found.noise).all()
    assert not found.beside.any()


def test_intervals_that_are_told_hold_though_they_were_picked() -> None:
    """Of 120 figures a few moved, hardly beyond noise: those that are told are the furthest."""
    rng = np.random.default_rng(1)
    held = told = bare = 0
    for _ in range(60):
        true = np.where(rng.random(120) < 0.3, 0.05 * rng.choice([-1, 1], 120), 0.0)
        base, other = rng.normal(0, 0.04, (2, 120, 5))
        found = log_ratios(_moments(base), _moments(other + true[:, None]))
        frame = pd.DataFrame(
            {
                "metric": "response_p99_us",
                "run": "b",
                "key": "k",
                "server": "poll",
                "why": "",
                "stray": 0.0,
                "low_base": 0,
                "low_here": 0,
                "base_value": 1.0,
                "value": np.exp(found.size),
                "ratio": np.exp(found.size),
                "p": found.p,
                "low": np.exp(found.size - found.half),
                "high": np.exp(found.size + found.half),
                "freedom": found.freedom,
                "spread": found.spread,
            }
        )
        word = judged(frame, 0.1)
        picked = (word["word"] == CHANGED).to_numpy()
        inside = (np.log(word["low"]) <= true) & (true <= np.log(word["high"]))
        before = (found.size - found.half <= true) & (true <= found.size + found.half)
        told += picked.sum()
        held += (inside.to_numpy() & picked).sum()
        bare += (before & picked).sum()
    assert told > 100
    assert bare / told < 0.9
    assert held / told > 0.93
