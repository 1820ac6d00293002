"""A trial whose server or load was not where it was asked to be, or was held back, is void."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from experiments.plan.trials import Trial
from experiments.records import pins
from experiments.records.trial_row import make_row
from experiments.run.trial import Outcome
from experiments.run.trial_containers import Containers, place
from tests.support.fakes import FakeImages, a_result, a_worker, some_trials


def a_trial() -> Trial:
    return next(trial for trial in some_trials() if trial.point.sweep == "s")


def row_of(result: dict[str, Any], trial: Trial | None = None) -> dict[str, Any]:
    chosen = trial or a_trial()
    outcome = Outcome(result={"trial": "t", "reason": "", **result}, elapsed_s=3.5)
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", chosen, outcome)


def with_sample(place: int, **changes: Any) -> dict[str, Any]:
    result = a_result()
    result["samples"][place] |= changes
    return result


def with_workers(*workers: dict[str, Any]) -> dict[str, Any]:
    result = a_result()
    result["workers"] = list(workers)
    result["asked"]["loads"] = {
        f"load worker {number}": {"cores": [1], "cpu_quota": None} for number in (1, 2)
    }
    return result


OPEN, CLOSE = -2, -1
BOTH = {"cpuset": [0, 1], "affinity": [0, 1]}
NO_CPUSET = {"cpuset": None, "affinity": [0, 1]}
MOVED = {"cpuset": [1], "affinity": [1]}


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (with_sample(OPEN, **BOTH), "the server had cores 0 and 1, and not core 0 as asked"),
        (with_sample(CLOSE, **BOTH), "the server had cores 0 and 1, and not core 0 as asked"),
        (with_sample(OPEN, **NO_CPUSET), "the server had cores 0 and 1, and not core 0 as asked"),
        (with_sample(CLOSE, **MOVED), "the server had core 1, and not core 0 as asked"),
        (
            with_sample(CLOSE, affinity=[0, 1], cpuset=[0]),
            "the server had cores 0 and 1, and not core 0 as asked",
        ),
        (
            with_sample(CLOSE, quota_us=1_000, period_us=2_000),
            "the server had a CPU quota of 0.5 cores that the trial did not ask for",
        ),
        (
            with_sample(CLOSE, throttled_periods=3, throttled_ns=12_500_000),
            "the server was held back for 12.5 ms of the window by a CPU quota that the trial did "
            "not ask for",
        ),
        (
            with_workers(a_worker(cores=(0, 1))),
            "load worker 1 had cores 0 and 1, and not core 1 as asked",
        ),
        (
            with_workers(a_worker(), a_worker("load worker 2", (0,))),
            "load worker 2 had core 0, and not core 1 as asked",
        ),
        (
            with_workers(a_worker() | {"throttled_periods": 2, "throttled_ns": 3_000_000}),
            "load worker 1 was held back for 3.0 ms",
        ),
        (with_workers(a_worker() | {"cpu_quota": 0.3}), "load worker 1 had a CPU quota of 0.3"),
    ],
)
def test_server_or_load_not_as_asked_is_void_by_the_surroundings(
    result: dict[str, Any], reason: str
) -> None:
    row = row_of(result)
    assert row["reason"].startswith(reason)
    assert (row["validity"], row["spoiled_by"]) == ("void", "surroundings")


@pytest.mark.parametrize(
    "result",
    [
        a_result(),
        with_sample(1, **BOTH),  # before the window, as it was starting
        with_sample(CLOSE, cpuset=None),  # where the group does not tell, the process does
        with_workers(a_worker(), a_worker("load worker 2")),
    ],
)
def test_as_asked_is_valid(result: dict[str, Any]) -> None:
    assert row_of(result)["validity"] == "server_bound"


def test_server_that_keeps_itself_to_fewer_of_its_cores_is_as_asked() -> None:
    result = a_result()
    result["asked"]["server"]["cores"] = [0, 2]
    for sample in result["samples"]:
        sample |= {"cpuset": [0, 2], "affinity": [2]}
    assert pins.not_as_asked(result) == ""


def test_wrong_answer_stays_the_server_s_fault_on_a_core_that_was_not_asked() -> None:
    result = with_sample(CLOSE, **BOTH)
    result["window"]["errors"] = {"wrong_answer": 1}
    assert row_of(result)["spoiled_by"] == "server_wrong"


def quota_trial(result: dict[str, Any], quota: float) -> dict[str, Any]:
    trial = a_trial()
    settings = replace(trial.point.settings, server_cpu_quota=quota)
    result["asked"]["server"]["cpu_quota"] = quota
    return row_of(result, replace(trial, point=replace(trial.point, settings=settings)))


def with_quota(quota_us: int, **close: int) -> dict[str, Any]:
    result = a_result(cpu_s=0.49)
    for sample in result["samples"]:
        sample |= {"quota_us": quota_us, "period_us": 2_000}
    result["samples"][CLOSE] |= close
    return result


def test_quota_that_was_asked_may_hold_the_server_back_and_is_recorded() -> None:
    held = {"throttled_periods": 400, "throttled_ns": 480_000_000}
    row = quota_trial(with_quota(1_000, **held), 0.5)
    assert (row["validity"], row["reason"]) == ("server_bound", "")
    assert row["server_throttled_share"] == pytest.approx(0.48)
    assert row_of(a_result())["server_throttled_share"] == 0


@pytest.mark.parametrize("quota_us", [1_500, 2_000])
def test_another_quota_than_was_asked_is_void(quota_us: int) -> None:
    row = quota_trial(with_quota(quota_us), 0.5)
    assert row["validity"] == "void"
    assert "and not one of 0.5 cores as asked" in row["reason"]


def test_no_quota_where_one_was_asked_is_void() -> None:
    row = quota_trial(a_result(), 0.5)
    assert row["reason"].startswith("the server had no CPU quota, and not one of 0.5")


def test_load_s_quota_that_a_benchmark_asked_for_may_hold_it_back() -> None:
    held = {"cpu_quota": 0.3, "throttled_periods": 9, "throttled_ns": 700_000_000}
    result = with_workers(a_worker() | held)
    result["asked"]["loads"]["load worker 1"]["cpu_quota"] = 0.3
    assert row_of(result)["validity"] == "server_bound"


def test_asked_is_what_the_containers_ask() -> None:
    trial = a_trial()
    settings = replace(trial.point.settings, load_workers=3, server_cpu_quota=0.5)
    three = replace(trial, point=replace(trial.point, settings=settings))
    containers = Containers(FakeImages(), place(4), "net", 20_000, "c10k-run", load_cpu_quota=0.3)
    assert pins.asked(containers, three) == {
        "server": {"cores": [0], "cpu_quota": 0.5},
        "loads": {
            "load worker 1": {"cores": [3], "cpu_quota": 0.3},
            "load worker 2": {"cores": [1], "cpu_quota": 0.3},
            "load worker 3": {"cores": [3], "cpu_quota": 0.3},
        },
    }
