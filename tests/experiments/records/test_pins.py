"""A trial whose server or load was not where it was asked to be, or was held back, is void."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.result.load_side import Worker
from contract.result.pins import AskedPins, Pins
from contract.result.trial_result import TrialResult
from experiments.plan.trials import Trial
from experiments.records import pins
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeImages, some_trials
from tests.support.placed import placed
from tests.support.results import a_result, a_worker, with_samples, with_window


def a_trial() -> Trial:
    return next(trial for trial in some_trials() if trial.point.sweep == "s")


def row_of(result: TrialResult, trial: Trial | None = None) -> dict[str, Any]:
    outcome = Outcome(result=result, elapsed_s=3.5)
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", trial or a_trial(), outcome)


def with_sample(label: str, **changes: Any) -> TrialResult:
    return with_samples(a_result(), **{label: changes})


FIRST_CORE = Pins((0,), None)


def asking(server: Pins = FIRST_CORE, load_quota: float | None = None) -> AskedPins:
    """Of two load workers, the first with this quota."""
    return AskedPins(
        server, {"load worker 1": Pins((1,), load_quota), "load worker 2": Pins((1,), None)}
    )


def with_workers(*workers: Worker, **asked: Any) -> TrialResult:
    return a_result(workers=workers, asked=asking(**asked))


OPEN, CLOSE = "open", "close"
BOTH = {"cpuset": (0, 1), "affinity": (0, 1)}
NO_CPUSET = {"cpuset": None, "affinity": (0, 1)}
MOVED = {"cpuset": (1,), "affinity": (1,)}


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (with_sample(OPEN, **BOTH), "the server had cores 0 and 1, and not core 0 as asked"),
        (with_sample(CLOSE, **BOTH), "the server had cores 0 and 1, and not core 0 as asked"),
        (with_sample(OPEN, **NO_CPUSET), "the server had cores 0 and 1, and not core 0 as asked"),
        (with_sample(CLOSE, **MOVED), "the server had core 1, and not core 0 as asked"),
        (
            with_sample(CLOSE, affinity=(0, 1), cpuset=(0,)),
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
            with_workers(a_worker(throttled_periods=2, throttled_ns=3_000_000)),
            "load worker 1 was held back for 3.0 ms",
        ),
        (with_workers(a_worker(cpu_quota=0.3)), "load worker 1 had a CPU quota of 0.3"),
    ],
)
def test_server_or_load_not_as_asked_is_void_by_the_surroundings(
    result: TrialResult, reason: str
) -> None:
    row = row_of(result)
    assert row["reason"].startswith(reason)
    assert (row["validity"], row["spoiled_by"]) == ("void", "surroundings")


@pytest.mark.parametrize(
    "result",
    [
        a_result(),
        with_sample("gate", **BOTH),  # before the window, as it was starting
        with_sample(CLOSE, cpuset=None),  # where the group does not tell, the process does
        with_workers(a_worker(), a_worker("load worker 2")),
    ],
)
def test_as_asked_is_valid(result: TrialResult) -> None:
    assert row_of(result)["validity"] == "server_bound"


def test_server_that_keeps_itself_to_fewer_of_its_cores_is_as_asked() -> None:
    fewer = {"cpuset": (0, 2), "affinity": (2,)}
    result = with_samples(a_result(asked=asking(Pins((0, 2), None))), open=fewer, close=fewer)
    assert pins.not_as_asked(result) == ""


def test_wrong_answer_stays_the_server_s_fault_on_a_core_that_was_not_asked() -> None:
    result = with_window(with_sample(CLOSE, **BOTH), errors={"wrong_answer": 1})
    assert row_of(result)["spoiled_by"] == "server_wrong"


def quota_trial(result: TrialResult, quota: float) -> dict[str, Any]:
    trial = a_trial()
    settings = replace(trial.point.settings, server_cpu_quota=quota)
    asked = replace(result, asked=asking(Pins((0,), quota)))
    return row_of(asked, replace(trial, point=replace(trial.point, settings=settings)))


def with_quota(quota_us: int, **close: int) -> TrialResult:
    quota = {"quota_us": quota_us, "period_us": 2_000}
    return with_samples(a_result(cpu_s=0.49), open=quota, close=quota | close)


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
    held = a_worker(cpu_quota=0.3, throttled_periods=9, throttled_ns=700_000_000)
    assert row_of(with_workers(held, load_quota=0.3))["validity"] == "server_bound"


def test_asked_is_what_the_containers_ask() -> None:
    trial = a_trial()
    settings = replace(trial.point.settings, load_workers=3, server_cpu_quota=0.5)
    three = replace(trial, point=replace(trial.point, settings=settings))
    containers = Containers(FakeImages(), placed(4), "net", 20_000, "c10k-run", load_cpu_quota=0.3)
    server, loads = containers.server(three, "none"), containers.loads(three, "none").values()
    assert pins.asked(server, loads) == AskedPins(
        Pins((0,), 0.5),
        {
            "load worker 1": Pins((3,), 0.3),
            "load worker 2": Pins((1,), 0.3),
            "load worker 3": Pins((3,), 0.3),
        },
    )
