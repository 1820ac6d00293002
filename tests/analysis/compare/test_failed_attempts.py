"""Errors, and requests without an answer, in one run beside another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import CANNOT_TELL, CHANGED, RESENT, WITHIN_NOISE
from contract.exits import Exit
from tests.support.failing_runs import ERRORS, POLL, UNANSWERED, at, nothing, resets, rows

if TYPE_CHECKING:
    from collections.abc import Callable


def test_five_thousand_resets_a_trial_are_a_regression(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(nothing, resets(5_000), repeats=3, tolerance=0.5)
    told = rows(found, ERRORS)
    assert set(told["word"]) == {CHANGED}
    assert (
        told["text"]
        .str.fullmatch(
            r"worse: on average 1[23]% of a trial's attempts ended in errors, none before"
        )
        .all()
    )
    assert found.exit is Exit.REGRESSED


def test_a_block_whose_clients_waited_for_errors_is_seen(
    compared: Callable[..., RunComparison],
) -> None:
    """It made few attempts, and so has next to no share of all."""

    def change(frame: pd.DataFrame) -> None:
        resets(64, blocks=2)(frame)
        frame.loc[frame["errors"] > 0, "requests"] = 3

    found = compared(nothing, change, metrics=["server_rss_bytes"])
    told = rows(found, ERRORS)
    assert set(told["word"]) == {CANNOT_TELL}
    assert told["value"].to_numpy() == pytest.approx(0.2 * 64 / 67)
    assert found.exit is Exit.CANNOT_TELL


def test_resets_in_both_are_no_regression_and_are_told(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(resets(5_000), resets(5_000), repeats=3)
    told = rows(found, ERRORS)
    assert set(told["word"]) == {WITHIN_NOISE}
    assert told["text"].str.contains("of a trial's attempts ended in errors").all()
    assert found.exit is Exit.OK


def test_a_reset_in_a_million_is_told_and_no_regression(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(nothing, resets(1), repeats=3)
    assert set(rows(found, ERRORS)["word"]) == {WITHIN_NOISE}
    assert found.exit is Exit.OK


def test_resets_in_one_block_alone_cannot_be_told(compared: Callable[..., RunComparison]) -> None:
    found = compared(nothing, resets(5_000, blocks=1), repeats=3)
    assert set(rows(found, ERRORS)["word"]) == {CANNOT_TELL}
    assert found.exit is Exit.CANNOT_TELL


def test_requests_without_an_answer_are_compared(compared: Callable[..., RunComparison]) -> None:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[at(frame, *POLL), "unanswered"] = 900

    found = compared(nothing, change, repeats=3)
    assert rows(found, UNANSWERED)["text"].iloc[0].startswith("worse: ")
    assert (
        "of a trial's requests got no answer, none before"
        in rows(found, UNANSWERED)["text"].iloc[0]
    )


def test_requests_that_had_to_be_sent_again_are_compared(
    compared: Callable[..., RunComparison],
) -> None:
    """Each of them was answered in the end, so nothing else tells of them."""

    def sent_again(times: float) -> Callable[[pd.DataFrame], None]:
        def change(frame: pd.DataFrame) -> None:
            frame["resent"] = 0
            point = at(frame, *POLL)
            frame.loc[point, "resent"] = (frame.loc[point, "requests"] * times).astype("int64")

        return change

    found = compared(sent_again(0.0), sent_again(0.25), repeats=3)
    (told,) = rows(found, RESENT)["text"]
    assert told == "worse: on average 20% of a trial's requests had to be sent again, none before"
    assert found.exit is Exit.REGRESSED
    assert compared(sent_again(0.0), sent_again(0.0005), repeats=3).exit is Exit.OK
    assert compared(sent_again(0.25), sent_again(0.25), repeats=3).exit is Exit.OK


@pytest.mark.parametrize(
    ("times", "told"), [(0.5, True), (0.005, False)], ids=["many", "those on their way"]
)
@pytest.mark.parametrize("old", [0, 1])
def test_missing_answers_that_one_run_did_not_record_cannot_be_told(
    compared: Callable[..., RunComparison], times: float, told: bool, old: int
) -> None:
    def unrecorded(frame: pd.DataFrame) -> None:
        frame["unanswered"] = None

    def silent(frame: pd.DataFrame) -> None:
        chosen = at(frame, "poll", 8, 10000)
        frame.loc[chosen, "unanswered"] = (frame.loc[chosen, "requests"] * times).astype("int64")

    found = compared(*((silent, unrecorded) if old else (unrecorded, silent)))
    mine = rows(found, "unanswered_share")
    assert found.exit is (Exit.CANNOT_TELL if told else Exit.OK)
    assert len(mine) == told
    run = ("first", "second")[old]
    assert mine["text"].str.contains(f"the {run} run did not record it").all()
    assert not mine["text"].str.contains("none").any()
