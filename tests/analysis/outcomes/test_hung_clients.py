"""Clients of a closed loop that wait in vain: all that they would have asked is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from analysis.compare.comparison import compare
from analysis.compare.metrics import CHANGED
from analysis.outcomes import goodput
from analysis.outcomes.thresholds import judged
from contract.exits import Exit
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = 10
TALKING = {"server": "poll", "active_connections": 64, "idle_connections": 0}


def hanging(clients: int, oldest_s: float, seed: int = 1) -> pd.DataFrame:
    """So many of the 64 clients of poll hang; the others are answered the quicker for it."""
    frame = made.trials(BLOCKS, seed=seed, noise=0.01)
    chosen = frame["load"] == "keep_alive"
    for name, value in TALKING.items():
        chosen &= frame[name] == value
    if clients:
        frame.loc[chosen, "unanswered"] = clients
        frame.loc[chosen, "oldest_unanswered_us"] = oldest_s * 1e6
        frame.loc[chosen, "lower_bounds"] = "response_max_us response_mean_us"
        frame.loc[chosen, "response_p50_us"] *= 0.75
    return frame


def test_a_quarter_of_the_clients_that_hang_is_a_regression(tmp_path: Path) -> None:
    runs = [
        made.write_run(tmp_path / name, hanging(clients, 1.6, seed), run=name)
        for name, clients, seed in (("a", 0, 1), ("b", 16, 2))
    ]
    found = compare(runs)
    (row,) = found.figures[found.figures["metric"] == goodput.UNANSWERED].to_dict("records")
    assert row["word"] == CHANGED
    assert row["value"] == pytest.approx(0.25 * 1.6 / 2.0, rel=0.01)
    assert found.exit is Exit.REGRESSED


@pytest.mark.parametrize(("clients", "oldest_s", "told"), [(64, 0.005, False), (1, 2.5, True)])
def test_a_stall_of_a_moment_at_the_end_is_none(
    tmp_path: Path, clients: int, oldest_s: float, told: bool
) -> None:
    run = analysis.load(made.write_run(tmp_path, hanging(clients, oldest_s)))
    shares = goodput.of_all(run.trials[run.trials["unanswered"] > 0])
    assert (shares[goodput.UNANSWERED] > goodput.SMALLEST[goodput.UNANSWERED]) is told


def test_an_open_loop_counts_its_requests(tmp_path: Path) -> None:
    frame = hanging(16, 1.6)
    frame["load"] = "open_loop"
    run = analysis.load(made.write_run(tmp_path, frame))
    mine = run.trials[run.trials["unanswered"] > 0]
    shares = (mine["unanswered"] / (mine["requests"] + mine["unanswered"])).astype("float64")
    assert goodput.of_all(mine)[goodput.UNANSWERED] == pytest.approx(shares.mean())


def test_nobody_is_answered_for_ever(tmp_path: Path) -> None:
    run = analysis.load(made.write_run(tmp_path, hanging(64, 10.0)))
    found = goodput.of_all(run.trials[run.trials["unanswered"] > 0])[goodput.UNANSWERED]
    assert 0.99 < found < 1


def test_a_threshold_that_is_kept_tells_of_them(tmp_path: Path) -> None:
    frame = hanging(16, 1.6)
    frame = frame[frame["outcome"] == "completed"]
    run = made.write_run(tmp_path, frame, thresholds=["response_p50_us < 1e8"])
    (found,) = judged(analysis.load(run))
    assert found.holds
    assert found.remarks.startswith(
        "On average up to 20% of a trial's requests got no answer, at poll"
    )
