"""Readings of trials that starved clients write bounds as bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from analysis.figures import all_figures
from analysis.report.narrative import lead, more
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

RATE = "requests_per_s"
REASON = "only 20% of the active connections got a response in the window"


def starve(frame: pd.DataFrame, some: pd.Series[bool]) -> None:
    put_cause(frame, some, "server_starved", REASON)
    frame.loc[some, "coverage"] = 0.2


def told(folder: Path, name: str, frame: pd.DataFrame) -> str:
    return all_figures()[name].reading(analysis.load(made.write_run(folder, frame)))


def idle_ones(frame: pd.DataFrame, server: str, idle: int) -> pd.Series[bool]:
    mine = (frame["server"] == server) & (frame["active_connections"] == 8)
    return mine & (frame["idle_connections"] == idle)


def keeping(starved: tuple[int, ...], share: float) -> pd.DataFrame:
    """poll starves clients beside so many idle ones, and answers this share of its rate beside
    10,000."""
    frame = made.trials(5)
    for idle in starved:
        starve(frame, idle_ones(frame, "poll", idle))
    alone = frame.loc[idle_ones(frame, "poll", 0), RATE].mean()
    frame.loc[idle_ones(frame, "poll", 10_000), RATE] = share * alone
    return frame


@pytest.mark.parametrize(
    ("starved", "share", "words"),
    [
        ((10_000,), 0.755, "it is not known whether poll (≤ 75"),
        ((10_000,), 0.255, "poll (≤ 25"),
        ((0,), 0.255, "it is not known whether poll (≥ 25"),
        ((0,), 0.755, "poll (≥ 75"),
        ((), 0.755, "poll (75"),
    ],
)
def test_the_share_of_a_rate_is_a_bound_where_clients_were_starved(
    tmp_path: Path, starved: tuple[int, ...], share: float, words: str
) -> None:
    text = told(tmp_path, "idle_connections", keeping(starved, share))
    assert words in text.lower()
    assert ("not known" in text) is ("not known" in words)
    kept = text.partition(" kept most of the rate")[0]
    assert (" poll (" in kept) is ("not known" not in words and share > 0.5)


def test_a_share_of_two_bounds_is_none(tmp_path: Path) -> None:
    text = told(tmp_path, "idle_connections", keeping((0, 10_000), 0.7))
    assert " poll (" not in text
    assert "not known whether poll kept most of the rate: clients were starved" in text


@pytest.mark.parametrize(("starved", "at_most"), [((10_000,), True), ((0,), False)])
def test_the_arrows_of_shares_point_where_they_may_lie(
    tmp_path: Path, starved: tuple[int, ...], at_most: bool
) -> None:
    run = analysis.load(made.write_run(tmp_path, keeping(starved, 0.7)))
    shares = all_figures()["idle_connections"].chart(run).panels[1].series
    (mine,) = [one for one in shares if one.label == "poll"]
    assert mine.bounds.any()
    assert mine.at_most is at_most


def test_the_cost_of_a_request_of_those_who_were_served_is_a_lower_bound(tmp_path: Path) -> None:
    frame = keeping((10_000,), 0.7)
    text = told(tmp_path / "one", "cpu_per_request", frame)
    assert "poll ≥ " in text
    assert "are at least " in text
    assert " times apart" in text
    starve(frame, idle_ones(frame, "epoll_level", 10_000))
    text = told(tmp_path / "both", "cpu_per_request", frame)
    assert "epoll (level) ≥ " in text
    assert "apart" not in text


@pytest.mark.parametrize(("factor", "apart"), [(10.0, False), (0.1, True)])
def test_the_rate_of_those_who_were_served_is_an_upper_bound(
    tmp_path: Path, factor: float, apart: bool
) -> None:
    frame = made.trials(5)
    some = (frame["server"] == "poll") & (frame["active_connections"] == 1000)
    starve(frame, some)
    frame.loc[some, RATE] *= factor
    text = told(tmp_path, "concurrency", frame)
    assert ("poll answers ≤ " if factor > 1 else " and poll ≤ ") in text
    assert (", at least " in text) is apart
    assert ("apart" in text) is apart
    assert "≥" in text.partition("of CPU per request")[2 if factor > 1 else 0]


@pytest.mark.parametrize(("starved", "told_"), [("short", "at most "), ("long", "at least ")])
def test_a_rate_beside_a_long_backlog_is_a_bound_where_clients_were_starved(
    tmp_path: Path, starved: str, told_: str
) -> None:
    frame = made.trials(5)
    mine = frame["server"] == "iterative"
    ends = frame.loc[mine, "backlog"].min(), frame.loc[mine, "backlog"].max()
    starve(frame, mine & (frame["backlog"] == ends[starved == "long"]))
    text = told(tmp_path, "backlog", frame)
    assert f"{told_}" in text.partition("overflows")[2]
    assert ("do not show it" in text) is (starved == "long")


@pytest.mark.parametrize(
    ("starved", "factor", "words"),
    [
        ((1000,), 0.1, "poll answers at most 0."),
        ((8,), 9.0, "poll answers at least 0."),
        ((8, 1000), 0.1, "poll answers an unknown number of times as many"),
    ],
)
def test_what_the_last_step_of_load_bought_is_a_bound_where_clients_were_starved(
    tmp_path: Path, starved: tuple[int, ...], factor: float, words: str
) -> None:
    frame = made.trials(5)
    for active in starved:
        mine = (frame["server"] == "poll") & (frame["active_connections"] == active)
        starve(frame, mine & (frame["idle_connections"] == 0))
    mine = (frame["server"] == "poll") & (frame["active_connections"] == starved[-1])
    frame.loc[mine, RATE] *= factor
    assert words in told(tmp_path, "load_latency", frame)


def test_servers_of_which_none_was_measured_are_not_called_always_busy(tmp_path: Path) -> None:
    frame = made.trials(5)
    frame["validity"] = frame["validity"].replace("unsaturated", "server_bound")
    assert "always busy" in told(tmp_path / "measured", "latency", frame)
    starve(frame, (frame["active_connections"] == 1000) & (frame["server"] == "poll"))
    assert "always busy" not in told(tmp_path / "one", "latency", frame)
    starve(frame, frame["active_connections"] == 1000)
    assert "always busy" not in told(tmp_path / "all", "latency", frame)


def test_no_bottleneck_is_told_of_trials_none_of_which_was_measured(tmp_path: Path) -> None:
    frame = made.trials(5)
    starve(frame, frame["active_connections"] > 0)
    assert "bottleneck" not in told(tmp_path, "concurrency", frame)


def test_the_first_sentences_write_bounds_so(tmp_path: Path) -> None:
    frame = made.trials(5)
    starve(frame, idle_ones(frame, "poll", 10_000))
    threads = frame["server"] == "thread_per_connection"
    starve(frame, threads & (frame["idle_connections"] > 0))
    run = analysis.load(made.write_run(tmp_path, frame))
    text = lead(run, [])
    assert " and poll ≤ " in text
    assert ", a difference of at least " in text
    assert "of memory, and still answered ≤ " in more(run)
