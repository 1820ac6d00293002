"""How long a load waits for its connections, and who starved them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contract.result.window import Gauges
from loadgen.worker import connect_wait
from loadgen.worker.connect_wait import CONNECT_S, await_established, limit_s
from loadgen.worker.probe_client import TrialVoid

LOST_S = 60.0
"""After which a run gives up, and says that the load did not end (run/loaded_trial.py)."""
IDLE, ACTIVE = 9_990, 10


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
