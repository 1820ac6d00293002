"""Settings each of which may be, but not beside another: what is wrong, in words."""

from __future__ import annotations

from collections.abc import Iterator

from contract.loads import CONNECTING_LOADS, INTERFACES, OPEN_LOADS, POD, WITHOUT_CLIENTS
from contract.mix import parse_mix
from contract.settings.setting import declared
from contract.settings.trial import Settings

PORTS = 55_000
"""Local ports of a source address towards the server's port."""
MOST_TRACED_S = 10
"""A traced server writes some MB a second (an estimate), into a file system of 64 MiB."""


class ConflictError(ValueError):
    """Settings that do not go together; the message says which, and why."""


def most_from(sources: int, bad_clients: int) -> int:
    """The most connections from so many source addresses. Bad clients use the first alone."""
    return sources * (PORTS - bad_clients) + bad_clients


def check(settings: Settings) -> Settings:
    """The settings of a trial, each of which may be. Raises ConflictError for the first fault."""
    for fault in (*_of_connections(settings), *of_load(settings), *_of_trial(settings)):
        raise ConflictError(fault)
    return settings


def of_load(settings: Settings) -> Iterator[str]:
    """In what the load takes; the path can be read."""
    several = len(parse_mix(settings.path or "/")) > 1
    load = settings.load
    if settings.open and settings.rate_per_s is None:
        yield f"load {load} needs a rate_per_s above 0"
    if not settings.open and settings.rate_per_s is not None:
        yield f"rate_per_s is for {' and '.join(OPEN_LOADS)}; {load} sends as fast as it can"
    yield from _of_schedule(settings)
    if settings.pipeline_depth > 1 and (load != "keep_alive" or several):
        yield "pipeline_depth above 1 is for load keep_alive with one path"
    if several and load != "keep_alive":
        yield "several paths are for load keep_alive"
    if not settings.idle_connections and (settings.trickle_per_s or settings.churn_per_s):
        yield "trickle_per_s and churn_per_s are for idle_connections above 0"


def _of_schedule(settings: Settings) -> Iterator[str]:
    if bool(settings.surge_per_s) != bool(settings.surge_s):
        yield "surge_per_s and surge_s go together: give both, or neither"
    if settings.surge_per_s and not settings.open:
        yield f"surge_per_s is for {' and '.join(OPEN_LOADS)}; {settings.load} has no schedule"
    if settings.stop_s and not settings.open:
        yield f"stop_s is for {' and '.join(OPEN_LOADS)}; {settings.load} has no schedule"
    if settings.window_s and settings.surge_s >= settings.window_s and settings.surge_s:
        yield f"surge_s {settings.surge_s:g} has to be shorter than window_s {settings.window_s:g}"


def _of_connections(settings: Settings) -> Iterator[str]:
    sources = settings.source_addresses
    if settings.watched is None and settings.ports > PORTS:
        yield (
            f"{settings.active_connections:,} active and {settings.idle_connections:,} idle "
            f"connections, with bad clients, are {settings.connections:,}; "
            + ("one address has" if sources == 1 else f"{sources} source_addresses have")
            + f" ports for {most_from(sources, settings.bad_clients):,}"
        )
    if sources > 1 and settings.network != POD:
        yield (
            f"source_addresses {sources} are for network pod, where the server is on 127.0.0.1; "
            f"under network {settings.network} the load has one address"
        )
    if settings.load_workers > settings.active_connections:
        yield (
            f"load_workers {settings.load_workers} share {settings.active_connections} active "
            "connections: each needs one at least"
        )


def _of_trial(settings: Settings) -> Iterator[str]:
    busy_s = settings.longest_warm_up_s + settings.window_s
    if settings.late_acks and not settings.connecting:
        yield f"late_acks are for {' and '.join(CONNECTING_LOADS)}"
    if settings.late_acks > (settings.backlog or 0):
        yield (
            f"late_acks {settings.late_acks} is above backlog {settings.backlog}: no more "
            "handshakes can be under way"
        )
    if settings.late_acks and (settings.delay_ms or settings.loss):
        yield (
            "late_acks need a path without delay_ms and loss: what meets the full queue there is "
            "late by itself, or lost"
        )
    if settings.traced and busy_s > MOST_TRACED_S:
        yield (
            f"traced for warm_up_s + window_s = {busy_s:g} s; the trace has room for "
            f"{MOST_TRACED_S} s"
        )
    if settings.without_clients:
        yield from _alone(settings)
    elif settings.watched is not None:
        names = " and ".join(WITHOUT_CLIENTS)
        yield f"watched is for {names}; {settings.load} has connections instead"


def _alone(settings: Settings) -> Iterator[str]:
    """Without clients."""
    if settings.watched is None:
        yield f"load {settings.load} needs watched, the number of descriptors"
    if settings.server not in INTERFACES:
        yield (
            f"load {settings.load} measures the interface of {', '.join(INTERFACES)}; "
            f"{settings.server} has none that could be measured by itself"
        )
    if settings.warm_up_s is None:
        yield f"warm_up_s auto needs clients, whose rate it looks at; {settings.load} has none"
    for name, one in declared(Settings).items():
        if not one.alone and getattr(settings, name) != one.default:
            names = " and ".join(WITHOUT_CLIENTS)
            yield f"{name} means nothing under {names}, which have no clients"
