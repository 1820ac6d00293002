"""What a figure says in words holds beside its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from analysis.claims.verdicts import judge_all
from analysis.figures import all_figures
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run


def run(folder: Path, frame: pd.DataFrame) -> Run:
    return analysis.load(made.write_run(folder, frame, claims=[16]))


def told(folder: Path, name: str, frame: pd.DataFrame) -> str:
    return all_figures()[name].reading(run(folder, frame))


def test_equal_servers_are_not_set_apart(tmp_path: Path) -> None:
    frame = made.trials(5)
    text = told(tmp_path / "unlike", "concurrency", frame)
    assert " and thread per connection 7" in text
    assert "times (1." in text
    frame["requests_per_s"] = made.trials(5, noise=0.01)["requests_per_s"].iloc[0]
    frame["requests_per_s"] *= made.trials(5, seed=3)["response_p50_us"].rank() * 1e-5 + 1
    text = told(tmp_path / "alike", "concurrency", frame)
    assert "times (no more than chance) apart" in text
    assert "slowest" not in text


@pytest.mark.parametrize(
    ("rate", "median", "tail", "hidden"),
    [(1, 1, 1, True), (0.3, 1, 1, False), (1, 99, 1, False), (1, 1, 1e-3, False)],
)
def test_a_rate_that_shows_the_short_backlog_is_not_said_to_hide_it(
    tmp_path: Path, rate: float, median: float, tail: float, hidden: bool
) -> None:
    frame = made.trials(5)
    short = (frame["server"] == "iterative") & (frame["backlog"] < 100)
    for name, factor in (
        ("requests_per_s", rate),
        ("response_p50_us", median),
        ("response_p999_us", tail),
    ):
        frame.loc[short, name] *= factor
    found = run(tmp_path, frame)
    reading = all_figures()["backlog"].reading(found)
    assert ("do not show it: clients that wait" in reading) is hidden
    assert ("The rate is " in reading) is not hidden
    (verdict,) = judge_all(found)
    assert ("Throughput hides it: with a backlog of 1 " in verdict.explanation) is hidden
    assert ("With a backlog of 1 throughput was " in verdict.explanation) is not hidden


@pytest.mark.parametrize("rested", [0, 3])
def test_a_server_that_rested_is_not_called_always_busy(tmp_path: Path, rested: int) -> None:
    frame = made.trials(5)
    some = (frame["active_connections"] == 1000) & (frame["server"] == "poll")
    frame.loc[some & (frame["block"] <= rested), "validity"] = "generator_bound"
    text = told(tmp_path, "latency", frame)
    assert ("a server that is always busy." in text) is not rested
    assert (f"in {rested} of 20 trials the server was not busy all the time." in text) is bool(
        rested
    )
