"""A run that was stopped, or that measured nothing: what there is looks no better for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli.commands import cli
from analysis.compare.comparison import compare
from analysis.failures import unmeasured
from analysis.records.run import load
from analysis.records.words import in_todays_words
from analysis.report.report import build
from contract.exits import Exit
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_pictures")

LIMIT = "response_p99_us < 1e9"


@pytest.mark.parametrize("short", [0, 100])
def test_no_threshold_is_kept_by_a_run_that_was_stopped(tmp_path: Path, short: int) -> None:
    rows = made.trials(5)
    rows = rows[rows["outcome"] == "completed"]
    run = made.write_run(
        tmp_path, rows.iloc[: len(rows) - short], thresholds=[LIMIT], trials=len(rows)
    )
    done = CliRunner().invoke(cli, ["report", str(run)], catch_exceptions=False)
    assert done.exit_code == (Exit.CANNOT_TELL if short else Exit.OK)
    told = f"The run is not finished: {short} of its {len(rows)} trials have no row"
    assert (told in done.output) is bool(short)
    assert (f"- {told}" in (run / "report.md").read_text()) is bool(short)
    again = made.trials(5, seed=2)
    other = made.write_run(tmp_path / "b", again[again["outcome"] == "completed"], run="b")
    assert any("not finished" in note for note in compare([run, other]).notes) is bool(short)


def test_two_rows_of_one_trial_are_no_row_of_another(tmp_path: Path) -> None:
    rows = made.trials(5)
    twice = rows.iloc[1:2].assign(trial="the same once more", attempt=2)
    run = made.write_run(tmp_path, pd.concat([rows.iloc[:-1], twice]), trials=len(rows))
    assert load(run).not_run == 1


@pytest.mark.parametrize("short", [0, 100])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_report_without_thresholds_tells_it_too(
    tmp_path: Path, short: int, as_json: bool
) -> None:
    rows = made.trials(5)
    run = made.write_run(tmp_path, rows.iloc[: len(rows) - short], trials=len(rows))
    done = CliRunner().invoke(cli, ["report", str(run), *(["--json"] if as_json else [])])
    told = f"The run is not finished: {short} of its {len(rows)} trials have no row"
    assert done.output.count(told) == bool(short)


def test_what_there_is_may_break_one(tmp_path: Path) -> None:
    run = made.write_run(tmp_path, made.trials(1), thresholds=["response_p99_us < 1"], trials=1_000)
    assert build(run).exit is Exit.EXCEEDED


@pytest.mark.parametrize("cause", ["server_gone", "surroundings", None])
def test_a_run_without_a_valid_trial_does_not_end_well(tmp_path: Path, cause: str | None) -> None:
    rows = made.trials(3)
    rows["validity"], rows["reason"], rows["spoiled_by"] = "void", "it ended", cause
    rows["server_limit"] = None
    assert build(made.write_run(tmp_path, rows)).exit is Exit.CANNOT_TELL


@pytest.mark.parametrize("cause", ["server_gone", "surroundings", None])
def test_nor_does_one_in_which_the_reference_alone_was_measured(
    tmp_path: Path, cause: str | None
) -> None:
    rows = made.trials(3)
    gone = rows["server"] == "poll"
    rows.loc[gone, ["validity", "reason", "spoiled_by"]] = ["void", "it ended", cause]
    rows = rows[gone | (rows["sweep"] == "reference")]
    found = build(made.write_run(tmp_path, rows))
    assert found.exit is Exit.CANNOT_TELL
    assert "No trial of poll is valid." in found.notes


def test_a_limit_that_a_server_reached_each_time_is_known_of_it() -> None:
    rows = in_todays_words(made.trials(3))
    beside = rows[rows["server_limit"].notna() | (rows["server"] == "poll")]
    gone = beside["server_limit"].notna()
    assert unmeasured(rows) == unmeasured(beside) == []
    assert unmeasured(beside.assign(validity=beside["validity"].mask(gone, "void"))) == ["select"]
    assert unmeasured(beside[gone]) == ["select"]
