"""The server's end of a trial, as its probe sees it. One worker asks; the others keep silent."""

from __future__ import annotations

import time

import gevent

from contract.core_loop import core_loop_us
from contract.probe_question import GATE
from contract.result.server_side import Environment, ProbeSample
from loadgen.clients.accept_queue_fill import fill_accept_queue
from loadgen.worker.clocks import Clock, OwnClock, ServerClock
from loadgen.worker.probe_client import Probe, TrialVoid

SERVER_SIDE_S = 2.0
LOOKED_AT_PER_S = 5_000
"""Connections at the gate that a probe looks at, at least. Each takes it 5 us of processor time;
but active connections send by now, and beside six busy engines it was seen to take 90 us."""


class ServerObserver:
    """Keeps the samples of a trial, if this worker `leads` those that might ask for them. Without
    an address nothing is asked. `clock` is that of the probe, which may be `elsewhere`: then every
    worker asks for the time there. Raises TrialVoid."""

    def __init__(self, address: str, *, leads: bool = True, elsewhere: bool = False) -> None:
        self._probe = Probe(address) if address and leads else None
        self.samples: list[ProbeSample] = []
        self.core_loops_us: dict[str, float] = {}
        """A fixed loop on this worker's core, by the moment."""
        self.environment = self._probe.environment() if self._probe else Environment()
        self.clock: Clock = OwnClock()
        if address and elsewhere:
            self.clock = ServerClock((self._probe or Probe(address)).clock_ns)

    def note(self, label: str) -> None:
        """Take a sample."""
        if self._probe:
            self.samples.append(self._probe.ask(label))

    def first(self, label: str) -> ProbeSample | None:
        """The first sample of this label that is kept."""
        return next((one for one in self.samples if one.label == label), None)

    def look(self) -> ProbeSample | None:
        """A sample that is not kept; None without a probe."""
        return self._probe.look() if self._probe else None

    def stop_server(self, signal: str) -> int | None:
        """Tell the server to end; when that was, in ns of the probe's clock. Nothing can be asked
        after it: the probe ends with the server."""
        if self._probe is None:
            return None
        self.samples.append(self._probe.stop_server(signal))
        return self.samples[-1].at_ns

    def time_cores(self, label: str) -> None:
        """While server and load rest: how fast the server's core is, what its clock shows, and how
        fast this worker's core is."""
        self.note(label)
        self.clock.look()
        self.core_loops_us[label] = core_loop_us()

    def fill_accept_queue(
        self, address: tuple[str, int], clients: int, late: int, round_trip_s: float = 0.0
    ) -> None:
        """One silent connection more than there are clients: the server holds one of them."""
        if self._probe:
            self.samples += fill_accept_queue(self._probe, address, clients + 1, late, round_trip_s)

    def await_server_side(self, wanted: int) -> None:
        """The gate's other end: the server holds every connection, or has it queued for good."""
        if self._probe is None:
            return
        looking_s = wanted / LOOKED_AT_PER_S
        deadline = time.perf_counter() + SERVER_SIDE_S + looking_s
        while True:
            sample = self._probe.ask(GATE, looking_s)
            held = sample.server_established or 0
            late = time.perf_counter() > deadline
            if held >= wanted and (late or not sample.accept_queue):
                self.samples.append(sample)
                return
            if late:
                self.samples.append(sample)
                raise TrialVoid(
                    f"the server holds {held:,} of {wanted:,} connections", "server_starved"
                )
            gevent.sleep(0.05)
