"""Waiting until the connections of a load are established, and who is to blame if they are not, or
if idle ones do not stay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Literal

import gevent

from contract.settings.load_settings import LoadSettings
from contract.settings.trial import Settings
from contract.void_causes import SpoiledBy
from loadgen.clients.trickle_and_churn import AT_ONCE
from loadgen.engine.engine import Engine
from loadgen.worker.barrier import Barrier
from loadgen.worker.engine_call import call
from loadgen.worker.idle_loss import why_idle_were_lost
from loadgen.worker.probe_client import POLL_S, TrialVoid
from loadgen.worker.server_observer import ServerObserver

NO_PROGRESS_S = 4.0
"""Longer than the first two steps of the SYN ladder (1 s, 2 s or 3 s)."""
MOVING = 0.9
"""A few idle connections that come and go are just being replaced: fewer were not let in."""
CONNECT_S = 45.0
"""For all connections, beside their pace: a server that lets in one after the other, if only within
NO_PROGRESS_S each, starves them all the same. The run waits longer for a load before it blames
that."""


def limit_s(connections: int, pace_per_s: float) -> float:
    """How long all connections of a worker may take; a pace of 0 is none."""
    return CONNECT_S + (connections / pace_per_s if pace_per_s else 0.0)


def await_established(
    engine: Engine, kind: Literal["idle", "active"], wanted: int, pace_per_s: float, ends_s: float
) -> None:
    """Wait until as many connections of this kind as wanted are established. TrialVoid when their
    number stops rising before, or at `ends_s` of `time.perf_counter`."""
    most, rose_s = -1, time.perf_counter()
    patience_s = max(NO_PROGRESS_S, 2 / pace_per_s if pace_per_s else 0.0)
    while True:
        gauges = engine.gauges()
        now = gauges.idle_established if kind == "idle" else gauges.active_established
        if now >= wanted:
            return
        if engine.failure is not None:
            raise TrialVoid(f"the load engine failed: {engine.failure!r}")
        now_s = time.perf_counter()
        if now > most:
            most, rose_s = now, now_s
        lost_all = gauges.idle_failed and now + gauges.idle_failed >= wanted
        if lost_all or now_s - rose_s > patience_s or now_s > ends_s:
            errors = ", ".join(f"{k} {n:,}" for k, n in sorted(engine.errors.items()))
            standing = f"{now:,} of {wanted:,} {kind} connections were established"
            lost = kind == "idle" and gauges.idle_failed
            if lost and (closed := _why_idle_are_lost(engine)):
                raise TrialVoid(f"{closed}; {standing}", "server_wrong")
            raise TrialVoid(
                standing + (f" ({errors})" if errors else ""), _not_established_by(engine.errors)
            )
        gevent.sleep(POLL_S)


def await_held(
    engine: Engine,
    observer: ServerObserver,
    settings: LoadSettings,
    barrier: Barrier,
    wanted: int,
) -> None:
    """Wait until the server holds as many connections. TrialVoid where it does not; that it has
    closed idle ones of any worker meanwhile is why."""
    fault: TrialVoid | None = None
    try:
        observer.await_server_side(wanted)
    except TrialVoid as void:
        fault = void
    if not any(barrier.meet("held", fault is not None)):
        return
    said: tuple[str, SpoiledBy] | None = None
    try:
        check_idle(engine, settings)
    except TrialVoid as void:
        said = (str(void), void.spoiled_by)
    others = barrier.meet("lost", said)
    if lost := said or next(filter(None, others), None):
        raise TrialVoid(*lost)
    if fault is not None:
        raise fault


def await_users(
    users: Callable[[], int], spawned: Callable[[], bool], settings: Settings, workers: int
) -> None:
    """By hand, until there is a user, or all of them. TrialVoid where an open loop has none."""
    while not (users() or spawned()):
        gevent.sleep(POLL_S)
    if settings.open and not users():
        raise TrialVoid(
            "this load worker has no user to send its share of the rate; "
            f"give the load at least {workers} users, one for each worker"
        )


def check_idle(engine: Engine, settings: LoadSettings) -> None:
    """TrialVoid where idle connections were lost until now."""
    gauges, wanted = engine.gauges(), settings.idle_connections
    moving = settings.churn_per_s or settings.trickle_per_s  # one may just be replaced
    lost = gauges.idle_failed if moving else 0
    least = MOVING * wanted - AT_ONCE if moving else wanted
    missing = ""
    if lost:
        missing = f"{lost:,} of the {wanted:,} idle connections were lost"
    elif gauges.idle_established < least:
        missing = (
            f"only {gauges.idle_established:,} of {wanted:,} idle connections "
            "were still established"
        )
    if missing:
        # Those that trickle are not silent.
        why = "" if settings.trickle_per_s else _why_idle_are_lost(engine)
        kept_out = moving and not lost
        raise TrialVoid(
            "; ".join(filter(None, (why, missing))),
            "server_starved" if kept_out else "server_wrong",
        )


def _why_idle_are_lost(engine: Engine) -> str:
    """What is known of the server's closing them, in words; empty if it did not."""
    return why_idle_were_lost(call(engine, engine.idle_ends), asked=not engine.idle_silent)


def _not_established_by(errors: Mapping[str, int]) -> SpoiledBy:
    """A client that has no port, descriptor or memory left has not asked the server."""
    return "load" if any("out_of_" in kind for kind in errors) else "server_starved"
