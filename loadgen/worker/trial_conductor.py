"""A load from start to end, in the worker: verify, connect, warm up, measure, freeze.

The same steps serve a sweep and a person at the UI; only the end differs: a
sweep's window has a length, a person's lasts until the stop button.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from typing import Any

import gevent

from loadgen.clients.background_clients import Company
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Gauges, Window
from loadgen.engine.series import Series
from loadgen.engine.summary import summarise
from loadgen.loads.build import make_engine
from loadgen.loads.schedule import SECOND_NS
from loadgen.options import Options
from loadgen.worker.barrier import Together
from loadgen.worker.confined import Confined
from loadgen.worker.probe_client import POLL_S, SpoiledBy, TrialVoid
from loadgen.worker.server_observer import Witness

logger = logging.getLogger(__name__)
NO_PROGRESS_S = 4.0
"""Longer than the first two steps of the SYN ladder (1 s, 2 s or 3 s)."""
FOLLOW_S = 0.25
SETTLE_S = 0.02
"""From the freeze until all that was asked, and more if the server sends more, is there."""
SHARED = (
    *("worker", "workers", "idle_connections", "in_flight", "slow_readers", "slow_writers"),
    *("vanishing_per_s", "seed"),
)
"""What is recorded of a worker's share, beside the seed of its mix."""


def sleep_until(moment_ns: int) -> None:
    """Until the monotonic clock shows this, while the hub does other things."""
    while (left := moment_ns - time.perf_counter_ns()) > 0:
        gevent.sleep(left / SECOND_NS)


def call(engine: Engine, command: Callable[[], Any]) -> Any:
    """Have the engine carry out `command`, without blocking Locust's hub."""
    ticket = engine.call(command)
    while not ticket.done:
        if engine.finished:
            raise TrialVoid(f"the load engine ended: {engine.failure!r}")
        gevent.sleep(0.001)
    return ticket.value


def _not_established_by(errors: Mapping[str, int]) -> SpoiledBy:
    """A client that has no port or descriptor left has not asked the server."""
    return "load" if any("out_of_" in kind for kind in errors) else "server_starved"


class Conductor:
    """One worker's share of a load. `run` measures; `freeze` may be called from a stop at any
    moment. `users` tells how many it has now, `spawned` whether all of the load's are there.
    """

    def __init__(
        self,
        options: Options,
        together: Together,
        users: Callable[[], int],
        spawned: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> None:
        self.options = options
        self.phase = "verify"
        self.engine: Engine | None = None
        self.window: Window | None = None
        self._together = together
        self._users = users
        self._spawned = spawned
        self._tell = tell
        self._confined = Confined()
        self._phases: dict[str, float] = {}
        self._gauges: Gauges | None = None
        self._witness: Witness | None = None
        self._company: Company | None = None
        self._series: Series | None = None

    def run(self) -> dict[str, Any]:
        """Measure a window and return what this worker has of it, a void one with its reason."""
        reason, spoiled_by = "", ""
        try:
            self._measure()
        except TrialVoid as void:
            reason, spoiled_by = str(void), void.spoiled_by
        except Exception as error:
            logger.exception("the trial failed")
            reason, spoiled_by = f"the load worker failed: {error!r}", "load"
        finally:
            self._leave_company()
        return {"reason": reason, "spoiled_by": spoiled_by, **self._result()}

    def run_by_hand(self) -> None:
        """Load until `freeze`, with as many active connections as there are users."""
        try:
            self._load_by_hand()
        finally:
            self._leave_company()

    def _load_by_hand(self) -> None:
        settings = self.options.settings
        self.engine = engine = make_engine(self.options)
        engine.start()
        call(engine, lambda: engine.open_idle(settings.idle_connections))
        while not (self._users() or self._spawned()):  # an open loop's schedule does not wait
            gevent.sleep(POLL_S)
        if settings.open and not self._users():
            raise TrialVoid(
                "this load worker has no user to send its share of the rate; "
                f"give the load at least {self._together.workers} users, one for each worker"
            )
        self._follow(engine)
        self._keep_company(engine)
        call(engine, engine.begin)
        if settings.warm_up_s:
            self._enter("warm_up")
            ends = time.monotonic() + settings.warm_up_s
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
        self._check(engine)

    @property
    def measuring(self) -> bool:
        """Whether what the engine counts belongs to the window."""
        return self.phase in ("window", "done")

    @property
    def latest_sample(self) -> dict[str, Any] | None:
        """What the probe beside the server said last in this trial."""
        return self._witness.samples[-1] if self._witness and self._witness.samples else None

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
        together, options = self._together, self.options
        settings = options.settings
        self._witness = witness = Witness(options.probe if together.leads else "")
        engine = make_engine(options)
        clients = sum(together.meet("verified", self._users()))
        if not options.persistent:
            witness.fill_accept_queue(engine.address, clients, settings.late_acks)
        witness.note("start")
        together.meet("start")
        engine.start()
        self.engine = engine  # from now on there is something to freeze
        self._enter("connect_idle")
        call(engine, lambda: engine.open_idle(settings.idle_connections))
        self._wait(lambda gauges: gauges.idle_established, settings.idle_connections)
        together.meet("idle")
        self._enter("connect_active")
        call(engine, lambda: engine.want_active(self._users()))
        if options.persistent:
            self._wait(lambda gauges: gauges.active_established, self._users())
            established = settings.idle_connections + engine.gauges().active_established
            witness.await_server_side(sum(together.meet("active", established)))
        self._enter("company")
        self._keep_company(engine)
        begins = together.agree()
        self._enter("warm_up")
        sleep_until(begins)
        call(engine, engine.begin)
        opens = begins + int(settings.warm_up_s * SECOND_NS)
        sleep_until(opens)
        self._watch_window(engine, witness, opens, opens + int(settings.window_s * SECOND_NS))
        idle = engine.gauges().idle_established
        moving = settings.churn_per_s or settings.trickle_per_s  # one may just be replaced
        lost = engine.gauges().idle_failed if moving else 0
        if lost:
            raise TrialVoid(
                f"{lost:,} of the {settings.idle_connections:,} idle connections were lost",
                "server_wrong",
            )
        if idle < settings.idle_connections and not moving:
            raise TrialVoid(
                f"only {idle:,} of {settings.idle_connections:,} idle connections "
                "were still established at the end of the window",
                "server_wrong",
            )
        self._enter("done")

    def _watch_window(self, engine: Engine, witness: Witness, opens: int, ends: int) -> None:
        """Open the window, look at it once a second, freeze, and wait until all have frozen."""
        self._gauges = engine.gauges()
        started = call(engine, engine.open_window)
        self._confined.open()
        self._series = series = Series(engine)
        series.begin(started)
        witness.note("open")
        self._enter("window")
        for mark in range(opens + SECOND_NS, ends, SECOND_NS):
            sleep_until(mark)
            series.look()
            witness.note("second")
            self._check(engine)
        sleep_until(ends)
        self._check(engine)
        window = self.freeze()
        self._confined.close()
        series.look()
        self._together.meet("frozen")
        witness.note("close")
        call(engine, engine.acknowledge)
        gevent.sleep(SETTLE_S)
        if unasked := call(engine, engine.unasked):
            window.errors["wrong_answer"] = window.errors.get("wrong_answer", 0) + unasked

    def _check(self, engine: Engine) -> None:
        if engine.failure is not None:
            raise TrialVoid(f"the load engine failed: {engine.failure!r}")
        if self._company is not None:
            self._company.check()

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
        pace = self.options.pace_per_s
        patience_s = max(NO_PROGRESS_S, 2 / pace if pace else 0.0)
        while (now := reached(engine.gauges())) < wanted:
            if engine.failure is not None:
                raise TrialVoid(f"the load engine failed: {engine.failure!r}")
            gauges = engine.gauges()
            if now > best:
                best, moved = now, time.perf_counter()
            lost_all = gauges.idle_failed and now + gauges.idle_failed >= wanted
            if lost_all or time.perf_counter() - moved > patience_s:
                self._gauges = gauges
                kind = "idle" if self.phase == "connect_idle" else "active"
                errors = ", ".join(f"{k} {n:,}" for k, n in sorted(engine.errors.items()))
                raise TrialVoid(
                    f"{now:,} of {wanted:,} {kind} connections were established"
                    + (f" ({errors})" if errors else ""),
                    _not_established_by(engine.errors),
                )
            gevent.sleep(POLL_S)

    def _result(self) -> dict[str, Any]:
        phases = list(self._phases.items())
        durations = {name: round(after - at, 4) for (name, at), (_, after) in pairwise(phases)}
        gauges = self._gauges or (self.engine.gauges() if self.engine else None)
        return {
            "share": {name: self.options.recorded[name] for name in SHARED}
            | {"mix_seed": self.options.mix_seed},
            **self._confined.told(),
            "phases_s": durations,
            "gauges": asdict(gauges) if gauges else None,
            "samples": self._witness.samples if self._witness else [],
            "environment": self._witness.environment if self._witness else {},
            "window": summarise(self.window) if self.window else None,
            "series": self._series.rows() if self._series and self.window else [],
            "company": self._company.counts() if self._company else {},
        }
