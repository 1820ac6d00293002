"""A trial that was measured again stands with its last attempt; the report tells of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import analysis
from analysis import repeated
from contract.void_causes import MEASURED_AGAIN
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run


def run_with_attempts(
    folder: Path, server: str, by: str = "surroundings", of: int = 1, times: int = 1
) -> Run:
    """A run in which the first `of` trials of a server were spoiled `times` times each."""
    rows = made.trials(2)
    rows["attempt"] = 1 + times * _first(rows, server, of)
    earlier = rows[_first(rows, server, of)].copy()
    for attempt in range(1, times + 1):
        void: dict[str, Any] = {
            "validity": "void",
            "spoiled_by": by,
            "reason": "spoiled",
            "attempt": attempt,
        }
        named = earlier.assign(**void, trial=earlier["trial"] + f"-t{attempt}")
        rows = pd.concat([rows, named], ignore_index=True)
    return analysis.load(made.write_run(folder, rows))


def _first(rows: pd.DataFrame, server: str, of: int) -> pd.Series[bool]:
    mine = (rows["server"] == server) & (rows["outcome"] == "completed")
    return mine & (mine.cumsum() <= of)


def test_the_last_attempt_takes_the_place_of_the_others(tmp_path: Path) -> None:
    run = run_with_attempts(tmp_path, "poll", times=2)
    assert len(run.repeated) == 2
    assert len(run.trials) == len(made.trials(2))
    assert not run.trials["reason"].eq("spoiled").any()
    (told,) = repeated.notes(run)
    assert told.startswith("2 measurements were spoiled, not by the server, and made again")
    assert "of poll 2; " in told
    assert "spoiled by surroundings 2" in told


def test_what_the_server_failed_is_never_taken_back(tmp_path: Path) -> None:
    """Whatever somebody measured after it."""
    run = run_with_attempts(tmp_path, "poll", by="server_gone")
    assert not len(run.repeated)
    assert (run.trials["spoiled_by"] == "server_gone").sum() == 1
    assert repeated.notes(run) == []


def test_a_run_of_before_has_no_attempts(tmp_path: Path) -> None:
    run = analysis.load(made.write_run(tmp_path, made.trials(2)))
    assert not len(run.repeated)


def test_a_server_that_is_disturbed_more_often_than_others_is_named(tmp_path: Path) -> None:
    told = repeated.notes(run_with_attempts(tmp_path / "poll", "poll", of=8))
    assert "poll was disturbed more often than the others (8 of 8)" in told[1]
    assert len(repeated.notes(run_with_attempts(tmp_path / "few", "poll", of=1))) == 1


@pytest.mark.parametrize("by", [*MEASURED_AGAIN, "lab"])
def test_so_is_one_whose_trials_were_not_made_again(tmp_path: Path, by: str) -> None:
    rows = made.trials(2)
    assert repeated.notes(analysis.load(made.write_run(tmp_path / "none", rows))) == []
    put_cause(rows, _first(rows, "poll", 8), by, "spoiled")
    (told,) = repeated.notes(analysis.load(made.write_run(tmp_path / "poll", rows)))
    assert told.startswith("poll was disturbed more often than the others (8 of 8)")


@pytest.mark.parametrize(
    ("by", "outcome"), [("server_gone", "completed"), ("surroundings", "failed")]
)
def test_what_it_failed_or_could_not_be_started_for_is_no_disturbance(
    tmp_path: Path, by: str, outcome: str
) -> None:
    rows = made.trials(2)
    chosen = _first(rows, "poll", 8)
    put_cause(rows, chosen, by, "spoiled")
    rows.loc[chosen, "outcome"] = outcome
    assert repeated.notes(analysis.load(made.write_run(tmp_path, rows))) == []
