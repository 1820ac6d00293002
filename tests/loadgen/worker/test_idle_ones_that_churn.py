"""Idle connections that come and go have to be there, too, as the window closes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contract.result.window import Gauges
from loadgen.engine.measures import IdleEnds
from loadgen.worker import connect_wait
from loadgen.worker.connect_wait import check_idle
from loadgen.worker.probe_client import TrialVoid

IDLE = 1_000
CHURN: Any = SimpleNamespace(idle_connections=IDLE, churn_per_s=0.1, trickle_per_s=0.0)


def engine(established: int, connecting: int) -> Any:
    gauges = Gauges(established, 0, 10, 10, connecting)
    return SimpleNamespace(gauges=lambda: gauges, idle_ends=IdleEnds, idle_silent=False)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_wait, "call", lambda _engine, command: command())


def test_those_that_a_server_let_in_no_more_are_missing() -> None:
    """Its accept queue is full: SYNs are dropped, and no attempt has failed yet."""
    with pytest.raises(TrialVoid, match="only 370 of 1,000 idle connections") as void:
        check_idle(engine(370, connecting=64), CHURN)
    assert void.value.spoiled_by == "server_starved"


def test_those_that_are_just_being_replaced_are_not() -> None:
    check_idle(engine(IDLE - 20, connecting=20), CHURN)
