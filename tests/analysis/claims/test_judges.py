"""Each judge with data that reproduces, refutes and leaves open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word, against
from analysis.claims.verdicts import COLUMNS, Verdict, as_table, judge_all
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[pd.DataFrame], None]


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Verdict]:
    """Judge one claim on made-up records after a change to them."""

    def run(
        number: int, change: Change | None = None, blocks: int = 5, noise: float = 0.005
    ) -> Verdict:
        frame = made.trials(blocks, noise=noise)
        if change is not None:
            change(frame)
        frame = frame[frame["server"] != "-"]
        loaded = analysis.load(made.write_run(tmp_path, frame, claims=[number]))
        (verdict,) = judge_all(loaded)
        return verdict

    return run


def rows(frame: pd.DataFrame, **settings: object) -> pd.Series[bool]:
    keep = pd.Series(True, index=frame.index)
    for name, value in settings.items():
        keep &= frame[name] == value
    return keep


def scale(column: str, factor: float, **settings: object) -> Change:
    def change(frame: pd.DataFrame) -> None:
        chosen = rows(frame, **settings)
        frame.loc[chosen, column] = frame.loc[chosen, column] * factor

    return change


def put(column: str, value: float | str, **settings: object) -> Change:
    def change(frame: pd.DataFrame) -> None:
        frame.loc[rows(frame, **settings), column] = value

    return change


def both(*changes: Change) -> Change:
    def change(frame: pd.DataFrame) -> None:
        for one in changes:
            one(frame)

    return change


def void(**settings: object) -> Change:
    return both(put("validity", "void", **settings), put("reason", "worker lost", **settings))


def remove(**settings: object) -> Change:
    return put("server", "-", **settings)


EPOLL_IDLE = {"server": "epoll_level", "idle_connections": 10000}
POLL_IDLE = {"server": "poll", "idle_connections": 10000}
SELECT_IDLE = {"server": "select", "idle_connections": 10000}
THREADS_IDLE = {"server": "thread_per_connection", "idle_connections": 10000}
SHORT = {"server": "iterative", "backlog": 10}
GENERATOR = put("validity", "generator_bound", server="epoll_level", active_connections=8)


@pytest.mark.parametrize("number", [2, 3, 8, 11, 14, 16])
def test_plausible_records_reproduce(judged: Callable[..., Verdict], number: int) -> None:
    found = judged(number)
    assert found.verdict is Word.REPRODUCED
    assert found.explanation


REFUTED: dict[str, tuple[int, Change]] = {
    "epoll slows": (2, scale("requests_per_s", 0.5, **EPOLL_IDLE)),
    "poll keeps up": (3, scale("requests_per_s", 90, **POLL_IDLE)),
    "select is slow": (6, scale("requests_per_s", 0.5, server="select", idle_connections=0)),
    "select goes on": (
        8,
        both(
            put("validity", "server_bound", **SELECT_IDLE),
            put("outcome", "completed", **SELECT_IDLE),
        ),
    ),
    "10,000 threads": (10, scale("errors", 1, server="poll")),
    "a heavy thread": (11, scale("server_rss_bytes", 10, **THREADS_IDLE)),
    "a deeper queue": (14, scale("full_queue_depth", 2, **SHORT)),
    "overflow at 128": (
        14,
        both(
            put("full_queue_overflows", 3, server="iterative", backlog=128),
            put("full_queue_drops", 3, server="iterative", backlog=128),
        ),
    ),
    "no tail": (16, scale("response_p999_us", 0.1, server="iterative")),
    "drops at 128": (16, put("listen_drops", 3, server="iterative", backlog=128)),
}


@pytest.mark.parametrize("name", REFUTED)
def test_contrary_records_refute(judged: Callable[..., Verdict], name: str) -> None:
    number, change = REFUTED[name]
    assert judged(number, change).verdict is Word.REFUTED


OPEN: dict[str, tuple[int, Change]] = {
    "on the edge": (2, scale("requests_per_s", 0.9, **EPOLL_IDLE)),
    "half as fast": (3, scale("requests_per_s", 1 / 50, **EPOLL_IDLE)),
    "two idle counts": (36, remove(server="poll", idle_connections=1000)),
    "another limit": (8, put("server_limit", "nofile", **SELECT_IDLE)),
    "another stops": (8, void(**POLL_IDLE)),
    "a missed peak": (14, put("full_queue_depth", 6, **SHORT)),
    "some drops": (16, put("listen_drops", 0, server="iterative", backlog=10, block=1)),
    "all void": (11, void(**THREADS_IDLE)),
}


@pytest.mark.parametrize("name", OPEN)
def test_unclear_records_are_inconclusive(judged: Callable[..., Verdict], name: str) -> None:
    number, change = OPEN[name]
    found = judged(number, change)
    assert found.verdict is Word.INCONCLUSIVE
    assert found.explanation


@pytest.mark.parametrize("number", [2, 3, 6, 8, 10, 11, 14, 16])
@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_fewer_than_five_repeats_decide_nothing(
    judged: Callable[..., Verdict], number: int, blocks: int
) -> None:
    found = judged(number, blocks=blocks)
    assert found.verdict is Word.INCONCLUSIVE
    if number != 16:  # its repeats are taken together
        assert "a verdict needs 5 (make experiment EXPERIMENT=" in found.explanation
    assert "crosses the bound" not in found.explanation


NEEDED: dict[int, dict[str, object]] = {
    2: EPOLL_IDLE,
    3: POLL_IDLE,
    6: {"server": "select"},
    8: SELECT_IDLE,
    10: {"server": "thread_per_connection"},
    11: THREADS_IDLE,
    14: {"server": "iterative"},
    16: {"server": "iterative"},
}


@pytest.mark.parametrize("number", NEEDED)
def test_without_its_trials_a_claim_is_not_run(judged: Callable[..., Verdict], number: int) -> None:
    found = judged(number, remove(**NEEDED[number]))
    assert found.verdict is Word.NOT_RUN
    assert found.measured is None
    assert found.explanation.startswith("Not run: no trial")


def test_a_bounded_generator_makes_the_bound_stricter(judged: Callable[..., Verdict]) -> None:
    slower = scale("server_cpu_us_per_request", 2, **EPOLL_IDLE)
    assert judged(2, slower).verdict is Word.REPRODUCED
    found = judged(2, both(GENERATOR, slower))
    assert found.verdict is Word.REFUTED
    assert "bottleneck" in found.explanation


def test_equal_rates_under_a_bounded_generator_prove_nothing(
    judged: Callable[..., Verdict],
) -> None:
    equal = both(
        put("requests_per_s", 100_000.0, idle_connections=0),
        put("server_cpu_us_per_request", 9.0, idle_connections=0),
    )
    assert judged(6, equal).verdict is Word.REPRODUCED
    bounded = put("validity", "generator_bound", idle_connections=0, load="keep_alive")
    costly = put("server_cpu_us_per_request", 12.0, server="poll", idle_connections=0)
    assert judged(6, both(equal, bounded, costly)).verdict is Word.REFUTED


def test_the_wall_shows_what_was_held(judged: Callable[..., Verdict]) -> None:
    found = judged(8)
    assert found.measured == made.WALL
    assert "FD_SETSIZE" in found.explanation


def test_threads_that_never_met_a_limit_prove_no_bound(judged: Callable[..., Verdict]) -> None:
    small = both(
        remove(server="thread_per_connection", idle_connections=10000),
        remove(server="thread_per_connection", idle_connections=1000),
        remove(server="thread_per_connection", active_connections=1000),
    )
    assert judged(10, small).verdict is Word.INCONCLUSIVE


def test_void_trials_are_never_averaged_in(judged: Callable[..., Verdict]) -> None:
    spoilt = both(scale("requests_per_s", 0.01, block=2, **EPOLL_IDLE), void(block=2, **EPOLL_IDLE))
    found = judged(2, spoilt, blocks=6)
    assert found.verdict is Word.REPRODUCED
    assert found.n == 5


def test_an_open_verdict_says_what_it_would_take(judged: Callable[..., Verdict]) -> None:
    found = judged(2, blocks=6, noise=0.08)
    assert found.verdict is Word.INCONCLUSIVE
    needed = re.search(r"about (\d+) repeats to tell", found.explanation)
    assert needed
    assert int(needed[1]) > found.n
    assert f"EXPERIMENT=dead_connections REPEATS={needed[1]}" in found.explanation


def test_a_claim_without_a_judge_is_not_run(tmp_path: Path) -> None:
    (found,) = judge_all(analysis.load(made.write_run(tmp_path, claims=[27])))
    assert found.verdict is Word.NOT_RUN


def test_no_claims_give_an_empty_table(tmp_path: Path) -> None:
    found = judge_all(analysis.load(made.write_run(tmp_path, claims=[])))
    assert as_table(found).columns.tolist() == list(COLUMNS)


def test_without_a_list_every_claim_is_judged(tmp_path: Path) -> None:
    found = judge_all(analysis.load(made.write_run(tmp_path, claims=None)))
    assert [verdict.claim for verdict in found] == list(load_claims())


def test_a_lower_limit_of_a_ratio_refutes_nothing(judged: Callable[..., Verdict]) -> None:
    """The generator bounded the server that holds, so the true ratio is larger."""
    close = put("requests_per_s", 70_000.0, **POLL_IDLE)
    assert judged(3, close).verdict is Word.REFUTED
    bounded = put("validity", "generator_bound", **EPOLL_IDLE)
    found = judged(3, both(close, bounded))
    ratio = found.parts[0]
    assert ratio.verdict is Word.INCONCLUSIVE
    assert against(ratio.estimate, ratio.low, ratio.high) is Word.REFUTED


@pytest.mark.parametrize(
    ("number", "columns"),
    [(14, ("full_queue_overflows", "full_queue_drops")), (16, ("listen_drops",))],
)
def test_what_was_not_measured_is_no_evidence(
    judged: Callable[..., Verdict], number: int, columns: tuple[str, ...]
) -> None:
    def forget(frame: pd.DataFrame) -> None:
        frame[list(columns)] = pd.NA

    assert judged(number, forget).verdict is Word.NOT_RUN
