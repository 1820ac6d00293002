"""A load from start to end, in the worker: verify, connect, warm up, measure, freeze.

The same steps serve a sweep and a person at the UI; only the end differs: a
sweep's window has a length, a person's lasts until the stop button.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from typing import Any

import gevent

from loadgen.build import make_engine
from loadgen.company import Company
from loadgen.connections import RESET
from loadgen.engine import Engine
from loadgen.measures import Gauges, Window
from loadgen.options import Options
from loadgen.questions import Probe, TrialVoid
from loadgen.series import Series
from loadgen.summary import summarise

logger = logging.getLogger(__name__)
NO_PROGRESS_S = 4.0
"""Longer than the first two steps of the SYN ladder (1 s, 2 s or 3 s)."""
SERVER_SIDE_S = 2.0
FILL_S = 0.2
POLL_S = 0.01
FOLLOW_S = 0.25


def call(engine: Engine, command: Callable[[], Any]) -> Any:
    """Have the engine carry out `command`, without blocking Locust's hub."""
    ticket = engine.call(command)
    while not ticket.done:
        if engine.finished:
            raise TrialVoid(f"the load engine ended: {engine.failure!r}")
        gevent.sleep(0.001)
    return ticket.value


class Conductor:
    """One load. `run` measures; `freeze` may be called from a stop at any moment."""

    def __init__(self, options: Options, users: Callable[[], int], tell: Callable[[str], None]):
        self.options = options
        self.phase = "verify"
        self.engine: Engine | None = None
        self.window: Window | None = None
        self._users = users
        self._tell = tell
        self._samples: list[dict[str, Any]] = []
        self._phases: dict[str, float] = {}
        self._gauges: Gauges | None = None
        self._environment: dict[str, Any] = {}
        self._company: Company | None = None
        self._series: Series | None = None

    def run(self) -> dict[str, Any]:
        """Measure a window and return the result, a void one with its reason."""
        reason = ""
        try:
            self._measure()
        except TrialVoid as void:
            reason = str(void)
        except Exception as error:
            logger.exception("the trial failed")
            reason = f"the load worker failed: {error!r}"
        finally:
            self._leave_company()
        return self._result(reason)

    def run_by_hand(self) -> None:
        """Load until `freeze`, with as many active connections as there are users."""
        try:
            self._load_by_hand()
        finally:
            self._leave_company()

    def _load_by_hand(self) -> None:
        self.engine = engine = make_engine(self.options)
        engine.start()
        call(engine, lambda: engine.open_idle(self.options.idle_connections))
        while not self._users():  # an open loop's schedule does not wait for them
            gevent.sleep(POLL_S)
        self._follow(engine)
        self._keep_company(engine)
        call(engine, engine.begin)
        if self.options.warm_up_s:
            self._enter("warm_up")
            ends = time.monotonic() + self.options.warm_up_s
            while (left := ends - time.monotonic()) > 0:
                gevent.sleep(min(left, FOLLOW_S))
                self._follow(engine)
            call(engine, engine.open_window)
        self._enter("window")
        while self.window is None:
            self._follow(engine)
            gevent.sleep(FOLLOW_S)

    def _follow(self, engine: Engine) -> None:
        """Have as many active connections as there are users now."""
        if (users := self._users()) != engine.gauges().active_wanted:
            call(engine, partial(engine.want_active, users))
        if engine.failure is not None:
            raise TrialVoid(f"the load engine failed: {engine.failure!r}")
        if self._company is not None:
            self._company.check()

    @property
    def measuring(self) -> bool:
        """Whether what the engine counts belongs to the window."""
        return self.phase in ("window", "done")

    def freeze(self) -> Window:
        """Stop the load and keep its counts; idempotent."""
        if self.engine is None:
            raise TrialVoid("stopped before the load began")
        if self.window is None:
            self.window = call(self.engine, self.engine.freeze)
            if self._company is not None:
                self._company.stop()
        return self.window

    def _keep_company(self, engine: Engine) -> None:
        self._company = Company(self.options, engine, call)
        self._company.start()

    def _leave_company(self) -> None:
        if self._company is not None:
            self._company.close()

    def _measure(self) -> None:
        probe = Probe(self.options.probe)
        self._environment = probe.environment()
        self.engine = engine = make_engine(self.options)
        if not self.options.persistent:
            self._fill_accept_queue(probe, engine.address)
        self._samples.append(probe.ask("start"))
        engine.start()
        self._enter("connect_idle")
        call(engine, lambda: engine.open_idle(self.options.idle_connections))
        self._wait(lambda gauges: gauges.idle_established, self.options.idle_connections)
        self._enter("connect_active")
        call(engine, lambda: engine.want_active(self._users()))
        if self.options.persistent:
            self._wait(lambda gauges: gauges.active_established, self._users())
        self._server_side(probe)
        self._enter("company")
        self._keep_company(engine)
        self._enter("warm_up")
        call(engine, engine.begin)
        gevent.sleep(self.options.warm_up_s)
        self._enter("window")
        self._gauges = engine.gauges()
        started = call(engine, engine.open_window)
        self._series = series = Series(engine)
        series.look()
        self._samples.append(probe.ask("open"))
        ends = started + int(self.options.window_s * 1e9)
        while (left := (ends - time.perf_counter_ns()) / 1e9) > 0:
            gevent.sleep(min(left, 1.0))
            if left > 1.0:
                series.look()
                self._samples.append(probe.ask("second"))
            if engine.failure is not None:
                raise TrialVoid(f"the load engine failed: {engine.failure!r}")
            if self._company is not None:
                self._company.check()
        self.freeze()
        series.look()
        self._samples.append(probe.ask("close"))
        idle = engine.gauges().idle_established
        lost = engine.gauges().idle_failed if self.options.churn_per_s else 0
        if lost:
            raise TrialVoid(f"{lost:,} of the replaced idle connections were lost")
        if idle < self.options.idle_connections and not self.options.churn_per_s:
            raise TrialVoid(
                f"only {idle:,} of {self.options.idle_connections:,} idle connections "
                "were still established at the end of the window"
            )
        self._enter("done")

    def _enter(self, phase: str) -> None:
        self.phase = phase
        self._phases[phase] = time.perf_counter()
        self._tell(phase)

    def _wait(self, reached: Callable[[Gauges], int], wanted: int) -> None:
        """Until the gauge stands at `wanted`; void when it stops moving before."""
        engine = self.engine
        if engine is None:
            raise TrialVoid("the load engine was not started")
        best, moved = -1, time.perf_counter()
        while (now := reached(engine.gauges())) < wanted:
            if engine.failure is not None:
                raise TrialVoid(f"the load engine failed: {engine.failure!r}")
            gauges = engine.gauges()
            if now > best:
                best, moved = now, time.perf_counter()
            lost_all = gauges.idle_failed and now + gauges.idle_failed >= wanted
            if lost_all or time.perf_counter() - moved > NO_PROGRESS_S:
                self._gauges = gauges
                kind = "idle" if self.phase == "connect_idle" else "active"
                errors = ", ".join(f"{k} {n:,}" for k, n in sorted(engine.errors.items()))
                raise TrialVoid(
                    f"{now:,} of {wanted:,} {kind} connections were established"
                    + (f" ({errors})" if errors else "")
                )
            gevent.sleep(POLL_S)

    def _fill_accept_queue(self, probe: Probe, address: tuple[str, int]) -> None:
        """As many silent connections at once as there are clients, and one for the server to
        hold: where it serves one at a time, the queue stands still and its depth is exact.
        """
        self._samples.append(probe.ask("empty"))
        pile = [socket.socket() for _ in range(self._users() + 1)]
        for sock in pile:
            sock.setblocking(False)
            sock.connect_ex(address)
        gevent.sleep(FILL_S)
        self._samples.append(probe.ask("full"))
        for sock in pile:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()
        deadline = time.perf_counter() + SERVER_SIDE_S
        while probe.ask("drained")["accept_queue"] and time.perf_counter() < deadline:
            gevent.sleep(POLL_S)

    def _server_side(self, probe: Probe) -> None:
        """The gate's other end: the server holds every connection, or has it queued for good."""
        gauges = self.engine.gauges() if self.engine else None
        if gauges is None:
            raise TrialVoid("the load engine was not started")
        if not self.options.persistent:
            return  # its connections come and go: there is no number to hold
        wanted = self.options.idle_connections + gauges.active_established
        deadline = time.perf_counter() + SERVER_SIDE_S
        while True:
            sample = probe.ask("gate")
            held = sample["server_established"]
            late = time.perf_counter() > deadline
            if held >= wanted and (late or not sample["accept_queue"]):
                self._samples.append(sample)
                return
            if late:
                self._samples.append(sample)
                raise TrialVoid(f"the server holds {held:,} of {wanted:,} connections")
            gevent.sleep(0.05)

    def _result(self, reason: str) -> dict[str, Any]:
        phases = list(self._phases.items())
        durations = {name: round(after - at, 4) for (name, at), (_, after) in pairwise(phases)}
        gauges = self._gauges or (self.engine.gauges() if self.engine else None)
        return {
            "trial": self.options.trial,
            "reason": reason,
            "options": asdict(self.options),
            "phases_s": durations,
            "gauges": asdict(gauges) if gauges else None,
            "samples": self._samples,
            "environment": self._environment,
            "window": summarise(self.window) if self.window else None,
            "series": self._series.rows() if self._series and self.window else [],
            "company": self._company.counts() if self._company else {},
        }
