"""The trend over many runs: what moved is seen, what cannot be read is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli.commands import cli
from analysis.history.report import write
from analysis.history.trend import Trend, history
from contract.exits import Exit, LabError
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path


def runs(folder: Path, count: int = 3) -> Path:
    """Runs a day apart; poll loses half its rate in the last one."""
    for number in range(count):
        frame = made.trials(3, seed=number, noise=0.02)
        frame["started_at"] = f"2026-01-0{number + 1}T12:00:00+00:00"
        if number == count - 1:
            frame.loc[frame["server"] == "poll", "requests_per_s"] *= 0.5
        made.write_run(folder / f"2026010{number + 1}-120000", frame, seed=number)
    return folder


def test_what_moved_is_seen(tmp_path: Path) -> None:
    trend = history(runs(tmp_path))
    rates = trend.figures[trend.figures["metric"] == "requests_per_s"].set_index(["server", "run"])
    last = trend.runs["run"].iloc[-1]
    assert rates.loc[("poll", last), "ratio"] == pytest.approx(0.5, rel=0.05)
    assert rates.loc[("select", last), "ratio"] == pytest.approx(1.0, rel=0.05)
    assert rates.loc[("poll", last), "high"] < 0.7
    assert trend.runs["changed"].tolist() == ["", "seed: 0, 1", "seed: 1, 2"]


def test_runs_stand_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    runs(tmp_path)
    (tmp_path / "20260101-120000").rename(tmp_path / "z")
    assert history(tmp_path).runs["run"].iloc[0] == "z"


def test_a_clock_that_was_set_back_changes_no_order(tmp_path: Path) -> None:
    for number, day in ((1, 5), (2, 9), (3, 2)):
        frame = made.trials(3, seed=number).assign(started_at=f"2026-01-0{day}T12:00:00+00:00")
        made.write_run(tmp_path / f"2026010{day}-120000", frame, sequence=number)
    frame = made.trials(3).assign(started_at="2026-01-08T12:00:00+00:00")
    made.write_run(tmp_path / "20260108-120000", frame)  # of before there were numbers
    found = history(tmp_path).runs["run"].tolist()
    assert [run[7] for run in found] == ["8", "5", "9", "2"]


def by_month(folder: Path, *numbers: tuple[str, int | None]) -> Trend:
    """Runs a month apart by the clock, each with its name and its number."""
    for month, (name, number) in enumerate(numbers, 1):
        frame = made.trials(3, seed=month).assign(started_at=f"2026-0{month}-01T12:00:00+00:00")
        own = {"sequence": number} if number else {}
        made.write_run(folder / name, frame, **own)
    return history(folder)


def test_runs_of_two_folders_of_results_are_put_in_order_by_the_clock(tmp_path: Path) -> None:
    """Where one number is that of several, which shows that they were."""
    found = by_month(tmp_path, ("x1", 1), ("x2", 2), ("y1", 1), ("y2", 2), ("y3", 3))
    assert found.runs["run"].tolist() == ["x1", "x2", "y1", "y2", "y3"]
    (note,) = found.notes
    assert note.startswith("x1 and y1 have one `sequence` (1), as no runs of one folder")
    assert note.endswith("all stand in the order of the clock.")
    files = write(found, tmp_path)
    for page in (files.html, files.markdown):
        assert "brought here from elsewhere" in page.read_text()


@pytest.mark.parametrize(
    ("numbers", "order", "pairs"),
    [
        ((40, 41, 3), "cab", "a began before c"),
        ((40, 3, 2), "cba", "b began before c and a began before b"),
        ((None, 1, None), "acb", "b began before c"),
        ((1, 2, 3), "abc", ""),
        ((None, None, 1), "abc", ""),
    ],
)
def test_numbers_that_contradict_the_clock_are_kept_and_told(
    tmp_path: Path, numbers: tuple[int | None, ...], order: str, pairs: str
) -> None:
    found = by_month(tmp_path, *zip("abc", numbers, strict=True))
    assert "".join(found.runs["run"]) == order
    told = [note.partition(";")[0] for note in found.notes]
    assert told == ([f"By the clock {pairs}"] if pairs else [])


def test_that_a_run_began_and_ended_after_another_is_no_change(tmp_path: Path) -> None:
    for number in (1, 2):
        frame = made.trials(3).assign(started_at=f"2026-01-0{number}T12:00:00+00:00")
        ended = f"2026-01-0{number}T12:20:00+00:00"
        own = {"sequence": number, "ended_at": ended, "checkup_ended_at": ended}
        made.write_run(tmp_path / f"run{number}", frame, run=f"run{number}", **own)
    assert history(tmp_path).runs["changed"].tolist() == ["", ""]


@pytest.mark.parametrize(("window_s", "out"), [(20.0, True), (1.0, True), (2.1, False)])
def test_runs_with_windows_of_another_length_are_left_out_and_named(
    tmp_path: Path, window_s: float, out: bool
) -> None:
    """Though it be at one of their points."""
    runs(tmp_path)
    other = made.trials(3).assign(started_at="2026-01-09T12:00:00+00:00")
    other.loc[other["server"] == "select", "window_s"] = window_s
    made.write_run(tmp_path / "other", other)
    found = history(tmp_path)
    assert ("other" in set(found.runs["run"])) is not out
    told = f"other is left out: windows of 2 s in 20260101-120000, of {window_s:g} s in other."
    assert (told in found.notes) is out


def test_no_run_beside_the_first_says_what_has_changed(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        frame = made.trials(1).assign(started_at=f"2026-01-0{day}T12:00:00+00:00")
        made.write_run(tmp_path / f"run{day}", frame.assign(window_s=2.0 if day == 1 else 20.0))
    told = (
        r"no other run can stand beside run1: the experiment file has changed; move .*\n"
        r"run2 is left out: windows of 2 s in run1, of 20 s in run2\.\nrun3 is left out"
    )
    with pytest.raises(LabError, match=told) as caught:
        history(tmp_path)
    assert caught.value.exit is Exit.BAD_INPUT


def test_what_cannot_be_read_is_left_out_and_named(tmp_path: Path) -> None:
    runs(tmp_path)
    made.write_run(tmp_path / "damaged")
    (tmp_path / "damaged" / "trials.csv").write_text("nothing\n")
    made.write_run(tmp_path / "void", made.trials(1).assign(validity="void", reason="stolen"))
    trend = history(tmp_path)
    assert len(trend.runs) == 3
    assert [note.split(" is left out")[0] for note in trend.notes] == ["damaged", "void"]


def test_only_points_of_every_run_count(tmp_path: Path) -> None:
    runs(tmp_path)
    fewer = made.trials(3).query("server == 'poll'").assign(started_at="2026-01-09T12:00:00+00:00")
    made.write_run(tmp_path / "fewer", fewer)
    trend = history(tmp_path)
    assert trend.figures["server"].unique().tolist() == ["poll"]
    assert any("5 of 26 points" in note for note in trend.notes)


def test_too_little_for_a_trend(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no such folder"):
        history(tmp_path / "gone")
    made.write_run(tmp_path / "one")
    with pytest.raises(LabError, match="1 run that measured anything: a trend needs 2") as caught:
        history(tmp_path)
    assert caught.value.exit is Exit.NOT_READY
    other = made.trials(1).query("server == 'poll'").assign(active_connections=9)
    made.write_run(tmp_path / "other", other)
    with pytest.raises(LabError, match="no point was measured in all 2 runs: the experiment file"):
        history(tmp_path)


def test_runs_of_which_nothing_is_valid_in_all_are_not_called_changed(tmp_path: Path) -> None:
    for server in ("poll", "select"):
        frame = made.trials(1).query("server != 'epoll_level'")
        gone = frame["server"] != server
        frame.loc[gone, "validity"], frame.loc[gone, "reason"] = "void", "it ended"
        made.write_run(tmp_path / server, frame)
    with pytest.raises(LabError, match="asked in all was not measured in some; move those"):
        history(tmp_path)


def test_a_run_in_which_no_trial_has_finished_says_so(tmp_path: Path) -> None:
    runs(tmp_path)
    made.write_run(tmp_path / "empty", made.trials(1).head(0))
    (note,) = history(tmp_path).notes
    assert note == "empty is left out: nothing in it was measured (no trial has finished)"


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_files_are_written(tmp_path: Path, repeats: int) -> None:
    for name in ("<b>a</b>", "b"):
        made.write_run(tmp_path / name.replace("/", ""), made.trials(repeats))
    done = CliRunner().invoke(cli, ["history", str(tmp_path), "--json"])
    assert json.loads(done.stdout)["report"] == str(tmp_path / "history.html")
    page = (tmp_path / "history.html").read_text()
    assert page.count("<svg") == 1
    assert "<b>" not in page
    assert (tmp_path / "history.md").read_text().count("| select |") == 3
    assert set(pd.read_csv(tmp_path / "history.csv")["server"]) >= {"poll", "select"}
    told = CliRunner().invoke(cli, ["history", str(tmp_path)])
    assert f"History of 2 runs: {tmp_path}/history.html" in told.output
