"""A trend tells beside its ratios what they leave out, and which of them are bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli.commands import cli
from analysis.history.report import write
from analysis.history.trend import history
from tests.support import made_up_run as made
from tests.support.causes import put_cause
from tests.support.spoiled_trials import GONE, spoil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

P99 = "response_p99_us"


def cells(folder: Path, change: Callable[[pd.DataFrame, int], None]) -> dict[str, list[str]]:
    """Poll's cells in the trend of two runs, by the title of the table."""
    for number in (0, 1):
        frame = made.trials(3, seed=number, noise=0.02)
        frame["started_at"] = f"2026-01-0{number + 1}T12:00:00+00:00"
        change(frame, number)
        made.write_run(folder / f"run{number}", frame)
    found = {}
    for part in write(history(folder), folder).markdown.read_text().split("\n## ")[1:]:
        title, *lines = part.splitlines()
        (mine,) = [line for line in lines if line.startswith("| poll |")]
        found[title] = [cell.strip() for cell in mine.strip("| ").split("|")][1:]
    return found


@pytest.mark.parametrize(
    ("column", "words"),
    [("errors", ", errors 33%"), ("unanswered", ", unanswered 33%")],
)
def test_errors_and_missing_answers_stand_beside_every_ratio(
    tmp_path: Path, column: str, words: str
) -> None:
    def change(frame: pd.DataFrame, number: int) -> None:
        if number == 1:
            mine = frame["server"] == "poll"
            frame.loc[mine, column] = frame.loc[mine, "requests"] // 2

    for first, second in cells(tmp_path, change).values():
        assert words not in first
        assert second.endswith(words)


@pytest.mark.parametrize(
    ("bounded", "second"), [((), ""), ((1,), "≥ "), ((0,), "≤ "), ((0, 1), "unknown, of lower")]
)
def test_a_ratio_of_lower_bounds_is_told_as_one(
    tmp_path: Path, bounded: tuple[int, ...], second: str
) -> None:
    def change(frame: pd.DataFrame, number: int) -> None:
        mine = (frame["server"] == "poll") & (frame["block"] == 1)
        if number in bounded:
            frame.loc[mine, "lower_bounds"] = P99

    found = cells(tmp_path, change)
    assert found["Response time, p99"][1].startswith(second or ("0.99", "1"))
    assert ("to" in found["Response time, p99"][1]) is not bool(second)
    assert found["Response time, p99"][0] == "1"
    assert "to" in found["Requests per second"][1]


@pytest.mark.parametrize("number", [0, 1])
def test_a_ratio_of_few_trials_has_no_interval_and_says_what_is_missing(
    tmp_path: Path, number: int
) -> None:
    def change(frame: pd.DataFrame, place: int) -> None:
        if place == number:
            mine = (frame["server"] == "poll") & (frame["block"] == 1)
            frame.loc[mine, "requests_per_s"] = None

    found = cells(tmp_path, change)
    assert " to " not in found["Requests per second"][1]
    assert found["Requests per second"][number].endswith(", missing in 33%")
    assert " to " in found["Cpu per request"][1]
    assert "missing" not in found["Requests per second"][1 - number]


@pytest.mark.parametrize("traced", [True, False])
def test_what_a_tracer_starved_is_no_failure_of_the_server(tmp_path: Path, traced: bool) -> None:
    def change(frame: pd.DataFrame, _number: int) -> None:
        mine = (frame["server"] == "poll") & (frame["idle_connections"] == 10_000)
        frame.loc[mine, "traced"] = traced
        frame.loc[mine, "errors"] = frame.loc[mine, "requests"] // 2
        put_cause(frame, mine, "server_starved", "no response came in the window")

    for row in cells(tmp_path, change).values():
        for cell in row:
            assert ("failed 3 of 15" in cell) is not traced
            assert ("errors" in cell) is not traced


@pytest.mark.usefixtures("no_pictures")
def test_a_trend_counts_failures_and_names_who_is_absent(tmp_path: Path) -> None:
    for day in (1, 2):
        frame = made.trials(3, seed=day)
        frame["started_at"] = f"2026-01-0{day}T12:00:00+00:00"
        if day == 2:
            spoil(frame, "server_gone", 2, **GONE)
            spoil(frame, "server_wrong", server="iterative")
        made.write_run(tmp_path / f"{day}", frame, seed=day)
    trend = history(tmp_path)
    poll = trend.figures[trend.figures["server"] == "poll"].set_index("run")
    assert set(poll["failed"]["2"]) == {2}
    assert set(poll["failed"]["1"]) == {0}
    told = (
        "iterative is left out: no point of it was measured in every run; it failed in 15 of 15 "
        "trials in 2."
    )
    assert told in trend.notes
    done = CliRunner().invoke(cli, ["history", str(tmp_path)])
    assert done.exit_code == 0
    assert "failed 2 of 15" in (tmp_path / "history.md").read_text()
