"""The probe on the server's core: for a loop, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from experiments.probe import server_core
from experiments.probe.server_core import loop_on, stay_off

NO_CORE = 4_095


@pytest.fixture(autouse=True)
def allowed() -> Iterator[set[int]]:
    """What this process may use, and may use again afterwards."""
    cores = os.sched_getaffinity(0)
    yield cores
    os.sched_setaffinity(0, cores)


def test_loop_is_run_there_and_the_process_goes_back(
    allowed: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    core, where = min(allowed), list[set[int]]()

    def loop() -> float:
        where.append(now())
        return 1_000.0

    monkeypatch.setattr(server_core, "core_loop_us", loop)
    stay_off(core)
    usual = now()
    assert usual == (allowed - {core} or allowed)
    assert loop_on(core) == 1_000.0
    assert where == [{core}]
    assert now() == usual


def test_a_core_that_is_not_its_own_is_not_timed(allowed: set[int]) -> None:
    assert loop_on(NO_CORE) is None
    assert now() == allowed


def test_a_process_with_one_core_stays_there(allowed: set[int]) -> None:
    only = min(allowed)
    os.sched_setaffinity(0, {only})
    stay_off(only)
    assert now() == {only}


def now() -> set[int]:
    return os.sched_getaffinity(0)
