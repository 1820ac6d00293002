"""How long a load waits for its connections, and who starved them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contract.result.window import Gauges
from loadgen.engine.measures import IdleEnds
from loadgen.worker import connect_wait
from loadgen.worker.connect_wait import CONNECT_S, await_established, await_held, limit_s
from loadgen.worker.probe_client import TrialVoid

LOST_S = 60.0
"""After which the run gives up, and says that the load did not end
(experiments/run/loaded_trial.py)."""
IDLE, ACTIVE = 9_990, 10
ALONE: Any = SimpleNamespace(meet=lambda _step, word: [word])
"""The barrier of a worker without others."""


@pytest.mark.parametrize(("pace_per_s", "ramp_s"), [(0.0, 0.0), (100.0, 100.0)])
def test_a_server_that_lets_in_one_after_the_other_starves_them(
    monkeypatch: pytest.MonkeyPatch, pace_per_s: float, ramp_s: float
) -> None:
    """One every three seconds: something moves all the time, and yet it would take eight hours."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += max(seconds, 0.5)

    monkeypatch.setattr(connect_wait, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr(connect_wait, "gevent", SimpleNamespace(sleep=sleep))
    engine: Any = SimpleNamespace(failure=None, errors={})
    engine.gauges = lambda: Gauges(int(now[0] / 3), 0, 0, 0, 1)
    ends_s = limit_s(IDLE + ACTIVE, pace_per_s)
    assert ends_s == CONNECT_S + ramp_s
    with pytest.raises(TrialVoid) as void:
        await_established(engine, "idle", IDLE, pace_per_s, ends_s)
    assert void.value.spoiled_by == "server_starved"
    assert CONNECT_S + ramp_s < now[0] < LOST_S + ramp_s


@pytest.mark.parametrize(
    ("established", "closed", "cause", "told"),
    [
        (5_347, 4_653, "server_wrong", "the server closes idle connections after 5 s; only 5,347"),
        (IDLE, 0, "server_starved", "the server holds 5,673 of 10,000 connections"),
    ],
)
def test_who_closes_idle_ones_while_they_are_waited_for_is_told_so(
    monkeypatch: pytest.MonkeyPatch, established: int, closed: int, cause: str, told: str
) -> None:
    """As it does to the first of ten thousand that take as long to open as its time-out."""
    monkeypatch.setattr(connect_wait, "call", lambda _engine, command: command())
    ends = IdleEnds(tuple(5_000_000 + at for at in range(closed)), 5_000_000)
    gauges = Gauges(established, 0, ACTIVE, ACTIVE, 0)
    engine: Any = SimpleNamespace(gauges=lambda: gauges, idle_ends=lambda: ends, idle_silent=False)
    settings: Any = SimpleNamespace(idle_connections=IDLE, churn_per_s=0.0, trickle_per_s=0.0)

    def refuse(wanted: int) -> None:
        raise TrialVoid(f"the server holds 5,673 of {wanted:,} connections", "server_starved")

    observer: Any = SimpleNamespace(await_server_side=refuse)
    with pytest.raises(TrialVoid, match=told) as void:
        await_held(engine, observer, settings, ALONE, IDLE + ACTIVE)
    assert void.value.spoiled_by == cause


def test_idle_ones_that_another_worker_has_lost_are_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_wait, "call", lambda _engine, command: command())
    gauges = Gauges(IDLE, 0, ACTIVE, ACTIVE, 0)
    engine: Any = SimpleNamespace(gauges=lambda: gauges, idle_ends=IdleEnds, idle_silent=False)
    settings: Any = SimpleNamespace(idle_connections=IDLE, churn_per_s=0.0, trickle_per_s=0.0)

    def refuse(wanted: int) -> None:
        raise TrialVoid(f"the server holds 5,673 of {wanted:,} connections", "server_starved")

    others = {"held": False, "lost": ["only 40 of 50 idle connections were still", "server_wrong"]}
    barrier: Any = SimpleNamespace(meet=lambda step, word: [word, others[step]])
    observer: Any = SimpleNamespace(await_server_side=refuse)
    with pytest.raises(TrialVoid, match="only 40 of 50 idle") as void:
        await_held(engine, observer, settings, barrier, IDLE + ACTIVE)
    assert void.value.spoiled_by == "server_wrong"


def test_one_that_asks_nobody_waits_for_the_one_that_does() -> None:
    """Who has lost none, and has no probe to ask, goes on where the others do, and else stays."""
    settings: Any = SimpleNamespace(idle_connections=0, churn_per_s=0.0, trickle_per_s=0.0)
    engine: Any = SimpleNamespace(gauges=lambda: Gauges(0, 0, ACTIVE, ACTIVE, 0))
    observer: Any = SimpleNamespace(await_server_side=lambda _wanted: None)
    for failed in (False, True):
        met: list[str] = []

        def meet(step: str, word: object, met: list[str] = met, failed: bool = failed) -> list[Any]:
            met.append(step)
            return [failed if step == "held" else None, word]

        barrier: Any = SimpleNamespace(meet=meet)
        await_held(engine, observer, settings, barrier, ACTIVE)
        assert met == (["held", "lost"] if failed else ["held"])
