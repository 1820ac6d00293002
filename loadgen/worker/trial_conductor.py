"""A load from start to end, in the worker: verify, connect, warm up, measure, freeze.

The same steps serve a sweep and a person at the UI; only the end differs: a
sweep's window has a length, a person's lasts until the stop button.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from itertools import pairwise

import gevent

from contract.probe_clock import OTHER_CLOCK
from contract.result.aftermath import Aftermath
from contract.result.load_side import WorkerResult
from contract.result.server_side import Environment, ProbeSample
from contract.result.stop import Stopped
from contract.void_causes import Blame
from loadgen.answers.answer_check import summary
from loadgen.clients.background_clients import BackgroundClients
from loadgen.engine.engine import Engine, rss_bytes
from loadgen.engine.measures import WindowCounts
from loadgen.engine.summary import summarise
from loadgen.loads.build import make_engine
from loadgen.loads.schedule import SECOND_NS
from loadgen.loads.stopping import Stopping
from loadgen.options import Options
from loadgen.worker.aftermath import after_bad_clients
from loadgen.worker.barrier import Barrier
from loadgen.worker.clocks import recorded_in
from loadgen.worker.confinement import Confinement
from loadgen.worker.connect_wait import (
    await_established,
    await_held,
    await_users,
    check_idle,
    limit_s,
)
from loadgen.worker.engine_call import call
from loadgen.worker.partition import recorded
from loadgen.worker.probe_client import TrialVoid
from loadgen.worker.server_observer import ServerObserver
from loadgen.worker.stop_phase import stop_server
from loadgen.worker.warm_up import sleep_until, warm_up
from loadgen.worker.window import WatchedWindow

logger = logging.getLogger(__name__)
FOLLOW_S = 0.25


class TrialConductor:
    """One worker's share of a load. `run` measures; `freeze` may be called from a stop at any
    moment. `users` tells how many it has now, `spawned` whether all of the load's are there.
    """

    def __init__(
        self,
        options: Options,
        barrier: Barrier,
        users: Callable[[], int],
        spawned: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> None:
        self.options = options
        self.phase = "verify"
        self.engine: Engine | None = None
        self.counts: WindowCounts | None = None
        """Counts of the window, once the load is frozen."""
        self._barrier = barrier
        self._users = users
        self._spawned = spawned
        self._tell = tell
        self._confinement = Confinement()
        self._phases: dict[str, float] = {}
        self._observer: ServerObserver | None = None
        self._background: BackgroundClients | None = None
        self._window: WatchedWindow | None = None
        self._warmed_up_s: float | None = None
        self._aftermath: Aftermath | None = None
        self._stopped: Stopped | None = None
        self._round_trip_us: int | None = None
        self._rss_bytes: dict[str, int] = {}

    def run(self, whole: Options) -> WorkerResult:
        """Measure a window and return what this worker has of it, a void one with its reason.

        `whole` are the options of all workers' load.
        """
        reason = ""
        spoiled_by: Blame = ""
        try:
            self._measure()
        except TrialVoid as void:
            reason, spoiled_by = str(void), void.spoiled_by
        except Exception as error:
            logger.exception("the trial failed")
            reason, spoiled_by = f"the load worker failed: {error!r}", "load"
        finally:
            self._close_background()
        return self._result(whole, reason, spoiled_by)

    def run_by_hand(self) -> None:
        """Load until `freeze`, with as many active connections as there are users."""
        try:
            self._load_by_hand()
        finally:
            self._close_background()

    def _load_by_hand(self) -> None:
        settings = self.options.settings
        self.engine = engine = make_engine(self.options)
        engine.start()
        call(engine, lambda: engine.open_idle(settings.idle_connections))
        await_users(self._users, self._spawned, settings, self._barrier.workers)
        self._follow(engine)
        self._start_background(engine)
        call(engine, engine.begin)
        if settings.warm_up_s:
            self._enter("warm_up")
            ends = time.monotonic() + settings.warm_up_s
            while (left := ends - time.monotonic()) > 0:
                gevent.sleep(min(left, FOLLOW_S))
                self._follow(engine)
            call(engine, engine.open_window)
        self._enter("window")
        while self.counts is None:
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
    def latest_sample(self) -> ProbeSample | None:
        """What the probe beside the server said last in this trial."""
        return self._observer.samples[-1] if self._observer and self._observer.samples else None

    def freeze(self) -> WindowCounts:
        """Stop the load and keep its counts; idempotent."""
        if self.engine is None:
            raise TrialVoid("stopped before the load began")
        if self.counts is None:
            self.counts = call(self.engine, self.engine.freeze)
            if self._background is not None:
                self._background.stop()
        return self.counts

    def _start_background(self, engine: Engine) -> None:
        self._background = BackgroundClients(self.options, engine, call)
        self._background.start()

    def _close_background(self) -> None:
        if self._background is not None:
            self._background.close()

    def _measure(self) -> None:
        barrier, options = self._barrier, self.options
        settings = options.settings
        self._observer = observer = ServerObserver(
            options.probe, leads=barrier.leads, elsewhere=options.probe_clock == OTHER_CLOCK
        )
        barrier.clock = observer.clock
        engine = make_engine(options)
        self._round_trip_us = engine.round_trip_us
        clients = sum(barrier.meet("verified", self._users()))
        if not options.persistent:
            observer.fill_accept_queue(
                engine.address, clients, settings.late_acks, engine.round_trip_s
            )
        observer.note("start")
        barrier.meet("start")
        self._rss_bytes["idle"] = rss_bytes()
        users, pace_per_s = self._users(), options.pace_per_s
        engine.start()
        self.engine = engine  # from now on there is something to freeze
        ends_s = time.perf_counter() + limit_s(settings.idle_connections + users, pace_per_s)
        self._enter("connect_idle")
        call(engine, lambda: engine.open_idle(settings.idle_connections))
        await_established(engine, "idle", settings.idle_connections, pace_per_s, ends_s)
        barrier.meet("idle")
        self._enter("connect_active")
        call(engine, lambda: engine.want_active(self._users()))
        if options.persistent:
            await_established(engine, "active", self._users(), pace_per_s, ends_s)
            established = settings.idle_connections + engine.gauges().active_established
            wanted = sum(barrier.meet("active", established))
            await_held(engine, observer, settings, barrier, wanted)
        self._rss_bytes["held"] = rss_bytes()
        observer.time_cores("before")
        self._enter("company")
        self._start_background(engine)
        begins = barrier.agree("begin")
        self._enter("warm_up")
        sleep_until(begins)
        call(engine, engine.begin)
        opens = warm_up(engine, barrier, options, begins, partial(self._check, engine))
        self._warmed_up_s = (opens - begins) / SECOND_NS
        self._watch_window(engine, observer, opens, opens + int(settings.window_s * SECOND_NS))
        check_idle(engine, settings)
        if isinstance(engine, Stopping):  # it is still loaded, and ends
            self._enter("stop")
            stop_s, signal = settings.stop_s, options.stop_signal
            self._stopped = stop_server(engine, observer, barrier, signal, stop_s)
        else:
            observer.time_cores("after")
        self._aftermath = after_bad_clients(self._background, engine, barrier, observer, options)
        self._enter("done")

    def _watch_window(
        self, engine: Engine, observer: ServerObserver, opens: int, ends: int
    ) -> None:
        self._window = window = WatchedWindow(
            engine,
            self._background,
            self._confinement,
            self.freeze,
            self._keep,
            partial(self._check, engine),
        )
        window.open(observer)
        self._enter("window")
        window.watch(observer, opens, ends)
        window.close(observer, self._barrier)

    def _keep(self, counts: WindowCounts) -> None:
        """Those of a window that has ended before its load."""
        self.counts = counts

    def _check(self, engine: Engine) -> None:
        if engine.failure is not None:
            raise TrialVoid(f"the load engine failed: {engine.failure!r}")
        if self._background is not None:
            self._background.check()

    def _enter(self, phase: str) -> None:
        self.phase = phase
        self._phases[phase] = time.perf_counter()
        self._tell(phase)

    def _result(self, whole: Options, reason: str, spoiled_by: Blame) -> WorkerResult:
        phases = list(self._phases.items())
        observer, counts, window = self._observer, self.counts, self._window
        gauges = window.gauges if window else None
        clock = self._barrier.clock
        return WorkerResult(
            name=self._barrier.name,
            reason=reason,
            spoiled_by=spoiled_by,
            options=whole.recorded,
            share=recorded(self.options),
            **asdict(self._confinement.grant()),
            phases_s={name: round(after - at, 4) for (name, at), (_, after) in pairwise(phases)},
            core_loops_us=observer.core_loops_us if observer else {},
            gauges=gauges or (self.engine.gauges() if self.engine else None),
            samples=tuple(observer.samples) if observer else (),
            environment=observer.environment if observer else Environment(),
            window=recorded_in(clock, summarise(counts, apart=True)) if counts else None,
            series=window.series.rows() if window and counts else (),
            rates_per_s=window.pulse.rates_per_s() if window and counts else (),
            warmed_up_s=self._warmed_up_s,
            round_trip_us=self._round_trip_us,
            clock_bound_us=clock.bound_us,
            rss_idle_bytes=self._rss_bytes.get("idle"),
            rss_held_bytes=self._rss_bytes.get("held"),
            company=self._background.counts() if self._background else {},
            aftermath=self._aftermath,
            checked=summary(self.engine.exchanges, self.engine.first_wrong)
            if self.engine
            else None,
            stopped=self._stopped,
        )
