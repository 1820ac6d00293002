"""Who waited in a window, and how fast the cores were: from samples and workers to columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.result.trial_result import TrialResult
from tests.support.results import a_result, a_sample, a_worker, with_samples
from tests.support.rows import row_of

PRESSURE = ("cpu_pressure_share", "memory_pressure_share", "io_pressure_share")
LOOPS = tuple(
    f"{whose}_core_loop_{when}_us" for whose in ("server", "load") for when in ("before", "after")
)


def timed(result: TrialResult, before_us: float, after_us: float | None) -> TrialResult:
    """With samples of the server's core; None: the probe had no such core."""
    samples = (
        a_sample("before", 0.6, 0.1, core_loop_us=before_us),
        *result.samples,
        a_sample("after", 2.1, 1.2, core_loop_us=after_us),
    )
    return replace(result, samples=samples)


def test_pressure_is_the_share_of_the_window_in_which_a_task_waited() -> None:
    result = with_samples(
        a_result(),
        open={"cpu_pressure_us": 5_000_000, "memory_pressure_us": 7, "io_pressure_us": 10},
        close={"cpu_pressure_us": 5_120_000, "memory_pressure_us": 7, "io_pressure_us": 2_010},
    )
    row = row_of(result)
    assert [row[name] for name in PRESSURE] == pytest.approx([0.12, 0.0, 0.002])


def test_pressure_is_unknown_where_the_kernel_does_not_tell() -> None:
    row = row_of(a_result())
    assert row["validity"] == "server_bound"
    assert [row[name] for name in PRESSURE] == [None] * 3


def test_loops_are_those_of_the_server_s_core_and_of_the_slowest_load_core() -> None:
    workers = (
        a_worker(core_loops_us={"before": 1_500.0, "after": 1_000.0}),
        a_worker("load worker 2", core_loops_us={"before": 1_010.0, "after": 1_020.0}),
    )
    asked = a_result().asked
    assert asked
    pins = asked.loads["load worker 1"]
    both = replace(asked, loads=dict.fromkeys(("load worker 1", "load worker 2"), pins))
    row = row_of(timed(a_result(workers=workers, asked=both), 1_600.0, 990.0))
    assert row["validity"] == "server_bound"
    assert [row[name] for name in LOOPS] == [1_600.0, 990.0, 1_500.0, 1_020.0]


def test_a_trial_without_loops_is_no_worse() -> None:
    row = row_of(a_result())
    assert row["validity"] == "server_bound"
    assert [row[name] for name in LOOPS] == [None] * 4
    half = row_of(timed(a_result(), 1_600.0, None))
    assert [half[name] for name in LOOPS] == [1_600.0, None, None, None]
