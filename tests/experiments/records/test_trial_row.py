"""Rows: arithmetic on what was recorded, and a verdict with its reason."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from contract.columns import COLUMNS, NAMES
from contract.columns.cells import written
from contract.outcomes import MEASURED
from contract.result.trial_result import TrialResult
from contract.void_causes import Blame
from experiments.records.columns.worker import accepted
from experiments.records.outcome import Outcome
from experiments.records.row_contract import cells_of
from experiments.records.server_series import server_series
from experiments.records.trial_row import make_row, server_limits
from experiments.records.validity import judge
from tests.support.fakes import some_trials
from tests.support.results import (
    a_result,
    a_sample,
    with_samples,
)
from tests.support.rows import changed, row_of


def test_a_valid_trial() -> None:
    row = row_of(a_result())
    assert row["validity"] == "server_bound"
    assert row["reason"] == ""
    assert row["requests_per_s"] == 10_000
    assert row["server_cpu_us_per_request"] == pytest.approx(95.0)
    assert row["server_cpu_share"] == pytest.approx(0.95)
    assert row["generator_cpu_share"] == pytest.approx(0.5)
    assert row["segments_out_per_response"] == 1.0
    assert row["littles_law_ratio"] == pytest.approx(1.0)
    assert row["overhead_s"] == pytest.approx(3.5 - 1.0 - 0.3)


def test_memory_of_the_load_is_that_of_all_its_workers() -> None:
    row = row_of(replace(a_result(), rss_idle_bytes=60_000_000, rss_held_bytes=63_000_000))
    assert (row["generator_rss_idle_bytes"], row["generator_rss_bytes"]) == (60_000_000, 63_000_000)
    unknown = row_of(a_result())
    assert unknown["generator_rss_idle_bytes"] is unknown["generator_rss_bytes"] is None


def test_only_known_columns_and_all_required_ones() -> None:
    for row in (row_of(a_result()), row_of(None, reason="no server today")):
        assert set(row) <= set(NAMES)
        for column in COLUMNS:
            if column.required:
                assert row.get(column.name) not in (None, ""), column.name


def test_the_time_after_the_freeze_is_not_the_server_s() -> None:
    result = with_samples(a_result(), close={"at_ns": int(2.5e9), "idle_ticks": 250})
    assert row_of(result)["server_cpu_us_per_request"] == pytest.approx(95.0)


def test_no_result_is_void_with_its_reason() -> None:
    row = row_of(None, reason="the load worker ended with exit code 9")
    assert (row["outcome"], row["validity"]) == ("failed", "void")
    assert row["reason"] == "the load worker ended with exit code 9"


def test_a_server_that_ended_is_void() -> None:
    row = row_of(a_result(), server_ending="exit code 3", logs={"server": "one\nlast words"})
    assert row["validity"] == "void"
    assert row["reason"] == "the server ended with exit code 3; its log ends: one | last words"


@pytest.mark.parametrize(
    ("spoiled_by", "told"), [("server_gone", True), ("server_wrong", True), ("load", False)]
)
def test_what_a_server_said_that_did_not_come_up_is_told(spoiled_by: Blame, told: bool) -> None:
    silent = TrialResult(reason="verification failed: refused", spoiled_by=spoiled_by)
    row = row_of(silent, logs={"server": "starting\nno database\u001b[0m\n"})
    ends = "; its log ends: starting | no database\u001b[0m" if told else ""
    assert row["reason"] == f"verification failed: refused{ends}"
    assert "\u001b" not in written(row["reason"])


@pytest.mark.parametrize(
    ("result", "validity", "reason"),
    [
        (a_result(cpu_s=0.5), "unsaturated", ""),
        (changed(cpu_share=0.97), "generator_bound", ""),
        (changed(requests=0), "starved", "no response came"),
        (changed(response_mean_us=500.0), "void", "Little's law is off"),
        (changed(covered=1), "starved", "only 25.0% of the active connections"),
        (
            changed(skew_us=12_000.0),
            "void",
            "the load workers opened or closed their windows 12.0 ms apart",
        ),
        (changed(skew_us=9_000.0), "server_bound", ""),
        (
            replace(changed(), clock_bound_us=12_000.0),
            "void",
            "the clocks of server and load are known to 12.0 ms only",
        ),
        (replace(changed(), clock_bound_us=9_000.0), "server_bound", ""),
        (
            with_samples(a_result(), close={"at_ns": int(3e9)}),
            "void",
            "the probe looked 1,000 ms from an edge of the window",
        ),
        (with_samples(a_result(), close={"at_ns": int(2.19e9)}), "server_bound", ""),
        (changed(errors={"reset": 2}), "void", "errors in the window: reset=2"),
        (changed(errors={"wrong_answer": 1}), "void", "the server answered wrongly"),
        (changed(response_mean_us=500.0, response_max_us=4e5), "server_bound", ""),
    ],
)
def test_verdicts(result: TrialResult, validity: str, reason: str) -> None:
    row = row_of(result)
    assert row["validity"] == validity
    assert row["reason"].startswith(reason)
    assert bool(row["reason"]) == (validity not in MEASURED)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"steal_ticks": 40}, "hypervisor took 20%"), ({"idle_ticks": 100}, "other programs used")],
)
def test_a_disturbed_machine_is_void(change: dict[str, int], reason: str) -> None:
    assert reason in row_of(with_samples(a_result(), close=change))["reason"]


def test_limits_that_the_server_named() -> None:
    log = (
        '{"event": "listening", "port": 8080}\n'
        '{"event": "limit", "limit": "FD_SETSIZE", "value": 1024, "message": "no more"}\n'
        '{"event": "limit", "lim'
    )
    assert server_limits(log) == "FD_SETSIZE: no more"


def test_the_columns_of_the_whole_server() -> None:
    usual = with_samples(
        changed(connects=500, response_stddev_us=12.5),
        gate={"kernel_slab_bytes": 95_000_000},
        close={"context_switches": 160, "voluntary_switches": 100},
    )
    second = a_sample("second", 1.5, 0.5, accept_queue_max=9)
    row = row_of(replace(usual, samples=(*usual.samples[:3], second, usual.samples[3])))
    assert (row["connects"], row["connects_per_s"]) == (500, 500.0)
    assert row["response_stddev_us"] == 12.5
    assert (row["kernel_slab_idle_bytes"], row["kernel_slab_bytes"]) == (90_000_000, 95_000_000)
    assert (row["context_switches"], row["voluntary_switches"]) == (60, 40)
    assert row["accept_queue_max"] == 9, "the deepest of the window, not of its last second"
    assert row["worker_cpu_shares"] is row["worker_connections"] is row["worker_accepts"] is None


def with_workers(**close: int) -> TrialResult:
    return with_samples(
        a_result(),
        gate={"worker_connections": {"10": 1, "9": 3}},
        open={"worker_cpu_ns": {"10": 100, "9": 100}},
        close={"worker_cpu_ns": close},
    )


def test_workers_stand_in_the_order_of_their_pids() -> None:
    told = (
        '{"event": "accepted", "pid": 10, "connections": 100}\n'
        '{"event": "accepted", "pid": 9, "connections": 300}\n'
        '{"event": "accepted", "pi'
    )
    row = row_of(with_workers(**{"10": 200, "9": 400}), logs={"server": told})
    assert json.loads(row["worker_connections"]) == [3, 1]
    assert json.loads(row["worker_cpu_shares"]) == [0.75, 0.25]
    assert json.loads(row["worker_accepts"]) == [300, 100]


def test_shares_are_unknown_when_a_worker_was_replaced() -> None:
    assert row_of(with_workers(**{"10": 200, "11": 400}))["worker_cpu_shares"] is None


def traced_row(covered: int = 4, **close: Any) -> dict[str, Any]:
    result = with_samples(changed(covered=covered), close=close)
    trial = next(t for t in some_trials() if t.point.sweep == "s")
    point = replace(trial.point, settings=replace(trial.point.settings, traced=True))
    return make_row(
        *("e", "r", "2026-01-01T00:00:00+00:00", replace(trial, point=point)),
        Outcome(result=result, elapsed_s=3.5),
    )


def test_system_calls_are_counted_per_request() -> None:
    calls = {"read": 10_000, "write": 10_000, "epoll_wait": 2_500, "brk": 9}
    row = traced_row(syscalls=calls, trace_is_whole=True, covered=1)
    assert row["syscalls_per_request"] == pytest.approx(2.2509)
    assert json.loads(row["syscalls"]) == {"read": 1.0, "write": 1.0, "epoll_wait": 0.25}
    assert row["validity"] in MEASURED, "too slow to come to all connections is no fault of its own"


@pytest.mark.parametrize(
    ("close", "reason"),
    [
        ({}, "no trace"),
        ({"syscalls": {}, "trace_is_whole": True}, "no trace"),
        ({"syscalls": {"read": 9}, "trace_is_whole": False}, "filled its file"),
    ],
)
def test_half_a_trace_is_void(close: dict[str, Any], reason: str) -> None:
    row = traced_row(**close)
    assert row["validity"] == "void"
    assert reason in row["reason"]


def test_what_met_a_full_queue() -> None:
    full = {"accept_queue": 6, "listen_overflows": 15, "listen_drops": 14, "resets": 0}
    piled = (
        a_sample("empty", 0.1, 0.0),
        a_sample("full", 0.2, 0.0, **full),
        a_sample("late", 0.3, 0.0, resets=5),
    )
    row = row_of(a_result(samples=(*piled, *a_result().samples)))
    assert (row["full_queue_depth"], row["full_queue_overflows"], row["full_queue_drops"]) == (
        6,
        15,
        14,
    )
    assert (row["full_queue_resets"], row["late_ack_resets"]) == (0, 5)


def test_the_series_of_the_server_s_side() -> None:
    samples = [
        a_sample("start", 0.0, 0.0),
        a_sample("open", 1.0, 0.2, listen_drops=3),
        a_sample("second", 2.0, 1.0, listen_drops=4, rss_bytes=5),
        a_sample("close", 2.5, 1.2, listen_drops=4),
    ]
    first, last = server_series(samples)
    assert (first.from_s, first.to_s, last.to_s) == (0.0, 1.0, 1.5)
    assert (first.cpu_s, last.cpu_s) == (0.8, 0.2)
    assert (first.listen_drops, last.listen_drops, first.rss_bytes) == (1, 0, 5)
    assert server_series(samples[:1]) == ()


@pytest.mark.parametrize(
    ("quota", "server", "generator", "validity"),
    [
        (0.5, 0.85, 0.4, "server_bound"),
        (0.5, 0.75, 0.4, "unsaturated"),
        (0.5, 0.85, 0.95, "generator_bound"),
        (None, 0.85, 0.4, "unsaturated"),
    ],
)
def test_of_a_quota_less_can_be_used(
    quota: float | None, server: float, generator: float, validity: str
) -> None:
    row = row_of(a_result()) | {
        "server_cpu_quota": quota,
        "server_cpu_share": server,
        "generator_cpu_share": generator,
    }
    assert judge(row) == {"validity": validity, "reason": "", "spoiled_by": ""}


def test_a_foreign_server_s_log_says_what_it_likes() -> None:
    log = (
        '{"event": "accepted", "peer": "10.0.0.1"}\n{"event": "accepted", "pid": "x"}\n'
        '{"event": "limit", "user": 7}\n[1]\n{"event": "accepted", "pid": 7, "connections": 3}\n'
    )
    assert server_limits(log) == ""
    assert accepted(log) == {"7": 3}


def test_without_a_request_there_is_no_share_of_errors() -> None:
    row = row_of(changed(requests=0, response_mean_us=0.0))
    assert row["error_share"] is None
    assert row_of(a_result())["error_share"] == 0.0


def test_result_that_the_lab_cannot_read_costs_its_trial_and_no_more() -> None:
    odd: Any = object()
    row = row_of(a_result(window=odd))
    assert (row["validity"], row["spoiled_by"]) == ("void", "lab")
    assert row["reason"].startswith("the lab made no row of what was measured: AttributeError(")
    assert cells_of(row), "it can be written"
