"""What chance alone does to figures of few repeats: each interval holds what it says, simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.figures import idle_connections
from analysis.report.server_sentences import widest
from analysis.statistics.blocks import paired_ratio
from analysis.statistics.estimates import beside, estimate
from analysis.statistics.extremes import between_servers, in_words
from analysis.statistics.noise_floor import noise_floor
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.arrays import Floats

RUNS = 1500
NOISE = 0.08
RATE = "requests_per_s"
ERROR = 0.015
"""Three standard errors of a share of 5% over so many runs, nearly."""


def test_the_words_of_a_server_page_are_wrong_in_2_5_percent() -> None:
    """A server equal to the reference in twelve settings: how often is it called faster in any?"""
    rng = np.random.default_rng(12)
    alone, picked = 0, 0
    for _ in range(RUNS // 3):
        found = [estimate(np.exp(rng.normal(0, NOISE, 5))) for _setting in range(12)]
        name = f"{RATE}_ratio"
        rows = [[one.value, one.low, one.high, one.n] for one in found]
        table = pd.DataFrame(rows, columns=[name, f"{name}_low", f"{name}_high", f"{name}_n"])
        alone += bool((table[f"{name}_low"] > 1).any())
        picked += bool((widest(table, RATE)[f"{name}_low"] > 1).any())
    assert alone / (RUNS // 3) > 0.15
    assert picked / (RUNS // 3) <= 0.025 + 0.02


@pytest.mark.parametrize("blocks", [3, 5, 10])
def test_a_ratio_of_two_runs_knows_that_both_have_errors(blocks: int) -> None:
    rng = np.random.default_rng(blocks)
    held, naive = 0, 0
    for _ in range(RUNS):
        first, second = rng.normal(0, NOISE, (2, blocks))
        found = beside(second, first)
        held += found.low <= 1 <= found.high
        known = estimate(np.exp(second - first.mean()))
        naive += known.low <= 1 <= known.high
    assert held / RUNS >= 0.95 - ERROR
    assert naive / RUNS < 0.92


def test_a_ratio_of_few_blocks_has_no_interval() -> None:
    one = beside(np.array([0.0]), np.array([0.0, 0.1]))
    assert (one.n, one.bounded) == (1, False)
    assert beside(np.array([]), np.array([0.0])).n == 0
    assert beside(np.array([0.0, 0.0]), np.array([0.0, 0.0])).bounded
    single = np.array([[0.0, 0.0], [0.1, np.nan]])
    assert not beside(single, np.zeros((5, 2))).bounded


@pytest.mark.parametrize("left", [[5, 5, 5], [2, 3, 5], [2, 2, 2]])
@pytest.mark.parametrize(("common", "own"), [(NOISE, NOISE), (0.0, NOISE), (NOISE, 0.01)])
def test_a_mean_over_points_of_which_trials_are_missing_holds_the_truth(
    left: list[int], common: float, own: float
) -> None:
    """Each point has a level of its own, and so many blocks left of five; blocks differ as wholes
    by `common`."""
    rng = np.random.default_rng(11)
    held, levels = 0, np.arange(3.0)
    for _ in range(RUNS):
        first, second = (
            levels + rng.normal(0, common, (5, 1)) + rng.normal(0, own, (5, 3)) for _ in range(2)
        )
        for point, many in enumerate(left):
            second[rng.permutation(5)[many:], point] = np.nan
        found = beside(second, first)
        held += found.low <= 1 <= found.high
    assert 0.95 - ERROR <= held / RUNS <= 0.99


def test_a_mean_over_whole_blocks_is_the_mean_of_the_means_of_blocks() -> None:
    first, second = np.random.default_rng(3).normal(0, NOISE, (2, 5, 4))
    over, plain = beside(second, first), beside(second.mean(axis=1), first.mean(axis=1))
    assert over.value == pytest.approx(plain.value)
    assert plain.low < over.value < plain.high
    assert over.high / over.low == pytest.approx(plain.high / plain.low, rel=0.02)


@pytest.mark.parametrize("gaps", [0.0, 0.3, 0.6])
def test_ratios_with_missing_blocks_hold_the_truth(gaps: float) -> None:
    """Trials that something else spoiled are missing at random: the blocks that have both sides
    tell, and fewer of them tell less."""
    rng = np.random.default_rng(4)
    held = known = 0
    blocks = np.arange(10)
    for _ in range(RUNS // 2):
        weather = rng.normal(0, 0.3, 10)
        sides = []
        for factor in (2.0, 1.0):
            kept = rng.random(10) >= gaps
            rates = factor * np.exp(weather + rng.normal(0, NOISE, 10))
            sides.append(pd.DataFrame({"block": blocks[kept], RATE: rates[kept]}))
        found = paired_ratio(sides[0], sides[1], RATE)
        known += found.bounded
        held += found.bounded and found.low <= 2.0 <= found.high
    assert held / known >= 0.95 - ERROR * 1.5


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_a_drift_is_in_no_ratio_and_widens_what_is_none(drift: float) -> None:
    """A machine that gets faster all through a run: ratios within blocks do not see it, and a
    median over blocks is wider, and holds the middle of the run."""
    rng = np.random.default_rng(6)
    ratios, plain, widths = 0, 0, []
    steps = np.linspace(-drift / 2, drift / 2, 5)
    for _ in range(RUNS):
        one, other = np.exp(steps + rng.normal(0, NOISE, (2, 5)))
        found, alone = estimate(one / other), estimate(one)
        ratios += found.low <= 1 <= found.high
        plain += alone.low <= 1 <= alone.high
        widths.append(alone.high - alone.low)
    assert ratios / RUNS == pytest.approx(0.95, abs=ERROR * 1.3)
    assert plain / RUNS >= 0.95 - ERROR
    assert np.mean(widths) > 0.15 + drift / 2


def test_weather_that_lasts_makes_medians_too_sure_and_not_ratios() -> None:
    """Blocks that follow each other are alike where the machine's state lasts: an interval of a
    median over them holds the long run's truth less often than it says. Nothing in one run can tell
    that from a steady machine, so verdicts stand on ratios within blocks, which do not have it."""
    rng = np.random.default_rng(7)
    ratios, plain = 0, 0
    for _ in range(RUNS):
        weather = _lasting(rng, 5, 0.7)
        one, other = np.exp(weather + rng.normal(0, NOISE / 2, (2, 5)))
        found, alone = estimate(one / other), estimate(one)
        ratios += found.low <= 1 <= found.high
        plain += alone.low <= 1 <= alone.high
    assert ratios / RUNS >= 0.95 - ERROR
    assert plain / RUNS < 0.85


def _lasting(rng: np.random.Generator, blocks: int, kept: float) -> Floats:
    found = [rng.normal(0, NOISE)]
    for _ in range(blocks - 1):
        found.append(kept * found[-1] + rng.normal(0, NOISE * np.sqrt(1 - kept**2)))
    return np.array(found)


def test_a_drift_is_found_in_steady_runs_no_oftener_than_the_level() -> None:
    rng = np.random.default_rng(9)
    found = 0
    for _ in range(RUNS // 3):
        frame = pd.DataFrame(
            {"sweep": "reference", "measured": True, "position": np.arange(10) * 7}
        ).assign(block=np.arange(10) // 2, **{RATE: np.exp(rng.normal(0, NOISE, 10))})
        noise = noise_floor(frame)
        assert noise
        found += noise.drifted
    assert found / (RUNS // 3) <= 0.05 + 0.03


@pytest.mark.parametrize("mean", [0.05, 0.5, 2.0])
def test_counts_near_nought_have_no_interval_below_it(mean: float) -> None:
    rng = np.random.default_rng(3)
    for counts in rng.poisson(mean, (200, 5)):
        assert not estimate(counts.astype("float64")).low < 0


def test_shares_of_the_rate_with_none_idle_are_taken_within_blocks(tmp_path: Path) -> None:
    """The machine halves its speed from block to block: each block's ratio stays."""
    frame = made.trials(5, noise=0.0)
    frame[RATE] /= 2.0 ** frame["block"]
    run = analysis.load(made.write_run(tmp_path, frame))
    points = idle_connections.table(run)
    epoll = points[points["server"] == "epoll_level"]
    relative = idle_connections._relative(run, epoll)
    assert relative is not None
    spread = relative[f"{RATE}_high"] / relative[f"{RATE}_low"]
    assert spread.to_numpy() == pytest.approx(1, abs=1e-6)
    assert relative.loc[relative["idle_connections"] == 0, RATE].item() == 1


def test_a_share_of_a_median_that_is_taken_as_known_would_be_too_sure() -> None:
    rng = np.random.default_rng(11)
    naive, paired = 0, 0
    for _ in range(RUNS):
        none, many = np.exp(rng.normal(0, NOISE, (2, 5)))
        over = estimate(many / np.median(none))
        within = estimate(many / none)
        naive += over.low <= 1 <= over.high
        paired += within.low <= 1 <= within.high
    assert paired / RUNS >= 0.95 - ERROR
    assert naive / RUNS < 0.88


def test_best_and_worst_of_equal_servers_are_said_to_differ_by_chance() -> None:
    rng = np.random.default_rng(13)
    rows = [
        {"server": f"s{n}", "block": block, RATE: float(np.exp(rng.normal(0, NOISE)))}
        for n in range(4)
        for block in range(5)
    ]
    equal = between_servers(pd.DataFrame(rows), RATE)
    assert in_words(equal).endswith("times (no more than chance)")
    far = pd.DataFrame(rows)
    far.loc[far["server"] == "s1", RATE] *= 100
    assert "times (" in in_words(between_servers(far, RATE))
    assert "chance" not in in_words(between_servers(far, RATE))
    once = [row for row in rows if row["block"] == 0]
    assert in_words(between_servers(pd.DataFrame(once), RATE)).endswith(" times")
