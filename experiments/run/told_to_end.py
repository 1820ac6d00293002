"""How a server ended that was told to."""

from __future__ import annotations

import time

from contract.result.stop import GRACE_S, Ending
from contract.result.trial_result import TrialResult
from experiments.docker.driver import Driver


def ending_of(driver: Driver, server: str, result: TrialResult, loaded_s: float) -> Ending | None:
    """Waits until it has ended, GRACE_S at most since it was told to, of which the load took
    `loaded_s`; None of one that was not told to, or has not ended by then."""
    told = result.sample("stop")
    if not result.stopped or not told or not told.unix_ns:
        return None
    deadline = time.monotonic() + GRACE_S - loaded_s
    while (state := driver.state(server)).running:
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    if state.ended_s is None or state.exit_code is None:
        return None
    return Ending(after_s=state.ended_s - told.unix_ns / 1e9, exit_code=state.exit_code)
