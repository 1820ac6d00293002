"""Whether a server was told to end, and how it ended then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from contract.probe_question import STOP
from contract.result.stop import GRACE_S, Ending
from contract.result.trial_result import TrialResult
from experiments.docker.driver import ContainerState, Driver, DriverError
from experiments.probe.probe import TOLD

END_S: Final = 1.0
LOOK_S: Final = 0.05


def has_ended(driver: Driver, container: str) -> bool:
    """Whether it has ended; the engine learns of that a moment later."""
    deadline = time.monotonic() + END_S
    while driver.state(container).running:
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    return True


def was_told(driver: Driver, started: Mapping[str, str], result: TrialResult | None) -> bool:
    """Whether its probe has told it to. Where the answer that says so was lost, or who had it, the
    probe's log does. `started` has the ids of the containers, by name."""
    if result and result.sample(STOP):
        return True
    if not {"server", "probe"} <= started.keys():
        return False
    if not driver.state(started["server"]).running:
        has_ended(driver, started["probe"])  # with it: the log is whole then
    return TOLD in driver.logs(started["probe"])


def ending_of(driver: Driver, server: str, result: TrialResult, loaded_s: float) -> Ending | None:
    """Waits until it has ended, GRACE_S at most since it was told to, of which the load took
    `loaded_s`; None of one that was not told to, or has not ended by then. Raises DriverError where
    the engine does not tell by then."""
    told = result.sample(STOP)
    if not result.stopped or not told or not told.unix_ns:
        return None
    state = _ended(driver, server, time.monotonic() + GRACE_S - loaded_s)
    if state is None or state.ended_s is None or state.exit_code is None:
        return None
    return Ending(after_s=state.ended_s - told.unix_ns / 1e9, exit_code=state.exit_code)


def _ended(driver: Driver, server: str, deadline: float) -> ContainerState | None:
    """One that the engine did not answer is asked again: that it was silent for a while is no
    reason to lose what was measured."""
    while True:
        late = time.monotonic() > deadline
        try:
            state = driver.state(server)
        except DriverError:
            if late:
                raise
        else:
            if late or not state.running:
                return None if state.running else state
        time.sleep(LOOK_S)
