"""A figure that few of a point's trials have is not known, whatever those few say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import CANNOT_TELL
from contract.exits import Exit
from tests.support.failing_runs import POLL, at, nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    Change = Callable[[pd.DataFrame], None]
    Compared = Callable[..., RunComparison]
RATE = "requests_per_s"


def left_out(blocks: int, server: str = "", column: str = "segments_out_per_response") -> Change:
    """So many rows of a point, or of a whole server, have a figure that cannot be."""

    def change(frame: pd.DataFrame) -> None:
        rows = frame["server"] == server if server else at(frame, *POLL)
        frame.loc[rows & (frame["block"] <= blocks), column] = -3.25

    return change


def missing(blocks: int, column: str = RATE, value: float | None = None) -> Change:
    """So many trials of a point that count have no such figure."""

    def change(frame: pd.DataFrame) -> None:
        frame.loc[at(frame, *POLL) & (frame["block"] <= blocks), column] = value

    return change


def words(found: RunComparison, metric: str = RATE) -> tuple[str, str]:
    """The word and the text of poll's figure beside 10,000 idle connections."""
    figures = found.figures
    mine = figures[figures["point"].str.match("poll: .*10,000") & (figures["metric"] == metric)]
    return str(mine["word"].iloc[0]), str(mine["text"].iloc[0])


@pytest.mark.parametrize("lost", [left_out, missing])
@pytest.mark.parametrize("blocks", [1, 2, 7, 9])
@pytest.mark.parametrize("run", ["first", "second"])
def test_a_comparison_does_not_pass_where_more_than_one_trial_in_ten_lacks_the_figure(
    compared: Compared, lost: Callable[[int], Change], blocks: int, run: str
) -> None:
    changes = (lost(blocks), nothing) if run == "first" else (nothing, lost(blocks))
    found = compared(*changes)
    if blocks == 1:
        assert found.exit is Exit.OK
        return
    told = f"cannot tell: it is missing in {blocks * 10}% of the trials in the {run} run"
    assert words(found) == (CANNOT_TELL, told)
    assert found.exit is Exit.CANNOT_TELL


def test_a_rate_of_nought_is_no_rate(compared: Compared) -> None:
    found = compared(nothing, missing(3, value=0.0))
    assert words(found)[0] == CANNOT_TELL
    assert found.exit is Exit.CANNOT_TELL


def test_what_decides_is_missed_though_neither_run_has_it(compared: Compared) -> None:
    found = compared(missing(99), missing(99))
    text = "cannot tell: it is missing in 100% of the trials in the second run"
    assert words(found) == (CANNOT_TELL, text)
    assert found.exit is Exit.CANNOT_TELL


def test_what_decides_nothing_is_told_and_stops_nobody(compared: Compared) -> None:
    found = compared(nothing, missing(7, "response_p99_us"))
    assert words(found, "response_p99_us")[0] == CANNOT_TELL
    assert found.exit is Exit.OK
    assert "1 of other metrics could not" in found.summary


def test_a_server_of_which_every_row_is_left_out_is_named(compared: Compared) -> None:
    found = compared(left_out(99, "poll"), left_out(99, "poll"))
    assert "poll" in found.uncompared
    assert found.exit is Exit.CANNOT_TELL
    one_sided = compared(nothing, left_out(99, "poll"))
    assert set(one_sided.uncompared) == {"poll"}
    assert one_sided.exit is Exit.CANNOT_TELL


def test_a_reference_of_few_trials_excuses_nobody(compared: Compared) -> None:
    def slower(frame: pd.DataFrame) -> None:
        frame["requests_per_s"] /= 1.5

    def few(frame: pd.DataFrame) -> None:
        frame.loc[(frame["sweep"] == "reference") & (frame["block"] > 3), RATE] = None

    found = compared(few, slower)
    others = found.figures[~found.figures["reference"] & (found.figures["metric"] == RATE)]
    assert not others["beside"].any()
    assert found.exit is Exit.REGRESSED


def test_what_decides_and_was_read_nowhere_is_missed(compared: Compared) -> None:
    """The probe read no processor time in either run: nothing could have shown that it rose."""

    def unread(frame: pd.DataFrame) -> None:
        frame["server_cpu_us_per_request"] = None

    found = compared(unread, unread)
    assert words(found, "server_cpu_us_per_request") == (
        CANNOT_TELL,
        "cannot tell: it is missing in 100% of the trials in the second run",
    )
    assert found.exit is Exit.CANNOT_TELL


@pytest.mark.parametrize("before", [0.0, 0.05])
def test_errors_that_nobody_counted_are_not_fewer(compared: Compared, before: float) -> None:
    def failing(frame: pd.DataFrame) -> None:
        rows = frame["load"] == "connection_per_request"
        frame.loc[rows, "errors"] = (frame.loc[rows, "requests"] * before).astype("int64")

    def uncounted(frame: pd.DataFrame) -> None:
        frame.loc[frame["load"] == "connection_per_request", "errors"] = None

    found = compared(failing, uncounted)
    mine = found.figures[found.figures["metric"] == "error_share"]
    assert set(mine["word"]) == {CANNOT_TELL}
    assert mine["text"].str.startswith("cannot tell: the second run did not record it").all()
    assert found.exit is Exit.CANNOT_TELL
    back = compared(uncounted, nothing)
    assert back.exit is Exit.OK, "there are none now, whatever there was"
