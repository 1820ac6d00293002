"""A machine that goes away in the middle of a run: it is waited for, and the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from contract.exits import Exit, LabError
from experiments.docker.driver import DriverError
from experiments.hosts.ways import engines
from experiments.plan.hosts import Hosts

WAIT_S: Final = 120.0
LOOK_S: Final = 2.0
TIMES: Final = 3
"""In one run: what goes away more often has a reason that somebody has to look at."""


class Patience:
    """Waits for hosts of a run that have gone away; not at all without `hosts`. `tell` prints."""

    def __init__(self, run: str, hosts: Hosts | None, tell: Callable[[str], None]) -> None:
        self._run = run
        self._hosts = hosts
        self._tell = tell
        self._left = TIMES if hosts else 0

    def outlasts(self, error: BaseException) -> bool:
        """Whether the run can go on: a machine was not reached, and by now all of them are."""
        gone = isinstance(error, LabError) and error.exit is Exit.NO_DOCKER
        if not gone or not self._left:
            return False
        self._left -= 1
        self._tell(f"{error}; it is waited for, {WAIT_S:.0f} s at most")
        deadline = time.monotonic() + WAIT_S
        while not (back := self._all_there()) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        if back:
            self._tell("it is there again; the run goes on")
        return back

    def _all_there(self) -> bool:
        """What can be reached again is swept at once."""
        try:
            with engines(self._run, self._hosts) as driver:
                driver.sweep()
        except (LabError, DriverError):
            return False
        return True
