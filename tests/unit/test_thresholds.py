"""Thresholds of an experiment: read, judged, shown, and the exit code that they set."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import analysis
from analysis.commands import cli
from analysis.limits import judged
from analysis.report import build
from experiments.exits import Exit, LabError
from experiments.load import read
from experiments.threshold import parse
from tests.unit import analysis_data as made

KEPT, BROKEN = "response_p99_us < 1e9", "requests_per_s >= 20_000"


def run_with(tmp_path: Path, *thresholds: str) -> Path:
    frame = made.trials(2)
    return made.write_run(tmp_path, frame[frame["validity"] != "void"], thresholds=thresholds)


def test_a_point_keeps_a_threshold_by_the_median_of_its_trials(tmp_path: Path) -> None:
    kept, broken = judged(analysis.load(run_with(tmp_path, KEPT, BROKEN)))
    assert kept.holds
    assert not broken.holds
    assert 0 < broken.broken < broken.points
    assert broken.worst.startswith("poll")
    assert broken.value < 20_000


def test_a_void_trial_breaks_no_threshold(tmp_path: Path) -> None:
    frame = made.trials(3)
    frame = frame[frame["validity"] != "void"]
    spoilt = frame["block"] < 3
    frame.loc[spoilt, "validity"] = "void"
    frame.loc[spoilt, "response_p99_us"] = 1e10
    loaded = analysis.load(made.write_run(tmp_path, frame, thresholds=[KEPT]))
    assert judged(loaded)[0].holds


def test_a_point_without_a_valid_trial_keeps_none(tmp_path: Path) -> None:
    frame = made.trials(2)
    loaded = analysis.load(made.write_run(tmp_path, frame, thresholds=[KEPT]))
    (found,) = judged(loaded)
    assert found.broken == 1
    assert found.worst.startswith("select")


def test_trials_under_strace_and_references_are_left_out(tmp_path: Path) -> None:
    frame = made.trials(2)
    frame = frame[frame["validity"] != "void"]
    slow = frame["server"] == "poll"
    frame.loc[slow, "traced"] = True
    frame.loc[frame["server"] != "poll", "sweep"] = "reference"
    (found,) = judged(analysis.load(made.write_run(tmp_path, frame, thresholds=[KEPT])))
    assert found.points == 0
    assert not found.holds


def test_the_report_shows_them_and_the_exit_code_tells(tmp_path: Path) -> None:
    folder = run_with(tmp_path, KEPT, BROKEN)
    made_report = build(folder)
    for path in (made_report.html, made_report.markdown):
        text = path.read_text()
        assert "Thresholds" in text
        assert "not kept" in text
    done = CliRunner().invoke(cli, ["report", str(folder)])
    assert done.exit_code == Exit.EXCEEDED
    assert "NOT kept by" in done.output


def test_kept_thresholds_end_well(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["report", str(run_with(tmp_path, KEPT))])
    assert done.exit_code == Exit.OK
    assert "kept by all of" in done.output


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("errors < 1", 0, True),
        ("errors < 1", 1, False),
        ("errors <= 1", 1, True),
        ("coverage > 0.99", 1.0, True),
        ("coverage >= 0.99", 0.98, False),
        ("response_p99_us<5_000", 4_999, True),
        ("response_p99_us < 5000", float("nan"), False),
    ],
)
def test_a_threshold_is_a_column_a_sign_and_a_number(text: str, value: float, holds: bool) -> None:
    assert parse(text).holds(value) is holds


@pytest.mark.parametrize("text", ["errors", "errors = 1", "error < 1", "server < 1", "1 < errors"])
def test_others_are_told_with_their_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"question: q\nsweeps: [{{name: a}}]\nthresholds:\n  - {text}\n")
    with pytest.raises(LabError, match=r"mine.yaml:4: thresholds.0"):
        read(path)


def test_a_range_is_two_thresholds_of_one_column(tmp_path: Path) -> None:
    above, below = judged(analysis.load(run_with(tmp_path, KEPT, "requests_per_s < 1e9")))
    assert above.holds
    assert below.holds
