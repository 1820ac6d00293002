"""What goes on beside the active connections: idle ones that trickle or churn, bad clients."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent

from loadgen.clients.bad_clients import BadClients
from loadgen.clients.flood import Flood
from loadgen.clients.hostile_clients import HostileClients
from loadgen.clients.trickle_and_churn import TrickleAndChurn
from loadgen.engine.engine import Engine
from loadgen.options import Options
from loadgen.worker.probe_client import TrialVoid

TICK_S = 0.05
CONNECT_S = 30.0


class BackgroundClients:
    """Keeps them going, from a greenlet, until `stop`. `call` posts a command to the engine."""

    def __init__(
        self, options: Options, engine: Engine, call: Callable[[Engine, Callable[[], Any]], Any]
    ) -> None:
        self._engine = engine
        self._call = call
        asked = options.settings
        self._moves = asked.trickle_per_s > 0 or asked.churn_per_s > 0
        self._idle_ones = TrickleAndChurn(
            engine, time.monotonic(), asked.trickle_per_s, asked.churn_per_s
        )
        self._bad = BadClients(
            *(engine.address, asked.slow_readers, asked.slow_writers, asked.vanishing_per_s),
            also_asked=options.asked[0].encoded("1.1"),
        )
        self._hostile = HostileClients(engine.address, asked.hostile_per_s)
        self._flood = Flood(engine.address, asked.flood, options.asked[0].encoded("1.1"))
        self._counts: dict[str, int] | None = None
        self._greenlet: gevent.Greenlet[..., Any] | None = None

    @property
    def bad(self) -> bool:
        """Whether there is any bad client."""
        return self._bad.wanted or self._hostile.per_s > 0 or self._flood.count > 0

    def start(self) -> None:
        """Begin; return when as many bad clients are connected as are wanted. Raises TrialVoid."""
        if not self._moves and not self.bad:
            return
        deadline = time.monotonic() + CONNECT_S
        while not self._bad.established:
            self._bad.tick(time.monotonic())
            if time.monotonic() > deadline:
                raise TrialVoid(
                    f"the bad clients could not all connect: {self._bad.gauges()}",
                    "server_starved",
                )
            gevent.sleep(TICK_S)
        self._greenlet = gevent.spawn(self._run)

    def open_window(self) -> None:
        """A flood comes with it."""
        self._flood.begin()

    def stop(self) -> None:
        """Nothing moves any more. What was counted stays, and bad clients stay connected."""
        self._counts = self.counts()
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    def close(self) -> None:
        """End the bad clients too."""
        self.stop()
        for one in (self._bad, self._hostile, self._flood):
            one.close()

    def check(self) -> None:
        """Raises TrialVoid when it has ended by itself."""
        if self._greenlet is not None and self._greenlet.ready():
            raise TrialVoid(f"the bad clients failed: {self._greenlet.exception!r}")

    def counts(self) -> dict[str, int]:
        """What was done so far, by name; empty if there is no company."""
        if self._counts is not None or not (self._moves or self.bad):
            return self._counts or {}
        return {
            **self._bad.gauges(),
            **self._hostile.gauges(),
            **self._flood.gauges(),
            "trickled_bytes": self._idle_ones.trickled,
            "replaced_idle": self._idle_ones.replaced,
        }

    def _run(self) -> None:
        while True:
            now = time.monotonic()
            for one in (self._bad, self._hostile, self._flood):
                one.tick(now)
            if self._moves:
                self._call(self._engine, partial(self._idle_ones.tick, now))
            gevent.sleep(TICK_S)
