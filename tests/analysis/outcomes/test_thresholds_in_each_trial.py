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

KEPT = "response_p99_us < 1e9"


@pytest.mark.parametrize(
    ("column", "value", "threshold"),
    [
        ("response_max_us", 3e7, "response_max_us < 1e7"),
        ("connect_max_us", 3e7, "connect_max_us <= 1e7"),
        ("listen_drops", 7, "listen_drops < 1"),
        ("resets", 7, "resets < 1"),
        ("coverage", 0.5, "coverage >= 0.99"),
    ],
)
@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_the_worst_of_five_repeats_is_not_hidden_by_their_median(
    tmp_path: Path, column: str, value: float, threshold: str, blocks: int
) -> None:
    frame = made.trials(5)
    frame = frame[frame["server"] == "poll"]
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
