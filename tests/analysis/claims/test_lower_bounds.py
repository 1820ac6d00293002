"""Claims on times that are lower bounds: what could be any longer time proves one side alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import analysis
from analysis.claims.judgement import Word
from analysis.claims.verdicts import Verdict, judge, judge_all
from tests.support import made_up_run as made
from tests.support.claim_data import claim, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

P99 = "response_p99_us"


def one_part(**rule: Any) -> Any:
    whole = {"label": "p99", "figure": P99, "of": {"server": "poll"}, **rule}
    return claim(parameters={"parts": {"p99": whole}, "sentence": "It took {p99}."})


def times(server: str, us: float, bounded: int = 0, blocks: int = 5) -> list[dict[str, Any]]:
    """A trial a block; the first `bounded` are lower bounds."""
    found = rows(blocks, server=server, **{P99: us})
    return [{**row, "lower_bounds": P99 if row["block"] <= bounded else None} for row in found]


@pytest.mark.parametrize(
    ("rule", "sure", "open_"),
    [
        ({"max": 2_000.0}, Word.REPRODUCED, Word.INCONCLUSIVE),
        ({"max": 500.0}, Word.REFUTED, Word.REFUTED),  # longer yet refutes it as well
        ({"min": 500.0}, Word.REPRODUCED, Word.REPRODUCED),
        ({"min": 2_000.0}, Word.REFUTED, Word.INCONCLUSIVE),
        ({"min": 500.0, "max": 2_000.0}, Word.REPRODUCED, Word.INCONCLUSIVE),
        ({"max": 2.0, "figure": f"{P99} / 1000"}, Word.REPRODUCED, Word.INCONCLUSIVE),
        ({"min": 0.5, "figure": f"1000 / {P99}"}, Word.REPRODUCED, Word.INCONCLUSIVE),
        ({"max": 2.0, "figure": f"1000 / {P99}"}, Word.REPRODUCED, Word.REPRODUCED),
        ({"max": 1e9, "figure": "requests_per_s"}, Word.REPRODUCED, Word.REPRODUCED),
    ],
)
@pytest.mark.parametrize("bounded", [0, 1, 5])
def test_a_bound_is_kept_by_lower_bounds_only_if_by_every_longer_time(
    run_of: Callable[..., analysis.Run], rule: dict[str, Any], sure: Word, open_: Word, bounded: int
) -> None:
    found = judge(one_part(**rule), run_of(times("poll", 1_000.0, bounded)))
    assert found.verdict is (open_ if bounded else sure)
    told = bounded and "requests_per_s" not in rule.values()
    assert ("Times of these trials are at least so long" in found.explanation) is bool(told)


def test_one_lower_bound_in_ten_is_told_and_decides(run_of: Callable[..., analysis.Run]) -> None:
    found = judge(one_part(max=2_000.0), run_of(times("poll", 1_000.0, 1, blocks=10)))
    assert found.verdict is Word.REPRODUCED
    assert "at least so long" in found.explanation


@pytest.mark.parametrize(
    ("above", "below", "edge", "word"),
    [
        (5, 0, {"min": 1.5}, Word.REPRODUCED),
        (5, 0, {"max": 2.5}, Word.INCONCLUSIVE),
        (0, 5, {"min": 1.5}, Word.INCONCLUSIVE),
        (0, 5, {"max": 2.5}, Word.REPRODUCED),
        (5, 5, {"min": 1.5}, Word.INCONCLUSIVE),
    ],
)
def test_a_ratio_falls_where_its_divisor_could_be_longer(
    run_of: Callable[..., analysis.Run],
    above: int,
    below: int,
    edge: dict[str, float],
    word: Word,
) -> None:
    run = run_of(times("poll", 2_000.0, above), times("epoll_level", 1_000.0, below))
    found = judge(one_part(over={"server": "epoll_level"}, unit="x", **edge), run)
    assert found.verdict is word


def test_the_largest_over_the_smallest_is_unknown_either_way(
    run_of: Callable[..., analysis.Run],
) -> None:
    asked = one_part(of=None, among=[{"server": "poll"}, {"server": "epoll_level"}], max=3.0)
    for bounded, word in ((0, Word.REPRODUCED), (5, Word.INCONCLUSIVE)):
        run = run_of(times("poll", 1_010.0), times("epoll_level", 1_000.0, bounded))
        assert judge(asked, run).verdict is word


@pytest.mark.parametrize(
    ("low", "word"),
    [(None, Word.REPRODUCED), (["p50_us"], Word.REPRODUCED), (["p99_us"], Word.INCONCLUSIVE)],
)
def test_the_times_of_a_kind_have_lower_bounds_of_their_own(
    run_of: Callable[..., analysis.Run], low: list[str] | None, word: Word
) -> None:
    kind: dict[str, Any] = {"requests": 9, "p50_us": 100.0, "p99_us": 1_000.0}
    kind |= {"lower_bounds": low} if low else {}
    asked = one_part(figure="item(kinds, '/', 'p99_us')", max=2_000.0)
    run = run_of(rows(server="poll", kinds=json.dumps({"/": kind})))
    assert judge(asked, run).verdict is word


def judged(tmp_path: Path, number: int, change: Callable[[pd.DataFrame], None]) -> Verdict:
    frame = made.trials(6, noise=0.01)
    change(frame)
    (found,) = judge_all(analysis.load(made.write_run(tmp_path, frame, claims=[number])))
    return found


def bound_tails(*backlogs: int) -> Callable[[pd.DataFrame], None]:
    def change(frame: pd.DataFrame) -> None:
        chosen = (frame["load"] == "connection_per_request") & frame["backlog"].isin(backlogs)
        frame.loc[chosen, "lower_bounds"] = "response_p999_us"

    return change


def test_a_tail_under_a_second_that_is_a_lower_bound_shows_nothing(tmp_path: Path) -> None:
    assert judged(tmp_path, 16, bound_tails()).verdict is Word.REPRODUCED
    found = judged(tmp_path, 16, bound_tails(128))
    assert found.verdict is Word.INCONCLUSIVE
    assert "with a long one ≥ 8.60 ms" in found.explanation


def test_a_tail_of_a_second_that_is_a_lower_bound_is_one(tmp_path: Path) -> None:
    assert judged(tmp_path, 16, bound_tails(1, 5, 10)).verdict is Word.REPRODUCED


def test_a_backlog_at_which_every_trial_failed_is_not_passed_over(tmp_path: Path) -> None:
    def change(frame: pd.DataFrame) -> None:
        gone = (frame["load"] == "connection_per_request") & (frame["backlog"] == 10)
        names = ["validity", "reason", "spoiled_by"]
        frame.loc[gone, names] = ["void", "it ended", "server_gone"]

    assert judged(tmp_path, 14, lambda _: None).verdict is Word.REPRODUCED
    found = judged(tmp_path, 14, change)
    assert found.verdict is Word.INCONCLUSIVE
    assert "6 of 6 with backlog 10 (ended or hung 6)" in found.explanation


@pytest.mark.parametrize("asked", [False, True])
def test_where_threads_end_is_told_as_it_was_seen(tmp_path: Path, asked: bool) -> None:
    def change(frame: pd.DataFrame) -> None:
        threads = frame["server"] == "thread_per_connection"
        most = threads & (frame["idle_connections"] == 10000)
        frame.loc[threads, "server_threads"] = 500
        if asked:
            frame.loc[most, ["validity", "spoiled_by"]] = ["void", "server_gone"]
            frame.loc[most, "reason"] = "it ended"
        else:
            frame.loc[most, "load"] = "connection_per_request"

    found = judged(tmp_path, 10, change)
    assert found.verdict is not Word.REPRODUCED
    assert ("It was never asked for more" in found.explanation) is not asked
    assert ("Beyond that it reached no limit" in found.explanation) is asked
