"""Thresholds of an experiment: read, judged, shown, and the exit code that they set."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import analysis
from analysis.cli.commands import cli
from analysis.outcomes.thresholds import ThresholdResult, ending, judged
from analysis.report.report import build
from contract.exits import Exit, LabError
from contract.thresholds import parse
from contract.void_causes import BY_SERVER
from experiments.plan.experiment_file import read
from tests.support import made_up_run as made
from tests.support.causes import put_cause

pytestmark = pytest.mark.usefixtures("no_pictures")

KEPT, BROKEN = "response_p99_us < 1e9", "requests_per_s >= 20_000"


def run_with(tmp_path: Path, *thresholds: str) -> Path:
    frame = made.trials(2)
    return made.write_run(tmp_path, frame[frame["outcome"] == "completed"], thresholds=thresholds)


def test_a_point_keeps_a_threshold_by_the_median_of_its_trials(tmp_path: Path) -> None:
    kept, broken = judged(analysis.load(run_with(tmp_path, KEPT, BROKEN)))
    assert kept.holds
    assert not broken.holds
    assert 0 < broken.broken < broken.points
    assert broken.worst.startswith("poll")
    assert broken.value < 20_000


def spoilt_run(
    tmp_path: Path, cause: str | None, blocks: int, *thresholds: str, **where: object
) -> ThresholdResult:
    """Of five repeats the first `blocks` are not measured (of poll, or of all)."""
    frame = made.trials(5)
    frame = frame[frame["outcome"] == "completed"]
    spoilt = frame["block"] <= blocks
    for name, value in where.items():
        spoilt &= frame[name] == value
    put_cause(frame, spoilt, cause, "what happened")
    frame.loc[spoilt, "response_p99_us"] = 1e10
    (found,) = judged(analysis.load(made.write_run(tmp_path, frame, thresholds=thresholds)))
    return found


@pytest.mark.parametrize("threshold", [KEPT, "errors < 1", "server_rss_bytes > 1"])
@pytest.mark.parametrize("cause", BY_SERVER)
@pytest.mark.parametrize("blocks", [1, 4, 5])
def test_a_trial_that_the_server_failed_breaks_every_threshold(
    tmp_path: Path, cause: str, blocks: int, threshold: str
) -> None:
    found = spoilt_run(tmp_path, cause, blocks, threshold, server="poll")
    assert not found.holds
    assert found.broken == 5
    assert found.worst.startswith("poll")
    assert found.remarks.startswith(f"The server failed in {5 * blocks} of ")
    assert ending([found]) is Exit.EXCEEDED


NO_EVIDENCE = {
    "load": "were spoiled by the lab or the surroundings: no evidence either way.",
    "surroundings": "were spoiled by the lab or the surroundings: no evidence",
    "probe": "were spoiled by the lab or the surroundings: no evidence either way.",
    None: "are void for a cause that was not recorded: no evidence either way.",
}


@pytest.mark.parametrize("cause", NO_EVIDENCE)
def test_what_others_spoiled_breaks_no_threshold_and_is_said(
    tmp_path: Path, cause: str | None
) -> None:
    found = spoilt_run(tmp_path, cause, 2, KEPT, server="poll")
    assert found.holds
    assert f"10 trials {NO_EVIDENCE[cause]}" in found.remarks


@pytest.mark.parametrize("cause", NO_EVIDENCE)
def test_few_that_are_left_do_not_stand_for_most_that_others_spoiled(
    tmp_path: Path, cause: str | None
) -> None:
    found = spoilt_run(tmp_path, cause, 4, KEPT, server="poll")
    assert (found.broken, found.untold) == (0, 5)
    assert "At 5 points those are most, and the others cannot stand for all." in found.remarks
    assert ending([found]) is Exit.CANNOT_TELL


@pytest.mark.parametrize("cause", NO_EVIDENCE)
def test_a_point_without_evidence_neither_keeps_nor_breaks_it(
    tmp_path: Path, cause: str | None
) -> None:
    found = spoilt_run(tmp_path, cause, 5, KEPT, server="poll")
    assert (found.broken, found.untold) == (0, 5)
    assert found.word == "cannot tell"
    assert found.worst.startswith("poll")
    assert ending([found]) is Exit.CANNOT_TELL


def test_no_point_with_a_trial_that_says_anything_cannot_be_told(tmp_path: Path) -> None:
    found = spoilt_run(tmp_path, "surroundings", 5, KEPT)
    assert found.untold == found.points
    folder = tmp_path
    done = CliRunner().invoke(cli, ["report", str(folder)])
    assert done.exit_code == Exit.CANNOT_TELL
    assert "CANNOT TELL" in done.output


@pytest.mark.parametrize(("blocks", "holds"), [(0, True), (1, False), (2, False)])
def test_errors_in_few_of_five_repeats_are_not_hidden_by_their_median(
    tmp_path: Path, blocks: int, holds: bool
) -> None:
    frame = made.trials(5)
    frame = frame[frame["outcome"] == "completed"]
    frame.loc[(frame["server"] == "iterative") & (frame["block"] <= blocks), "errors"] = 500
    (found,) = judged(analysis.load(made.write_run(tmp_path, frame, thresholds=["errors < 1"])))
    assert found.holds is holds
    assert holds or found.value == 500


def test_a_figure_beside_errors_says_that_they_are_not_in_it(tmp_path: Path) -> None:
    frame = made.trials(2)
    frame = frame[frame["outcome"] == "completed"]
    clean = made.write_run(tmp_path / "clean", frame, thresholds=[KEPT])
    assert judged(analysis.load(clean))[0].remarks == ""
    frame.loc[frame["server"] == "iterative", "errors"] = 5_000
    both = ["requests_per_s > 1", KEPT]
    rate, time = judged(analysis.load(made.write_run(tmp_path / "b", frame, thresholds=both)))
    told = "Errors are not in this figure: on average up to 12% of a trial's attempts, at iterative"
    assert rate.holds
    assert told in rate.remarks
    assert time.word == "cannot tell", "they may have taken longer"
    assert told in time.remarks


def test_what_was_never_measured_is_not_told(tmp_path: Path) -> None:
    (found,) = judged(analysis.load(run_with(tmp_path, "service_p99_us < 5000")))
    assert (found.broken, found.untold) == (0, found.points)
    assert "service_p99_us was not measured in" in found.remarks


def test_trials_under_strace_and_references_are_left_out(tmp_path: Path) -> None:
    frame = made.trials(2)
    frame = frame[frame["outcome"] == "completed"]
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


def bounded_run(tmp_path: Path, blocks: int, threshold: str) -> ThresholdResult:
    """Of five repeats the p99 of poll is a lower bound in the first `blocks`."""
    frame = made.trials(5)
    frame = frame[frame["outcome"] == "completed"]
    held = (frame["server"] == "poll") & (frame["block"] <= blocks)
    frame.loc[held, "lower_bounds"] = "response_p99_us response_p999_us"
    (found,) = judged(analysis.load(made.write_run(tmp_path, frame, thresholds=[threshold])))
    return found


@pytest.mark.parametrize(
    ("threshold", "blocks", "word"),
    [
        (KEPT, 2, "kept"),  # the median is that of the others, whatever the two are
        (KEPT, 3, "cannot tell"),
        (KEPT, 5, "cannot tell"),
        ("response_p99_us < 1", 5, "not kept"),  # they are longer already
        ("response_p50_us < 1e9", 5, "kept"),  # not what the bounds are of
        ("response_p99_us > 1", 5, "kept"),  # as they would be if they were longer
    ],
)
def test_a_lower_bound_keeps_or_breaks_a_threshold_as_every_longer_time_would(
    tmp_path: Path, threshold: str, blocks: int, word: str
) -> None:
    found = bounded_run(tmp_path, blocks, threshold)
    assert found.word == word
    assert ("how much nobody knows" in found.remarks) is (word == "cannot tell")


def test_a_lower_bound_below_what_is_asked_for_does_not_break_it(tmp_path: Path) -> None:
    found = bounded_run(tmp_path, 5, "response_p99_us > 1e9")
    assert (found.broken, found.untold) == (found.points - 5, 5)


@pytest.mark.parametrize("blocks", [1, 2])
def test_a_share_of_errors_in_few_of_five_repeats_breaks_its_threshold(
    tmp_path: Path, blocks: int
) -> None:
    frame = made.trials(5)
    frame = frame[frame["outcome"] == "completed"]
    frame["error_share"] = 0.0
    held = (frame["server"] == "iterative") & (frame["block"] <= blocks)
    frame.loc[held, "error_share"] = 0.3
    run = made.write_run(tmp_path, frame, thresholds=["error_share < 0.01"])
    (found,) = judged(analysis.load(run))
    assert (found.word, found.value) == ("not kept", 0.3)
