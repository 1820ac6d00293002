"""The first paragraphs say of which trials and clients a figure is, and what it leaves out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

import analysis
from analysis.report.narrative import lead, more
from analysis.wording import MISSING
from tests.support import made_up_run as made
from tests.support import readiness_data
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

MOST = 10_000
STARVED = "(it starved its clients in 5 of 5 trials)"


def chosen(frame: pd.DataFrame, blocks: int, **where: Any) -> pd.Series[bool]:
    found = frame["block"] <= blocks
    for name, value in where.items():
        found &= frame[name] == value
    return found


def starve(frame: pd.DataFrame, server: str, per_s: float, blocks: int = 5) -> None:
    """So many requests a second are of those who were served."""
    mine = chosen(frame, blocks, server=server, idle_connections=MOST)
    put_cause(frame, mine, "server_starved", "only 30% of the active connections got a response")
    frame.loc[mine, ["requests", "requests_per_s", "coverage"]] = [int(per_s * 2), per_s, 0.3]


def idle_told(folder: Path, frame: pd.DataFrame) -> str:
    run = analysis.load(made.write_run(folder, frame))
    told = lead(run, []).rstrip(".").split(". ")
    return next(one for one in told if one.startswith("With 10,000 idle"))


def test_the_best_rate_is_marked_where_clients_were_starved(tmp_path: Path) -> None:
    frame = made.trials(5)
    starve(frame, "poll", 150_000.0)
    told = idle_told(tmp_path, frame)
    assert f"poll answered ≤ 150,000 requests a second {STARVED} and thread per" in told
    assert "difference" not in told


def test_the_worst_rate_is_marked_where_clients_were_starved(tmp_path: Path) -> None:
    frame = made.trials(5)
    starve(frame, "thread_per_connection", 10.0)
    told = idle_told(tmp_path / "some", frame)
    words = f"and thread per connection ≤ 10 {STARVED}, a difference of at least "
    assert re.search(rf"{re.escape(words)}1[01],\d00 times$", told)
    starve(frame, "thread_per_connection", 0.0)
    told = idle_told(tmp_path / "none", frame)
    assert told.endswith(f"and thread per connection none {STARVED}")


def test_a_rate_between_that_is_a_bound_is_in_no_difference(tmp_path: Path) -> None:
    """The servers that are named differ by as much as without it."""
    frame = made.trials(5)
    alone = frame[frame["server"] != "thread_per_connection"].reset_index(drop=True)
    difference = idle_told(tmp_path / "alone", alone).partition(", a difference of ")[2]
    rates = frame[frame["idle_connections"] == MOST].groupby("server")["requests_per_s"].median()
    assert rates["poll"] < 10_000 < rates["epoll_level"]
    starve(frame, "thread_per_connection", 10_000.0)
    told = idle_told(tmp_path / "between", frame)
    assert difference
    assert told.endswith(f", a difference of {difference}")
    assert "≤" not in told


def test_one_starved_trial_of_many_makes_the_rate_a_bound(tmp_path: Path) -> None:
    frame = made.trials(5)
    put_cause(
        *(frame, chosen(frame, 2, server="epoll_level", idle_connections=MOST)),
        *("server_gone", "the server ended with exit code 1"),
    )
    mine = chosen(frame, 3, server="epoll_level", idle_connections=MOST) & (frame["block"] == 3)
    put_cause(frame, mine, "server_starved", "only 30% of the active connections got a response")
    told = idle_told(tmp_path, frame)
    assert (
        "(in the 3 of 5 trials that it did not fail; it starved its clients in 1 of them)" in told
    )
    assert "epoll (level) answered ≤ " in told


def test_a_threads_rate_is_marked_where_clients_were_starved(tmp_path: Path) -> None:
    frame = made.trials(5)
    starve(frame, "thread_per_connection", 9_000.0)
    told = more(analysis.load(made.write_run(tmp_path, frame)))
    assert f"and still answered ≤ 9,000 requests a second {STARVED}." in told


def test_a_wait_is_told_with_the_trials_that_are_left(tmp_path: Path) -> None:
    frame = readiness_data.trials(5)
    mine = chosen(frame, 3, server="poll", load="one_wait", watched=MOST)
    put_cause(frame, mine, "server_gone", "the benchmark ended with exit code 1")
    told = more(analysis.load(made.write_run(tmp_path, frame)))
    assert "A wait for one of 10,000 descriptors took" in told
    assert "with poll (in the 2 of 5 trials that it did not fail)." in told


def test_a_server_without_a_wait_is_not_the_slowest(tmp_path: Path) -> None:
    frame = readiness_data.trials(5)
    frame.loc[chosen(frame, 5, server="epoll_edge", load="one_wait"), "wait_us"] = None
    told = more(analysis.load(made.write_run(tmp_path, frame)))
    assert "with epoll (level) and" in told
    assert MISSING not in told


def test_a_tail_is_told_with_the_trials_that_are_left(tmp_path: Path) -> None:
    frame = made.trials(10)
    mine = chosen(frame, 7, server="iterative", backlog=128)
    put_cause(frame, mine, "server_gone", "the server ended with exit code 1")
    told = more(analysis.load(made.write_run(tmp_path, frame)))
    assert "a listen backlog of 1 made one request in a thousand wait 1.0" in told
    assert "ms with 128 (in the 3 of 10 trials that it did not fail)." in told


@pytest.mark.parametrize(
    ("column", "times", "words"),
    [
        ("errors", 0.5625, " (36% of the attempts ended in errors), against"),
        ("unanswered", 1.0, " (50% of the requests got no answer), against"),
        ("unanswered", 0.005, " s, against"),
        ("errors", 0.0, " s, against"),
    ],
)
def test_errors_and_missing_answers_stand_beside_a_tail(
    tmp_path: Path, column: str, times: float, words: str
) -> None:
    frame = made.trials(5)
    mine = chosen(frame, 5, server="iterative", backlog=1)
    frame.loc[mine, column] = (frame.loc[mine, "requests"] * times).astype("int64")
    assert words in more(analysis.load(made.write_run(tmp_path, frame)))


@pytest.mark.parametrize(("blocks", "mark"), [(2, ""), (3, "≥ ")])
def test_a_tail_is_a_bound_where_half_of_its_trials_are(
    tmp_path: Path, blocks: int, mark: str
) -> None:
    frame = made.trials(5)
    frame.loc[chosen(frame, blocks, backlog=128), "lower_bounds"] = "response_p999_us"
    told = more(analysis.load(made.write_run(tmp_path, frame)))
    assert f"against {mark}8.60 ms with 128" in told
