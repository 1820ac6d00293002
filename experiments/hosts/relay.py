"""The ways by which load workers on further hosts reach the Locust master on the first.

The master has no password, so its port is published nowhere. What workers and master say to each
other goes through the connections to the engines of both hosts, which the lab has anyway: on a
further host a relay stands in the workers' network under the master's name, and its program and one
beside the master (relay_end.py) talk to each other through this process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Final

from contract.ports import MASTER_PORT
from experiments.docker.driver import ContainerSpec, Driver, DriverError, Talk
from experiments.docker.tool import program
from experiments.hosts import relay_end
from experiments.hosts.relay_end import GREETING
from experiments.hosts.sides import in_words

GREET_S: Final = 20.0


@dataclass
class _Way:
    """The way to one further host. `lost` is why it is not there any more; empty while it is."""

    side: str
    far: Talk
    near: Talk
    lost: str = ""

    def open(self) -> None:
        """Raises DriverError."""
        for end in (self.far, self.near):
            try:
                _greet(end)
            except OSError as error:
                why = end.complaint or str(error)
                self._lose(why)
                raise DriverError(self.lost) from error
        for source, sink in ((self.far, self.near), (self.near, self.far)):
            Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: Talk, sink: Talk) -> None:
        why = ""
        try:
            while data := source.hear():
                sink.say(data)
        except OSError as error:
            why = str(error)
        self._lose(source.complaint or sink.complaint or why or "its program ended")

    def _lose(self, why: str) -> None:
        """Close both directions: one is of no use by itself."""
        lost = f"the way from {in_words(self.side)} to the Locust master was lost: {why}"
        self.lost = self.lost or lost
        self.close()

    def close(self) -> None:
        self.far.close()
        self.near.close()


class Relays:
    """`specs` are those of the relays, one on each further host; there may be none."""

    def __init__(self, driver: Driver, specs: Sequence[ContainerSpec]) -> None:
        self._driver = driver
        self._specs = specs
        self._started: list[str] = []
        self._ways: list[_Way] = []

    def open(self, master: str) -> None:
        """To the master in this container. Raises DriverError."""
        self.close()
        started, self._started = self._started, []
        self._driver.remove(started)
        for spec in self._specs:
            relay = self._driver.start(spec)
            self._started.append(relay)
            far = self._driver.talk_to(relay, _end("listen"))
            near = self._driver.talk_to(master, _end("connect"))
            way = _Way(spec.side, far, near)
            self._ways.append(way)
            way.open()

    def lost(self) -> str:
        """Why one of them is not there; empty if all are."""
        for spec in self._specs[len(self._ways) :]:
            return f"the way from {in_words(spec.side)} to the Locust master was never there"
        return next((one.lost for one in self._ways if one.lost), "")

    def close(self) -> None:
        """The ways; the relays go with the run's other containers. Idempotent."""
        ways, self._ways = self._ways, []
        for way in ways:
            way.close()


def _end(does: str) -> tuple[str, ...]:
    return program(relay_end, does, str(MASTER_PORT))


def _greet(end: Talk) -> None:
    """Raises OSError where nobody answers."""
    end.say(GREETING)
    heard = b""
    while len(heard) < len(GREETING):
        if not (more := end.hear(GREET_S)):
            raise ConnectionResetError("its program ended")
        heard += more
        if not GREETING.startswith(heard):
            raise ConnectionError(heard.decode(errors="replace").strip())
