"""A figure that cannot be, or that nobody has, is named and costs one trial."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from contract.result.server_side import Environment
from contract.result.trial_result import TrialResult
from experiments.records.row_contract import within_format
from tests.support.results import (
    a_result,
    a_sample,
    a_window,
    with_samples,
)
from tests.support.rows import TRIAL, row_of


def changed(**samples: dict[str, Any]) -> TrialResult:
    return with_samples(a_result(), **samples)


@pytest.mark.parametrize(
    ("result", "column", "value"),
    [
        (changed(close={"retransmits": 5 - 2**32}), "retransmits", "-4294967291"),
        (changed(open={"resets": 9}), "resets", "-9"),
        (changed(close={"cpu_ns": 0}), "server_cpu_share", "-0.2"),
        (changed(open={"steal_ticks": 50}), "steal_share", "-0.25"),
        (changed(close={"steal_ticks": 500}), "steal_share", "2.5"),
    ],
)
def test_a_clock_or_a_counter_that_went_back_is_named(
    result: TrialResult, column: str, value: str
) -> None:
    row = row_of(result)
    assert (row["validity"], row["spoiled_by"], row[column]) == ("void", "lab", None)
    assert f"{column} was {value}, not a number" in row["reason"].replace("a whole", "a")
    assert row["requests"] == 10_000, "what was right stays"


def test_segments_that_went_back_are_named() -> None:
    row = row_of(a_result(window=a_window(segments_in=-30_000)))
    assert row["segments_out_per_response"] is None
    assert row["reason"] == "segments_out_per_response was -3, not a number, 0 or more"


def test_noughts_of_a_process_that_nobody_could_read_are_unknown() -> None:
    unread = {"processes": 0, "threads": 0, "rss_bytes": 0, "fds": 0, "kernel_slab_bytes": 0}
    row = row_of(changed(close=unread))
    for name in ("server_processes", "server_threads", "server_rss_bytes", "server_fds"):
        assert row[name] is None, name
    assert row["validity"] == "server_bound"
    assert row_of(changed(close={"fds": None}))["server_fds"] is None


def test_workers_that_did_not_tell_leave_the_list_unknown() -> None:
    settings = replace(TRIAL.point.settings, workers=3)
    trial = replace(TRIAL, point=replace(TRIAL.point, settings=settings))
    told = [f'{{"event": "accepted", "pid": {pid}, "connections": {pid}}}' for pid in (7, 8, 9)]
    whole, torn = (
        row_of(a_result(), trial, logs={"server": "\n".join(lines)}) for lines in (told, told[:2])
    )
    assert whole["worker_accepts"] == "[7, 8, 9]"
    assert torn["worker_accepts"] is None


def test_a_good_row_stays_as_it_is() -> None:
    row = row_of(a_result())
    assert within_format(row, {}) is row
    assert row["validity"] == "server_bound"
    assert row["spoiled_by"] == ""


def test_a_tick_more_than_the_window_is_no_fault() -> None:
    row = row_of(changed(close={"steal_ticks": 201}))
    assert row["steal_share"] == 1.0
    assert row["reason"] == "the hypervisor took 100% of the processors"


@pytest.mark.parametrize(
    ("broken", "missing"),
    [
        (a_result(environment=Environment()), "steal_share"),
        (changed(open={"at_ns": int(2e9)}), "server_cpu_share"),
        (changed(close={"at_ns": 0}), "server_cpu_share"),
        (a_result(window=a_window(distributions={})), "littles_law_ratio"),
        (a_result(window=a_window(distributions={})), "response_max_us"),
    ],
)
def test_a_figure_that_a_verdict_needs_and_nobody_has_is_named(
    broken: TrialResult, missing: str
) -> None:
    row = row_of(broken)
    assert row["validity"] == "void"
    assert missing in row["reason"]


def test_counters_that_were_not_read_before_are_unknown_and_not_nought() -> None:
    others = [one for one in a_result().samples if one.label != "start"]
    full = a_sample("full", 0.2, 0.0, listen_overflows=7)
    row = row_of(a_result(samples=(*others, full)))
    for name in ("listen_overflows", "listen_drops", "full_queue_overflows", "full_queue_drops"):
        assert row[name] is None
    assert row["full_queue_depth"] == 0
    assert row["validity"] == "server_bound"


def test_a_window_that_cannot_be_is_recorded_as_it_was_asked_for() -> None:
    row = row_of(a_result(window=a_window(window_s=math.nan)))
    assert row["window_s"] == TRIAL.point.settings.window_s
    assert "window_s was nan, not a number, 1e-06 or more" in row["reason"]


def test_a_row_that_already_has_a_reason_keeps_it_first() -> None:
    row = row_of(changed(open={"resets": 9}), reason="the load was lost")
    assert row["reason"] == "the load was lost; resets was -9, not a whole number, 0 or more"


@pytest.mark.parametrize("elapsed_s", [0.0, -1.0, math.nan, math.inf])
def test_an_overhead_that_cannot_be_is_unknown_and_spoils_nothing(elapsed_s: float) -> None:
    row = row_of(a_result(), elapsed_s=elapsed_s)
    assert (row["overhead_s"], row["validity"]) == (None, "server_bound")
