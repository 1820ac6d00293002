"""A claim is not decided by the few trials that have its figure, whatever the judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge
from contract.outcomes import not_measured
from tests.support.claim_data import FAST, PART, SLOW, claim, rows, with_part
from tests.support.failing_trials import judged, spoil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from analysis.records.run import Run

SHORT: dict[str, Any] = {"server": "iterative", "backlog": 10}
TAIL, DEPTH = "response_p999_us", "full_queue_depth"


def without(column: str, blocks: int) -> Callable[[pd.DataFrame], None]:
    """The trials of the first blocks with a short backlog have no such figure."""

    def change(frame: pd.DataFrame) -> None:
        chosen = frame["block"] <= blocks
        for name, value in SHORT.items():
            chosen &= frame[name] == value
        frame.loc[chosen, column] = None

    return change


def starved(column: str, blocks: int) -> Callable[[pd.DataFrame], None]:
    """They starved their clients as well, of which nobody was served."""

    def change(frame: pd.DataFrame) -> None:
        spoil(frame, blocks, "server_starved", **SHORT)
        without(column, blocks)(frame)

    return change


@pytest.mark.parametrize(("number", "column"), [(16, TAIL), (14, DEPTH)])
@pytest.mark.parametrize("lost", [without, starved])
def test_trials_without_the_figure_are_lost_to_every_judge(
    tmp_path: Path,
    number: int,
    column: str,
    lost: Callable[[str, int], Callable[[pd.DataFrame], None]],
) -> None:
    assert judged(tmp_path / "none", number, lambda _: None).verdict is Word.REPRODUCED
    found = judged(tmp_path / "many", number, lost(column, 14))
    assert found.verdict is Word.INCONCLUSIVE
    if lost is starved:
        assert found.failed == 14
        assert "The server failed in 14 trials" in found.explanation
    else:
        assert "The figure was not measured in 14 trials that count" in found.explanation


@pytest.mark.parametrize(("lost", "word"), [(2, Word.REPRODUCED), (3, Word.INCONCLUSIVE)])
@pytest.mark.parametrize("side", ["poll", "epoll_level"])
@pytest.mark.parametrize("change", [{"requests_per_s": None}, {"validity": "void"}])
def test_one_trial_in_ten_may_lack_the_figure(
    run_of: Callable[..., Run], lost: int, word: Word, side: str, change: dict[str, Any]
) -> None:
    if "validity" in change:
        change |= {"reason": "requests_per_s was nan", "spoiled_by": "lab"}
    parts = [
        [
            {**row, **(change if row["server"] == side and row["block"] <= lost else {})}
            for row in rows(20, server=server, requests_per_s=rate)
        ]
        for server, rate in (("poll", 3000.0), ("epoll_level", 1000.0))
    ]
    found = judge(claim(), run_of(*parts))
    assert found.verdict is word
    assert ("have no figure" in found.explanation) is (word is Word.INCONCLUSIVE)


def test_failed_trials_and_missing_figures_are_added(run_of: Callable[..., Run]) -> None:
    fast = rows(20, server="poll", requests_per_s=3000.0)
    slow = rows(20, server="epoll_level", requests_per_s=1000.0)
    gone = {"validity": "void", "reason": "it ended", "spoiled_by": "server_gone"}
    fast[:4] = [{**row, "requests_per_s": None} for row in fast[:2]] + [
        {**row, **gone} for row in fast[2:4]
    ]
    found = judge(claim(), run_of(fast, slow))
    assert found.verdict is Word.INCONCLUSIVE
    assert "20% have no figure, what failed counted in" in found.explanation


@pytest.mark.parametrize(
    "part", [{}, {"among": [PART["of"], PART["over"]], "of": None, "over": None}]
)
@pytest.mark.parametrize(("nought", "word"), [(2, Word.REPRODUCED), (3, Word.INCONCLUSIVE)])
def test_over_nought_there_is_no_figure(
    run_of: Callable[..., Run], part: dict[str, Any], nought: int, word: Word
) -> None:
    fast = rows(20, server="poll", requests_per_s=3000.0)
    slow = rows(20, server="epoll_level", requests_per_s=1000.0)
    nobody = {"requests": 0, "requests_per_s": 0.0, **not_measured("server_starved")}
    slow[:nought] = [{**row, **nobody} for row in slow[:nought]]
    assert judge(with_part(**part), run_of(fast, slow)).verdict is word


def test_missing_figures_refute_nothing(run_of: Callable[..., Run]) -> None:
    few = [{**row, "requests_per_s": None} for row in rows(10, server="poll")]
    slow = [{**row, "block": row["block"] + 10} for row in rows(5, server="poll")]
    slow = [{**row, "requests_per_s": 1.0} for row in slow]
    assert judge(claim(), run_of(FAST, SLOW)).verdict is Word.REPRODUCED
    found = judge(with_part(over=None, min=2.0), run_of(few, slow))
    assert found.verdict is Word.INCONCLUSIVE


@pytest.mark.parametrize(("fewer", "word"), [(2, Word.REPRODUCED), (3, Word.INCONCLUSIVE)])
def test_a_growth_per_what_did_not_grow_is_missing(
    run_of: Callable[..., Run], fewer: int, word: Word
) -> None:
    few = rows(20, server="poll", idle_connections=0, requests_per_s=1.0, server_threads=1)
    many = rows(20, server="poll", idle_connections=9, requests_per_s=31.0, server_threads=11)
    many[:fewer] = [{**row, "requests_per_s": 1e9, "server_threads": 1} for row in many[:fewer]]
    asked = with_part(
        of={"server": "poll", "idle_connections": 9},
        since={"server": "poll", "idle_connections": 0},
        over=None,
        per="server_threads",
        max=5.0,
    )
    assert judge(asked, run_of(few, many)).verdict is word
