"""Rows: arithmetic on what was recorded, and a verdict with its reason."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from contract.columns import COLUMNS, NAMES
from contract.outcomes import SPOILED_BY
from experiments.records.row_contract import cells_of
from experiments.records.server_series import server_series
from experiments.records.trial_row import make_row, server_limits
from experiments.records.validity import judge
from experiments.records.worker_columns import accepted
from experiments.run.trial import Outcome
from loadgen.worker.probe_client import SpoiledBy
from tests.support.fakes import a_result, a_sample, some_trials


def row_of(result: dict[str, Any] | None, **outcome: Any) -> dict[str, Any]:
    whole = None if result is None else {"trial": "t", "reason": "", **result}
    trial = next(t for t in some_trials() if t.point.sweep == "s")
    made = Outcome(result=whole, elapsed_s=3.5, **outcome)
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", trial, made)


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


def test_only_known_columns_and_all_required_ones() -> None:
    for row in (row_of(a_result()), row_of(None, reason="no server today")):
        assert set(row) <= set(NAMES)
        for column in COLUMNS:
            if column.required:
                assert row.get(column.name) not in (None, ""), column.name


def test_the_time_after_the_freeze_is_not_the_server_s() -> None:
    result = a_result()
    result["samples"][-1] = a_sample("close", 2.5, 0.2 + 0.95)
    assert row_of(result)["server_cpu_us_per_request"] == pytest.approx(95.0)


def test_no_result_is_void_with_its_reason() -> None:
    row = row_of(None, reason="the load worker ended with exit code 9")
    assert (row["outcome"], row["validity"]) == ("failed", "void")
    assert row["reason"] == "the load worker ended with exit code 9"


def test_a_server_that_ended_is_void() -> None:
    row = row_of(a_result(), server_ending="exit code 3", logs={"server": "one\nlast words"})
    assert row["validity"] == "void"
    assert row["reason"] == "the server ended with exit code 3 last words"


def changed(**window: Any) -> dict[str, Any]:
    result = a_result()
    result["window"] |= window
    return result


@pytest.mark.parametrize(
    ("result", "validity", "reason"),
    [
        (a_result(cpu_s=0.5), "unsaturated", ""),
        (changed(cpu_share=0.97), "generator_bound", ""),
        (changed(requests=0), "void", "no response came"),
        (changed(response_mean_us=500.0), "void", "Little's law is off"),
        (changed(covered=1), "void", "only 25.0% of the active connections"),
        (
            changed(skew_us=12_000.0),
            "void",
            "the load workers opened or closed their windows 12.0 ms apart",
        ),
        (changed(skew_us=9_000.0), "server_bound", ""),
        (changed(errors={"reset": 2}), "void", "errors in the window: reset=2"),
        (changed(errors={"wrong_answer": 1}), "void", "the server answered wrongly"),
        (changed(response_mean_us=500.0, response_max_us=4e5), "server_bound", ""),
    ],
)
def test_verdicts(result: dict[str, Any], validity: str, reason: str) -> None:
    row = row_of(result)
    assert row["validity"] == validity
    assert row["reason"].startswith(reason)
    assert bool(row["reason"]) == (validity == "void")


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"steal_ticks": 40}, "hypervisor took 20%"), ({"idle_ticks": 100}, "other programs used")],
)
def test_a_disturbed_machine_is_void(change: dict[str, int], reason: str) -> None:
    result = a_result()
    result["samples"][-1] |= change
    assert reason in row_of(result)["reason"]


LAG = {"lag_p99_us": 40.0, "lag_max_us": 90.0}


def open_row(cpu_s: float = 0.4, **window: Any) -> dict[str, Any]:
    """A trial that was asked for 10,000 requests a second."""
    result = {"trial": "t", "reason": "", **a_result(cpu_s=cpu_s)}
    late = {"count": 3, "oldest_us": 70, "most_waiting": 5}
    result["window"] |= {"unanswered": late, "cpu_ns": int(0.99e9), **LAG, **window}
    trial = next(t for t in some_trials() if t.point.sweep == "s")
    settings = replace(trial.point.settings, load="open_loop", rate_per_s=1e4)
    point = replace(trial.point, settings=settings)
    outcome = Outcome(result=result, elapsed_s=3.5)
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", replace(trial, point=point), outcome)


def test_an_open_loop_s_generator_is_judged_by_its_lag() -> None:
    row = open_row()
    assert (row["validity"], row["reason"]) == ("unsaturated", "")
    assert (row["unanswered"], row["oldest_unanswered_us"], row["most_waiting"]) == (3, 70, 5)
    late = open_row(lag_p99_us=1_500.0)
    assert late["validity"] == "generator_bound"
    assert "requests left up to 1,500 us late" in late["reason"]


def test_an_open_loop_that_gets_less_than_it_asks_for_has_found_the_server_s_limit() -> None:
    assert open_row(requests=9_000)["validity"] == "server_bound"
    assert open_row(cpu_s=0.95)["validity"] == "server_bound"


def test_an_open_loop_s_generator_that_had_no_rest_is_the_bottleneck() -> None:
    busy = open_row(requests=8_000, rested_ns=int(0.2e9))
    assert busy["generator_busy_share"] == pytest.approx(0.8)
    assert busy["validity"] == "generator_bound"
    assert "only 80% of the rate was kept" in busy["reason"]
    assert open_row(requests=8_000, rested_ns=int(0.9e9))["validity"] == "server_bound"


def test_the_kinds_of_a_mix_are_told_apart() -> None:
    result = a_result()
    result["window"] |= {
        "histograms": {"response": "", "response /": "", "response /db/10": ""},
        "response /_count": 9,
        "response /_p50_us": 80.0,
        "response /_p99_us": 90.0,
        "response /db/10_count": 1,
        "response /db/10_p50_us": 1e4,
    }
    kinds = json.loads(row_of(result)["kinds"])
    assert kinds["/"] == {"requests": 9, "p50_us": 80.0, "p99_us": 90.0}
    assert kinds["/db/10"] == {"requests": 1, "p50_us": 1e4, "p99_us": None}
    assert row_of(a_result())["kinds"] is None


def test_limits_that_the_server_named() -> None:
    log = (
        '{"event": "listening", "port": 8080}\n'
        '{"event": "limit", "limit": "FD_SETSIZE", "value": 1024, "message": "no more"}\n'
        '{"event": "limit", "lim'
    )
    assert server_limits(log) == "FD_SETSIZE: no more"


def test_the_columns_of_the_whole_server() -> None:
    result = a_result()
    result["window"] |= {"connects": 500, "response_stddev_us": 12.5}
    result["samples"][1]["kernel_slab_bytes"] = 95_000_000
    result["samples"].insert(3, a_sample("second", 1.5, 0.5, accept_queue_max=9))
    result["samples"][-1] |= {"context_switches": 160, "voluntary_switches": 100}
    row = row_of(result)
    assert (row["connects"], row["connects_per_s"]) == (500, 500.0)
    assert row["response_stddev_us"] == 12.5
    assert (row["kernel_slab_idle_bytes"], row["kernel_slab_bytes"]) == (90_000_000, 95_000_000)
    assert (row["context_switches"], row["voluntary_switches"]) == (60, 40)
    assert row["accept_queue_max"] == 9, "the deepest of the window, not of its last second"
    assert row["worker_cpu_shares"] is row["worker_connections"] is row["worker_accepts"] is None


def with_workers(**close: int) -> dict[str, Any]:
    result = a_result()
    samples = {sample["label"]: sample for sample in result["samples"]}
    samples["gate"]["worker_connections"] = {"10": 1, "9": 3}
    samples["open"]["worker_cpu_ns"] = {"10": 100, "9": 100}
    samples["close"]["worker_cpu_ns"] = close
    return result


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
    result = {"trial": "t", "reason": "", **a_result()}
    result["window"] |= {"covered": covered}
    result["samples"][-1] |= close
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
    assert row["validity"] != "void", "too slow to come to all connections is no fault of its own"


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
    result = a_result()
    result["samples"][1:1] = [
        a_sample("empty", 0.1, 0.0),
        a_sample("full", 0.2, 0.0, accept_queue=6, listen_overflows=15, listen_drops=14, resets=0),
        a_sample("late", 0.3, 0.0, resets=5),
    ]
    row = row_of(result)
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
    assert (first["from_s"], first["to_s"], last["to_s"]) == (0.0, 1.0, 1.5)
    assert (first["cpu_s"], last["cpu_s"]) == (0.8, 0.2)
    assert (first["listen_drops"], last["listen_drops"], first["rss_bytes"]) == (1, 0, 5)
    assert server_series(samples[:1]) == []


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


LIMIT = '{"event": "limit", "limit": "FD_SETSIZE", "message": "1,024 descriptors"}'


def spoiled(reason: str, by: str, **changes: Any) -> dict[str, Any]:
    return {**a_result(), "reason": reason, "spoiled_by": by, **changes}


@pytest.mark.parametrize(
    ("result", "outcome", "spoiled_by"),
    [
        (a_result(), {}, ""),
        (spoiled("verification failed: x", "server_wrong", window=None), {}, "server_wrong"),
        (spoiled("the probe did not answer", "probe", window=None), {}, "probe"),
        (spoiled("12 of 64 connections", "server_starved", window=None), {}, "server_starved"),
        (
            spoiled("12 of 64 connections", "server_starved", window=None),
            {"logs": {"server": LIMIT}},
            "server_limit",
        ),
        (
            spoiled("load worker 1 was lost", "load", window=None),
            {"logs": {"server": LIMIT}},
            "load",
        ),
        # A server that ends takes its probe, and the connections, along.
        (
            spoiled("the probe did not answer", "probe", window=None),
            {"server_ending": "exit code 3"},
            "server_gone",
        ),
        (
            spoiled("errors", "server_wrong", window=None),
            {"server_ending": "exit code 137, out of memory", "out_of_memory": True},
            "server_limit",
        ),
        (a_result(), {"server_ending": "exit code 0"}, "server_gone"),
        (None, {"reason": "the load worker ended", "spoiled_by": "load"}, "load"),
        (None, {}, "load"),
        (a_result(requests=0), {}, "server_starved"),
    ],
)
def test_void_row_says_who_spoiled_it(
    result: dict[str, Any] | None, outcome: dict[str, Any], spoiled_by: str
) -> None:
    row = row_of(result, **outcome)
    assert row["spoiled_by"] == spoiled_by
    assert (row["validity"] == "void") == bool(spoiled_by)
    assert bool(row["reason"]) == bool(spoiled_by)


def without_samples() -> dict[str, Any]:
    """The probe fell silent before the window."""
    result = a_result()
    return {**result, "samples": result["samples"][:1]}


def disturbed(result: dict[str, Any]) -> dict[str, Any]:
    """The hypervisor had the machine."""
    result["samples"][-1]["steal_ticks"] = 190
    return result


@pytest.mark.parametrize(
    ("result", "spoiled_by"),
    [
        (changed(errors={"wrong_answer": 1}), "server_wrong"),
        (changed(errors={"reset": 1}), "server_wrong"),
        (changed(covered=2), "server_starved"),
        (changed(skew_us=50_000), "load"),
        (without_samples(), "probe"),
        (disturbed(a_result()), "surroundings"),
        # Who served nobody on a machine that somebody else had is no evidence of anything,
        # and who answered wrongly is.
        (disturbed(a_result(requests=0)), "surroundings"),
        (disturbed(changed(skew_us=50_000)), "surroundings"),
        (disturbed(changed(errors={"wrong_answer": 1})), "server_wrong"),
    ],
)
def test_validity_says_who_spoiled_a_window(result: dict[str, Any], spoiled_by: str) -> None:
    row = row_of(result)
    assert (row["validity"], row["spoiled_by"]) == ("void", spoiled_by)
    assert row["reason"]


def test_load_and_records_agree_on_who_may_spoil_a_trial() -> None:
    assert set(get_args(SpoiledBy)) < set(SPOILED_BY)


HANGING = {
    "requests": 3_000,
    "response_mean_us": 1e6 * 4 / 3_004,
    "response_censored": 4,
    "response_oldest_us": 700_000.0,
    "lower_bounds": ["response_p999_us", "response_max_us", "response_mean_us", "lag_p50_us"],
}
SAID = (
    "4 requests had no answer as the window closed, the oldest for 0.700 s: "
    "their ages are among the response times"
)


def test_a_closed_loop_that_hangs_is_the_servers_doing_and_said() -> None:
    result = changed(**HANGING)
    result["samples"][-1] = a_sample("close", 2.0, 0.2 + 0.1)
    row = row_of(result)
    assert (row["validity"], row["reason"]) == ("server_bound", SAID)
    assert (row["unanswered"], row["oldest_unanswered_us"]) == (4, 700_000.0)
    assert row["lower_bounds"] == "response_p999_us response_max_us response_mean_us"
    assert row["littles_law_ratio"] == pytest.approx(1.0)


def test_a_single_request_that_hangs_is_said_and_bounds_nothing() -> None:
    one = {**HANGING, "response_censored": 1, "response_mean_us": 1e6 * 4 / 3_001}
    result = changed(**one)
    result["samples"][-1] = a_sample("close", 2.0, 0.2 + 0.1)
    row = row_of(result)
    assert row["validity"] == "unsaturated"
    assert row["reason"].startswith("1 requests had no answer")


def test_an_open_loop_tells_what_was_not_answered_and_what_failed() -> None:
    late = {"count": 341, "oldest_us": 1_700_000, "most_waiting": 300}
    row = open_row(requests=9_000, unanswered=late, lower_bounds=["response_p99_us"])
    assert row["validity"] == "server_bound"
    assert row["reason"].startswith("341 requests had no answer as the window closed")
    failing = open_row(requests=960, errors={"reset": 400, "closed_early": 140})
    assert failing["errors"] == 540
    assert failing["error_share"] == pytest.approx(0.36)
    assert failing["error_kinds"] == "closed_early=140 reset=400"
    assert failing["reason"] == "36.0% of the requests failed: closed_early=140 reset=400"
    assert open_row()["reason"] == ""


def test_without_a_request_there_is_no_share_of_errors() -> None:
    row = row_of(changed(requests=0, response_mean_us=0.0))
    assert row["error_share"] is None
    assert row_of(a_result())["error_share"] == 0.0


def test_result_that_the_lab_cannot_read_costs_its_trial_and_no_more() -> None:
    odd = {**a_result(), "samples": [{"label": "open"}, {"label": "close"}]}
    row = row_of(odd)
    assert (row["validity"], row["spoiled_by"]) == ("void", "lab")
    assert row["reason"].startswith("the lab made no row of what was measured: KeyError(")
    assert cells_of(row), "it can be written"


def test_a_kind_names_those_of_its_times_that_are_lower_bounds() -> None:
    result = a_result()
    result["window"] |= {
        "histograms": {"response": "", "response /": "", "response /db": ""},
        "response /_p50_us": 100.0,
        "response /db_p99_us": 5_000.0,
        "lower_bounds": ["response /db_p99_us", "response /db_max_us"],
    }
    row = row_of(result)
    kinds = json.loads(row["kinds"])
    assert "lower_bounds" not in kinds["/"]
    assert kinds["/db"]["lower_bounds"] == ["p99_us"]
    assert row["lower_bounds"] == ""
