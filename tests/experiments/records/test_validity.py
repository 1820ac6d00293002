"""Whom the judge of a trial blames, and what it says of clients that got nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.outcomes import MEASURED
from contract.result.server_side import OwnLog
from experiments.plan.trials import Trial
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from tests.support.fakes import some_trials
from tests.support.results import a_result, with_samples, with_window


def row_of(load: str, **window: Any) -> dict[str, Any]:
    """Of four connections, all of them served, but for what `window` says."""
    trial = next(one for one in some_trials() if one.point.sweep == "s")
    result = with_window(a_result(), **window)
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", under(trial, load), Outcome(result))


def under(trial: Trial, load: str) -> Trial:
    settings = replace(trial.point.settings, load=load)
    return replace(trial, point=replace(trial.point, settings=settings))


@pytest.mark.parametrize(
    ("load", "errors", "validity", "spoiled_by"),
    [
        ("connection_per_request", {"out_of_ports": 90_000}, "void", "load"),
        ("connection_per_request", {"out_of_descriptors": 1, "reset": 9}, "void", "load"),
        ("connection_per_request", {"reset": 90_000}, "server_bound", ""),
        ("connection_per_request", {"out_of_ports": 1, "wrong_answer": 1}, "void", "server_wrong"),
        ("keep_alive", {"out_of_ports": 3}, "void", "load"),
        # Its connections were ended first, else none would have been opened.
        ("keep_alive", {"out_of_ports": 3, "closed_early": 1}, "void", "server_wrong"),
        ("keep_alive", {"reset": 3}, "void", "server_wrong"),
    ],
)
def test_a_client_without_a_port_has_not_asked_the_server(
    load: str, errors: dict[str, int], validity: str, spoiled_by: str
) -> None:
    row = row_of(load, errors=errors)
    assert (row["validity"], row["spoiled_by"]) == (validity, spoiled_by)


@pytest.mark.parametrize(
    ("covered", "told"), [(4, ""), (1, "only 25.0% of the clients got a response in the window")]
)
def test_clients_that_got_nothing_are_told_though_none_of_them_waits(
    covered: int, told: str
) -> None:
    row = row_of("connection_per_request", covered=covered)
    assert row["validity"] == "server_bound"
    assert row["reason"].startswith(told)
    assert bool(row["reason"]) is bool(told)


def row_with(warm_up_s: float | None = 0.3, **result: Any) -> dict[str, Any]:
    trial = next(one for one in some_trials() if one.point.sweep == "s")
    settings = replace(trial.point.settings, warm_up_s=warm_up_s)
    planned = replace(trial, point=replace(trial.point, settings=settings))
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", planned, Outcome(a_result(**result)))


@pytest.mark.parametrize(
    ("rates", "trend", "told"),
    [
        ([100.0] * 10 + [60.0] * 10, -0.4, "the rate fell by 40% within the window"),
        ([100.0] * 10 + [160.0] * 10, 0.6, "the rate rose by 60% within the window"),
        ([100.0, 101.0] * 10, 0.0, ""),
        ([], None, ""),
    ],
)
def test_a_rate_that_changes_is_told_and_voids_no_trial(
    rates: list[float], trend: float | None, told: str
) -> None:
    row = row_with(rates_per_s=tuple(rates))
    assert row["validity"] == "server_bound"
    assert row["rate_trend"] == (None if trend is None else pytest.approx(trend))
    assert row["reason"].startswith(told)
    assert bool(row["reason"]) is bool(told)


@pytest.mark.parametrize(
    ("asked_s", "took_s", "told"),
    [(None, 30.0, True), (None, 29.5, False), (30.0, 30.0, False)],
)
def test_a_rate_that_was_never_steady_is_told(
    asked_s: float | None, took_s: float, told: bool
) -> None:
    row = row_with(asked_s, warmed_up_s=took_s)
    assert (row["warm_up_s"], row["warmed_up_s"]) == (asked_s, took_s)
    assert row["validity"] == "server_bound"
    assert row["reason"] == ("the rate was not steady within 30 s of warm-up" if told else "")


def logged(copying_s: float | None, bytes_per_s: float = 12e6) -> dict[str, Any]:
    """After 1.3 s of load: what is neither idle nor the server's or the load's is 0.85 cores."""
    result = with_window(a_result(log=OwnLog(bytes_per_s, copying_s)), cpu_ns=int(0.2e9))
    result = with_samples(result, close={"idle_ticks": 100})
    trial = next(one for one in some_trials() if one.point.sweep == "s")
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", trial, Outcome(result))


def test_the_engine_s_copying_of_the_server_s_own_log_is_measured_with_it() -> None:
    row = logged(1.3 * 0.7)
    assert (row["validity"], row["spoiled_by"]) == ("server_bound", "")
    assert row["log_cpu_share"] == pytest.approx(0.7)
    assert row["foreign_cpu_share"] == pytest.approx(0.85 - 0.7)
    assert row["reason"] == "its own log, 12 MB/s, took the engine 0.7 cores: it is faster without"


def test_a_neighbour_stays_a_disturbance_where_the_server_logs_a_little() -> None:
    row = logged(1.3 * 0.08, 20_000)
    assert (row["validity"], row["spoiled_by"]) == ("void", "surroundings")
    assert row["reason"] == (
        "other programs used 0.8 cores in the window; stop them and run again (its own log, "
        "0.02 MB/s, took the engine 0.1 cores, which are not among them)"
    )
    silent = logged(0.0, 0.0)
    assert silent["reason"].endswith("stop them and run again")


def test_a_server_that_printed_nothing_in_the_window_is_not_slowed_by_its_log() -> None:
    row = logged(1.3 * 0.4, 0.0)  # the engine still copied what came before
    assert row["log_cpu_share"] == pytest.approx(0.4)
    assert (row["validity"], row["reason"]) == ("server_bound", "")


def with_files(files_s: float | None) -> dict[str, Any]:
    """As `logged`, without a word of the server's."""
    result = with_window(a_result(files_s=files_s), cpu_ns=int(0.2e9))
    result = with_samples(result, close={"idle_ticks": 100})
    trial = next(one for one in some_trials() if one.point.sweep == "s")
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", trial, Outcome(result))


def test_a_file_system_that_is_a_program_is_measured_with_the_server_whose_files_it_has() -> None:
    row = with_files(1.3 * 0.7)
    assert (row["validity"], row["spoiled_by"]) == ("server_bound", "")
    assert row["files_cpu_share"] == pytest.approx(0.7)
    assert row["foreign_cpu_share"] == pytest.approx(0.85 - 0.7)
    assert row["reason"].startswith("its files took the engine's file system, which is a program, ")
    assert "0.7 cores: it is faster with one in the kernel" in row["reason"]


@pytest.mark.parametrize("files_s", [None, 1.3 * 0.08])
def test_a_neighbour_is_no_file_system(files_s: float | None) -> None:
    row = with_files(files_s)
    assert (row["validity"], row["spoiled_by"]) == ("void", "surroundings")
    assert row["reason"].startswith("other programs used 0.")
    assert "file system" not in row["reason"]


def test_where_nobody_knows_what_copying_took_both_are_named() -> None:
    row = logged(None)
    assert (row["validity"], row["spoiled_by"]) == ("void", "surroundings")
    assert "have the server print less: its own log, 12 MB/s" in row["reason"]
    assert row["log_cpu_share"] is None


@pytest.mark.parametrize("load", ["open_loop", "open_connections", "keep_alive"])
@pytest.mark.parametrize(("late", "errors"), [(0, {}), (3, {}), (0, {"reset": 2})])
def test_a_window_in_which_nothing_was_due_blames_no_server(
    load: str, late: int, errors: dict[str, int]
) -> None:
    waiting = {"count": late, "oldest_us": late, "most_waiting": 0}
    unanswered = None if load == "keep_alive" else waiting
    row = row_of(load, requests=0, covered=0, errors=errors, unanswered=unanswered)
    due = load == "keep_alive" or late or errors
    cause = ("starved", "server_starved") if due else ("void", "load")
    assert (row["validity"], row["spoiled_by"]) == cause
    told = "no response came in the window" if due else "no request was due in the window"
    assert row["reason"].startswith(told)


@pytest.mark.parametrize(
    ("resent", "ended", "told"),
    [
        (0, {}, ""),
        (0, {"100": 7}, "the server closes a connection after 100 requests"),
        (0, {"1": 7}, "the server closes a connection after 1 request"),
        (
            5,
            {"1000": 7},
            "the server closes a connection after 1,000 requests; requests sent again: 5",
        ),
        (
            2,
            {"3": 1, "90": 1, "100": 2},
            "the server closes a connection after 3 to 100 requests, median 95; "
            "requests sent again: 2",
        ),
    ],
)
@pytest.mark.parametrize("load", ["keep_alive", "open_loop"])
def test_connections_that_a_server_ends_are_told_and_void_nothing(
    load: str, resent: int, ended: dict[str, int], told: str
) -> None:
    reconnects = sum(ended.values())
    row = row_of(
        load, reconnects=reconnects, resent=resent, requests_per_connection=ended, rested_ns=1
    )
    assert row["validity"] in MEASURED
    assert row["reason"] == told
    assert (row["reconnects"], row["resent"], row["errors"]) == (reconnects, resent, 0)


def test_a_request_that_may_not_be_sent_twice_is_an_error() -> None:
    row = row_of("keep_alive", errors={"not_resent": 2}, reconnects=0)
    assert (row["validity"], row["spoiled_by"]) == ("void", "server_wrong")
    assert row["reason"] == "errors in the window: not_resent=2"
