"""The Locust master of a run in its container: ready before each trial, or started anew."""

from __future__ import annotations

from typing import Final

from contract.exits import LabError
from contract.ports import WEB_PORT
from experiments.docker.driver import AbsentError, ContainerSpec, Driver, DriverError
from experiments.hosts.relay import Relays
from experiments.machine.checks import NOT_REACHED
from experiments.run.locust_client import Master, MasterError

CALLS: Final = (
    f"import http.client as h; c = h.HTTPConnection('127.0.0.1', {WEB_PORT}, timeout=5); "
    "c.request('GET', '/'); c.getresponse()"
)
"""Ends well in the container of a master that serves: one that hangs takes connections, too."""


class MasterContainer:
    """Only the master lives through a run, so what a trial leaves in it would spoil the next; and
    the ways to it from other hosts, which go with it. `by_tunnel`: it is reached through ssh, and
    not at the engine's 127.0.0.1."""

    def __init__(
        self,
        driver: Driver,
        spec: ContainerSpec,
        client: Master,
        ways: Relays,
        *,
        by_tunnel: bool = False,
    ) -> None:
        self._by_tunnel = by_tunnel
        self.client = client
        self._ways = ways
        self._driver = driver
        self._spec = spec
        self._container = ""

    def start(self) -> None:
        """Raises DriverError, or LabError when it does not come up, or is not reached."""
        self._container = self._driver.start(self._spec)
        try:
            self.client.wait_until_up(self.ending)
        except LabError as error:
            if not self._by_tunnel and self._serves_inside():
                raise LabError(f"{error}, and does in its container; {NOT_REACHED}") from error
            raise
        self._ways.open(self._container)

    def _serves_inside(self) -> bool:
        try:
            return self._driver.execute(self._container, ("python3", "-c", CALLS)).exit_code == 0
        except DriverError:  # it has ended
            return False

    def make_ready(self) -> str:
        """Without load and workers. One that has ended, or does not answer, is started anew, and
        then its log is returned, with why; else nothing.

        Raises what `start` does: without a master nothing can be measured any more.
        """
        why = self.ending() or self.lost_way()
        if not why:
            try:
                self.client.make_ready()
            except MasterError as error:
                why = str(error)
            else:
                return ""
        log = self.log()
        self._driver.remove([self._container])
        self.start()
        return f"{log}\n(started anew: {why})\n"

    def ending(self) -> str:
        """How it has ended, in words; empty while it runs."""
        try:
            state = self._driver.state(self._container)
        except AbsentError:
            return "the Locust master was removed from the engine"
        return "" if state.running else f"the Locust master ended with {state.ending}"

    def lost_way(self) -> str:
        """Which host does not reach it any more, and why; empty if all do."""
        return self._ways.lost()

    def close(self) -> None:
        """Nobody asks it, or reaches it from another host, any more."""
        self.client.close()
        self._ways.close()

    def log(self) -> str:
        """All that it printed since it was started; empty of one that was removed."""
        try:
            return self._driver.logs(self._container)
        except AbsentError:
            return ""
