"""Each point of a trend counts alike, and few trials do not stand for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.history.report import write
from analysis.history.trend import history
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from analysis.history.trend import Trend

    Change = Callable[[pd.DataFrame, int], None]
RATE, P99 = "requests_per_s", "response_p99_us"
TITLES = {RATE: "Requests per second", P99: "Response time, p99"}


def poll(frame: pd.DataFrame, points: int) -> pd.Series[bool]:
    """The trials of so many of poll's five points."""
    names = frame.loc[frame["server"] == "poll", "point"].drop_duplicates().sort_values()
    assert len(names) == 5
    return frame["point"].isin(names.iloc[:points])


def trend(folder: Path, change: Change, blocks: int = 10, runs: int = 2) -> Trend:
    for number in range(runs):
        frame = made.trials(blocks, seed=number, noise=0.005)
        frame["started_at"] = f"2026-01-0{number + 1}T12:00:00+00:00"
        change(frame, number)
        made.write_run(folder / f"run{number}", frame)
    return history(folder)


def polls(found: Trend, metric: str, run: int = 1) -> pd.Series[float]:
    figures = found.figures
    mine = (figures["server"] == "poll") & (figures["metric"] == metric)
    return figures[mine & (figures["run"] == f"run{run}")].iloc[0]


def cells(found: Trend, folder: Path, metric: str) -> list[str]:
    """Poll's cells in the table of a metric."""
    page = write(found, folder).markdown.read_text()
    (part,) = [one for one in page.split("\n## ") if one.startswith(TITLES[metric])]
    (mine,) = [line for line in part.splitlines() if line.startswith("| poll |")]
    return [cell.strip() for cell in mine.strip("| ").split("|")][1:]


@pytest.mark.parametrize("left", [1, 2, 4])
@pytest.mark.parametrize("cause", ["server_gone", "surroundings"])
def test_points_of_which_trials_failed_weigh_as_much_as_others(
    tmp_path: Path, cause: str, left: int
) -> None:
    """Three of five points have half their rate; most of their trials are lost."""

    def change(frame: pd.DataFrame, number: int) -> None:
        if number:
            frame.loc[poll(frame, 3), RATE] *= 0.5
            put_cause(frame, poll(frame, 3) & (frame["block"] > left), cause, "it is gone")

    row = polls(trend(tmp_path, change, 5), RATE)
    assert row["points"] == 5
    assert row["ratio"] == pytest.approx(0.5 ** (3 / 5), rel=0.02)
    bounded = left > 1 and (cause == "server_gone" or left == 4)
    assert pd.notna(row["low"]) == bounded
    if bounded:
        assert row["low"] < 0.5 ** (3 / 5) < row["high"]


@pytest.mark.parametrize("run", [0, 1])
@pytest.mark.parametrize(("void", "points", "told"), [(5, 5, ""), (7, 5, "5 points"), (7, 1, "1 ")])
def test_most_trials_void_leave_no_interval_and_are_told(
    tmp_path: Path, void: int, points: int, told: str, run: int
) -> None:
    def change(frame: pd.DataFrame, number: int) -> None:
        if number == run:
            mine = poll(frame, points) & (frame["block"] <= void)
            put_cause(frame, mine, "surroundings", "other programs used 0.9 cores in the window")

    found = cells(trend(tmp_path, change), tmp_path, RATE)
    assert (" to " in found[1]) is not bool(told)
    assert (f", mostly void at {told}" in found[run]) is bool(told)
    assert "void" not in found[1 - run]


@pytest.mark.parametrize("run", [0, 1])
def test_a_figure_that_a_run_lacks_at_most_points_is_told_as_missing(
    tmp_path: Path, run: int
) -> None:
    """It doubled there, and the fifth point by itself shows nothing of that."""

    def change(frame: pd.DataFrame, number: int) -> None:
        frame.loc[poll(frame, 4), P99] *= 1 + number
        if number == run:
            frame.loc[poll(frame, 4), P99] = None

    found = trend(tmp_path, change)
    first, second = texts = cells(found, tmp_path, P99)
    assert texts[run].endswith(", missing in 80%")
    assert "missing" not in texts[1 - run]
    assert " to " not in second
    assert polls(found, P99)["points"] == 1
    assert " to " in cells(found, tmp_path, RATE)[1]
    assert first.startswith("1")


def test_few_trials_of_one_point_leave_no_interval(tmp_path: Path) -> None:
    """Four of fifty trials, and four of the ten of that point."""

    def change(frame: pd.DataFrame, number: int) -> None:
        if number:
            frame.loc[poll(frame, 1) & (frame["block"] <= 4), P99] = None

    second = cells(trend(tmp_path, change), tmp_path, P99)[1]
    assert " to " not in second
    assert second.endswith(", missing in 8%")


def test_a_figure_that_no_run_has_at_a_point_is_not_missed(tmp_path: Path) -> None:
    """As where there are no clients whose times could be taken."""

    def change(frame: pd.DataFrame, _number: int) -> None:
        frame.loc[poll(frame, 2), P99] = None

    found = trend(tmp_path, change)
    assert "missing" not in "".join(cells(found, tmp_path, P99))
    assert " to " in cells(found, tmp_path, P99)[1]
    assert polls(found, P99)["points"] == 3


def test_a_figure_that_one_run_of_three_lacks_is_missed_in_that_one(tmp_path: Path) -> None:
    def change(frame: pd.DataFrame, number: int) -> None:
        if number == 1:
            frame.loc[poll(frame, 5), P99] = None

    found = trend(tmp_path, change, 3, 3)
    _, second, third = cells(found, tmp_path, P99)
    assert second.endswith(", missing in 100%")
    assert " to " in third
    assert polls(found, P99, 1)["points"] == 0
    assert polls(found, P99, 2)["points"] == 5
