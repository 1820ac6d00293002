"""What has to be kept by every trial, and by points whose rows could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.outcomes.thresholds import ending, judged
from contract.exits import Exit
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

KEPT = "response_p99_us < 1e9"


def told_to_end(frame: pd.DataFrame) -> pd.DataFrame:
    """Each of the trials, with nothing lost; bad clients had gone before."""
    found = frame.assign(stop_had=100, stop_came=100, stop_ended_s=0.4)
    nought = ("stop_had_lost", "stop_came_lost", "stop_under_way", "stop_unsent")
    return found.assign(**dict.fromkeys((*nought, "stop_exit_code", "after_fds", "resent"), 0))


@pytest.mark.parametrize(
    ("column", "value", "threshold"),
    [
        ("response_max_us", 3e7, "response_max_us < 1e7"),
        ("connect_max_us", 3e7, "connect_max_us <= 1e7"),
        ("listen_drops", 7, "listen_drops < 1"),
        ("resets", 7, "resets < 1"),
        ("coverage", 0.5, "coverage >= 0.99"),
        ("resent", 50, "resent < 1"),
        ("after_fds", 50, "after_fds < 1"),
        ("stop_had_lost", 50, "stop_had_lost < 1"),
        ("stop_came_lost", 50, "stop_came_lost < 1"),
        ("stop_under_way", 50, "stop_under_way < 1"),
        ("stop_unsent", 50, "stop_unsent < 1"),
        ("stop_exit_code", 137, "stop_exit_code < 1"),
        ("stop_ended_s", 8.0, "stop_ended_s < 5"),
    ],
)
@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_the_worst_of_five_repeats_is_not_hidden_by_their_median(
    tmp_path: Path, column: str, value: float, threshold: str, blocks: int
) -> None:
    frame = made.trials(5)
    frame = told_to_end(frame[frame["server"] == "poll"])
    frame.loc[frame["block"] <= blocks, column] = value
    (found,) = judged(analysis.load(made.write_run(tmp_path, frame, thresholds=[threshold])))
    assert found.holds is (blocks == 0)
    assert blocks == 0 or found.value == value


@pytest.mark.parametrize(
    ("column", "sign", "most"),
    [("listen_drops", "<", 0), ("coverage", ">=", 0), ("response_p99_us", "<", 2)],
)
@pytest.mark.parametrize("absent", [0, 1, 2, 3, 5])
def test_a_value_that_is_absent_may_be_any(
    tmp_path: Path, column: str, sign: str, most: int, absent: int
) -> None:
    """`most` of five may lack it without deciding: those beside a median, none of what counts
    failures."""
    frame = made.trials(5).query("server == 'poll'")
    limits = [f"{column} {sign} {1e9 if sign == '<' else 0}", f"{column} < 0.5"]
    frame[column] = 1.0
    frame.loc[frame["block"] <= absent, column] = None
    kept, lost = judged(analysis.load(made.write_run(tmp_path, frame, thresholds=limits)))
    assert kept.word == ("kept" if absent <= most else "cannot tell")
    broken = absent < 5 and (most == 0 or absent <= most)
    assert lost.word == ("not kept" if broken else "cannot tell")
    assert (f"{column} was not measured in" in kept.remarks) is (absent > 0)


@pytest.mark.parametrize("blocks", [0, 1, 3, 5])
def test_a_server_that_did_not_end_has_no_time_that_is_kept(tmp_path: Path, blocks: int) -> None:
    frame = told_to_end(made.trials(5).query("server == 'poll'"))
    frame.loc[frame["block"] <= blocks, ["stop_ended_s", "stop_exit_code"]] = None
    run = made.write_run(tmp_path, frame, thresholds=["stop_ended_s < 5"])
    (found,) = judged(analysis.load(run))
    assert found.word == ("cannot tell" if blocks else "kept")


@pytest.mark.parametrize("column", ["stop_had_lost", "stop_came_lost", "stop_response_max_us"])
@pytest.mark.parametrize("lost", [0, 3])
def test_what_has_no_answer_as_the_load_ends_may_be_lost(
    tmp_path: Path, column: str, lost: int
) -> None:
    frame = told_to_end(made.trials(5).query("server == 'poll'"))
    frame[column] = lost
    frame.loc[frame["block"] == 1, "stop_under_way"] = 5
    run = made.write_run(tmp_path, frame, thresholds=[f"{column} < 1", f"{column} < 9"])
    tight, wide = judged(analysis.load(run))
    assert tight.word == ("not kept" if lost else "cannot tell")
    assert wide.word == "cannot tell"
    assert "how much nobody knows: requests had no answer as the load ended" in wide.remarks


def test_errors_are_told_beside_a_maximum(tmp_path: Path) -> None:
    frame = made.trials(2).query("server == 'poll'")
    frame["errors"] = frame["requests"]
    run = made.write_run(tmp_path, frame, thresholds=["response_max_us < 1e12"])
    (found,) = judged(analysis.load(run))
    assert (
        "Errors are not in this figure: on average up to 50% of a trial's attempts" in found.remarks
    )


@pytest.mark.parametrize("blocks", [0, 2, 3, 5])
def test_rows_that_are_left_out_may_have_had_any_value(tmp_path: Path, blocks: int) -> None:
    frame = made.trials(5).query("server == 'poll'")
    lost = (frame["idle_connections"] == 10000) & (frame["block"] <= blocks)
    frame.loc[lost, "response_p999_us"] = -1.0
    run = analysis.load(made.write_run(tmp_path, frame, thresholds=[KEPT]))
    assert len(run.spoiled) == blocks
    (found,) = judged(run)
    assert found.points == frame["point"].nunique()
    assert found.untold == (blocks >= 3)
    assert ending([found]) is (Exit.CANNOT_TELL if blocks >= 3 else Exit.OK)
    assert ("no evidence either way" in found.remarks) is (blocks > 0)
    assert blocks < 3 or found.worst == frame["point"][lost].iloc[0]
