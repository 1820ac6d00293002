"""What several workers saw of a server that was told to end adds up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.result.document import from_json, to_json
from contract.result.stop import Stopped
from loadgen.engine.stop_log import StopLog
from loadgen.master.merged_stop import merge_stopped

SECOND = 1_000_000_000


def seen(answers: int, lost: int, us: int) -> Stopped:
    """By a worker whose requests left after the server was told to end, at 1 s."""
    log = StopLog()
    for _ in range(answers):
        log.answer(SECOND + 5, SECOND + 5, SECOND + 5 + us * 1_000)
    for _ in range(lost):
        log.lose(SECOND + 5, SECOND + 9)
    log.leave_unsent(SECOND + 3_000_000)
    return log.counts(SECOND)


def test_counts_are_summed_and_response_times_are_those_of_all() -> None:
    whole = merge_stopped([seen(30, 2, 500), seen(10, 1, 900)])
    assert whole
    assert (whole.told_ns, whole.had, whole.came, whole.came_lost) == (SECOND, 0, 43, 3)
    assert whole.unsent_ms == {"3": 2}
    assert whole.response.count == 40
    assert whole.response.times
    assert whole.response.times.mean_us == pytest.approx(600)
    assert whole.response.times.max_us == pytest.approx(900, rel=0.002)


def test_nothing_is_known_where_a_worker_is_missing_or_nobody_was_told() -> None:
    assert merge_stopped([seen(1, 0, 500), None]) is None
    assert merge_stopped([None, None]) is None
    assert merge_stopped([]) is None


def test_it_comes_through_a_document_as_it_is() -> None:
    known = replace(seen(3, 1, 500), under_way=2, had_under_way=1, under_way_ms={"7": 2})
    assert from_json(Stopped, to_json(known)) == known


def test_what_each_left_without_an_answer_adds_up() -> None:
    one = replace(seen(3, 1, 500), had=9, under_way=3, had_under_way=2, under_way_ms={"7": 3})
    other = replace(one, under_way=1, had_under_way=0, under_way_ms={"7": 1})
    whole = merge_stopped([one, other])
    assert whole
    assert (whole.under_way, whole.had_open, whole.came_open) == (4, 2, 2)
    assert whole.under_way_ms == {"7": 4}


def test_of_runs_recorded_before_either_may_have_had_no_answer() -> None:
    document = to_json(replace(seen(3, 1, 500), had=2, under_way=3))
    del document["had_under_way"], document["under_way_ms"]
    known = from_json(Stopped, document)
    assert (known.had_open, known.came_open) == (2, 3)
    assert known.under_way_for(0) == 0
