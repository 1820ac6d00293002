"""A trial whose server and load are on different machines."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from contract.loads import WIRE
from contract.settings.conflicts import ConflictError
from contract.settings.trial import Settings
from experiments.hosts.sides import SERVER, dealt
from experiments.plan.hosts import Hosts

APART: Final = {
    "network": "the path is the wire between them; leave network out",
    "delay_ms": "it shapes a path inside one machine; the wire is as it is",
    "loss": "it shapes a path inside one machine; the wire is as it is",
    "rate_mbit": "it shapes a path inside one machine; the wire is as it is",
    "source_addresses": "they are of loopback; over the wire the load has its host's address",
    "traced": "it is for one machine",
}
"""Settings that do not go with hosts, and why."""


def on_hosts(
    hosts: Hosts | None, sweep: str, settings: Settings, *, workers_given: bool = False
) -> Settings:
    """The same over the wire, if there are hosts, with a load worker for each that loads where the
    experiment has not given their number. Raises ConflictError for what needs server and load on
    one machine, or a wire that is not there."""
    if hosts is None:
        if settings.network == WIRE:
            raise ConflictError(f"sweep {sweep}: network {WIRE} is for an experiment with hosts")
        return settings
    if settings.without_clients:
        return settings
    for name, why in APART.items():
        if getattr(settings, name) != getattr(Settings(), name):
            raise ConflictError(f"sweep {sweep}: {name} with hosts: {why}")
    workers = settings.load_workers
    if not workers_given:
        workers = min(len(hosts.load), settings.active_connections)
    if fault := _of_workers(hosts, workers, given=workers_given):
        raise ConflictError(f"sweep {sweep}: load_workers {workers} with hosts: {fault}")
    return replace(settings, network=WIRE, load_workers=workers)


def _of_workers(hosts: Hosts, workers: int, *, given: bool) -> str:
    """What is wrong with so many; empty if nothing is."""
    if given and workers < len(hosts.load):
        return (
            f"{len(hosts.load)} hosts load, each with one at least; ask for more, or leave "
            "load_workers out, or name fewer hosts"
        )
    known = [one.cores for one in hosts.load if one.cores is not None]
    if len(known) == len(hosts.load) and workers > sum(known):
        return (
            f"each has a core, and the hosts that load have {sum(known)} for them; ask for "
            f"{sum(known)} at most, or give the hosts more `cores`"
        )
    return ""


def who_does_what(hosts: Hosts, workers: int) -> list[str]:
    """A line for each host, where trials have so many load workers at most."""
    turns = dealt([one.cores for one in hosts.load], workers)
    lines = [f"{SERVER}: {hosts.server.docker}, the server and its probe"]
    for place, (name, host) in enumerate(hosts.loads.items()):
        numbers = [str(number) for number, turn in enumerate(turns, 1) if turn == place]
        own = [f"load worker{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"]
        does = [*(["the Locust master"] if place == 0 else []), *(own if numbers else [])]
        lines.append(f"{name}: {host.docker}, {' and '.join(does) or 'nothing in this plan'}")
    return lines
