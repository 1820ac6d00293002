"""A server's start, watched by a container beside it that is there before."""

from __future__ import annotations

import time
from typing import Final

from contract.result.document import from_json
from contract.result.scalars import DocumentError
from contract.result.start import Start, StartSeen
from experiments.docker.driver import Driver
from experiments.records.server_log import events, told
from experiments.run.trial_kind import TrialError

UP_S: Final = 20.0
MARGIN_S: Final = 10.0
"""Beside the time that the server has until it is ready: a question may wait for its answer."""


def await_watching(driver: Driver, watch: str) -> None:
    """Wait until the watcher looks. Raises TrialError."""
    deadline = time.monotonic() + UP_S
    while not told(log := driver.logs(watch), "watching"):
        if not driver.state(watch).running or time.monotonic() > deadline:
            raise TrialError(f"the watcher of the start does not look: {log[-500:]}", "load")
        time.sleep(0.02)


def await_seen(driver: Driver, watch: str, server: str, ready_s: float) -> Start | None:
    """What it has seen, once it has; None of a server that did not answer, as the load will find.
    Raises TrialError."""
    deadline = time.monotonic() + ready_s + MARGIN_S
    while driver.state(watch).running:
        if not driver.state(server).running:
            return None
        if time.monotonic() > deadline:
            raise TrialError("the watcher of the start does not end", "load")
        time.sleep(0.02)
    found = [one for one in events(driver.logs(watch)) if "event" not in one]
    began_s = driver.state(server).started_s
    if not found or began_s is None:
        return None
    try:
        seen = from_json(StartSeen, found[-1])
    except DocumentError as error:
        raise TrialError(f"the watcher of the start told of no moments: {error}", "load") from error
    return Start(
        listening_s=max(seen.listening_s - began_s, 0.0),
        answered_s=max(seen.answered_s - began_s, 0.0),
    )
