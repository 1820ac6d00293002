"""What is read of a figure tells a rate and a cost of those who were served alone as bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.figures import all_figures
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

MOST = {"idle_connections": 10_000}
REASON = "only 30% of the active connections got a response"


@pytest.fixture
def reading(tmp_path: Path) -> Callable[[str, pd.DataFrame], str]:
    def read(name: str, frame: pd.DataFrame) -> str:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        return all_figures()[name].reading(analysis.load(made.write_run(folder, frame)))

    return read


def starved(server: str, factor: float = 1.0, **where: int) -> pd.DataFrame:
    """Records in which a server starved its clients, with so many times the rate."""
    frame = made.trials(5)
    mine = frame["server"] == server
    for name, value in where.items():
        mine &= frame[name] == value
    put_cause(frame, mine, "server_starved", REASON)
    frame.loc[mine, "coverage"] = 0.3
    frame.loc[mine, "requests_per_s"] *= factor
    return frame


def test_many_active_connections(reading: Callable[[str, pd.DataFrame], str]) -> None:
    sound = reading("concurrency", made.trials(5))
    assert " times" in sound
    assert "≤" not in sound
    fast = reading("concurrency", starved("poll", 9.0, active_connections=1000))
    assert "poll answers ≤ 1,0" in fast
    assert "apart" not in fast
    assert "of CPU per request against ≥ " in fast
    slow = reading("concurrency", starved("poll", 0.1, active_connections=1000))
    assert "and poll ≤ " in slow
    assert "apart" not in slow


def test_what_a_request_costs(reading: Callable[[str, pd.DataFrame], str]) -> None:
    assert "The dearest and the cheapest are" in reading("cpu_per_request", made.trials(5))
    told = reading("cpu_per_request", starved("thread_per_connection", **MOST))
    assert "thread per connection ≥ " in told
    assert "The dearest and the cheapest" not in told


@pytest.mark.parametrize(
    ("server", "factor", "where", "words"),
    [
        ("epoll_level", 1.0, MOST, "Whether epoll (level) (≤ "),
        ("epoll_level", 0.1, MOST, "epoll (level) (≤ "),
        ("epoll_level", 1.0, {"idle_connections": 0}, "epoll (level) (≥ "),
        ("epoll_level", 9.0, {"idle_connections": 0}, "Whether epoll (level) (≥ "),
        ("epoll_level", 1.0, {}, "Whether epoll (level) kept half"),
    ],
)
def test_what_was_kept_beside_idle_connections(
    reading: Callable[[str, pd.DataFrame], str],
    server: str,
    factor: float,
    where: dict[str, int],
    words: str,
) -> None:
    told = reading("idle_connections", starved(server, factor, **where))
    assert words.lower() in told.lower()
    assert ("is not known: clients were starved" in told) is words.startswith("Whether")


def test_what_the_last_step_of_load_bought(reading: Callable[[str, pd.DataFrame], str]) -> None:
    told = reading("load_latency", starved("poll", 0.1, active_connections=1000))
    assert "poll answers at most 0." in told
    told = reading("load_latency", starved("poll", 9.0, active_connections=8))
    assert "poll answers at least 0." in told
    told = reading("load_latency", starved("poll"))
    assert "poll answers" not in told or "poll answers an unknown number of times" in told


def test_what_a_short_backlog_does_to_the_rate(
    reading: Callable[[str, pd.DataFrame], str],
) -> None:
    steady = "do not show it"
    assert steady in reading("backlog", made.trials(5))
    told = reading("backlog", starved("iterative", backlog=1))
    assert "The rate is at most " in told
    assert steady not in told
