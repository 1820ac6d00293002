"""A trial whose server and load are on two machines."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from contract.loads import WIRE
from contract.settings.conflicts import ConflictError
from contract.settings.trial import Settings
from experiments.plan.hosts import Hosts

APART: Final = {
    "network": "the path is the wire between them; leave network out",
    "delay_ms": "it shapes a path inside one machine; the wire is as it is",
    "loss": "it shapes a path inside one machine; the wire is as it is",
    "rate_mbit": "it shapes a path inside one machine; the wire is as it is",
    "traced": "it is for one machine",
}
"""Settings that do not go with hosts, and why."""


def on_hosts(hosts: Hosts | None, sweep: str, settings: Settings) -> Settings:
    """The same over the wire, if there are hosts. Raises ConflictError for what needs server and
    load on one machine, or a wire that is not there."""
    if hosts is None:
        if settings.network == WIRE:
            raise ConflictError(f"sweep {sweep}: network {WIRE} is for an experiment with hosts")
        return settings
    if settings.without_clients:
        return settings
    for name, why in APART.items():
        if getattr(settings, name) != getattr(Settings(), name):
            raise ConflictError(f"sweep {sweep}: {name} with hosts: {why}")
    return replace(settings, network=WIRE)
