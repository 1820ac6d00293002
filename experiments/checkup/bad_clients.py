"""The trials of bad clients beside good ones, a kind at a time: which of them hurt is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from contract.checkup.description import CLIENTS, FLOOD, FLOOD_WINDOW_S, HOSTILE, READERS
from contract.checkup.rules import Rules
from contract.settings.trial import Settings

BEYOND: Final = 200
"""Connections of a flood beyond the descriptors of all processes of the server."""


def beside(
    usual: Settings, rules: Rules, planned: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Settings, str]]:
    """The sweep, the settings and the words of each trial, of those that the rules ask for. `usual`
    are the good clients alone, `planned` the rows of the server's first trials."""
    if rules.slow_writers or rules.vanishing_per_s:
        writers = replace(
            usual, slow_writers=rules.slow_writers, vanishing_per_s=rules.vanishing_per_s
        )
        yield CLIENTS, writers, "what slow and broken clients do to others"
    if rules.slow_readers:
        readers = replace(usual, slow_readers=rules.slow_readers)
        yield READERS, readers, "what slow readers do to others"
    if rules.hostile_per_s:
        hostile = replace(usual, hostile_per_s=rules.hostile_per_s)
        yield HOSTILE, hostile, "what hostile clients do to others"
    if count := flood(rules, planned, usual.active_connections):
        flooded = replace(
            usual,
            flood=count,
            server_nofile=rules.flood_descriptors,
            window_s=FLOOD_WINDOW_S,
        )
        yield FLOOD, flooded, "what a flood does"


def flood(rules: Rules, planned: Sequence[Mapping[str, Any]], active: int) -> int:
    """Connections beyond the descriptors of all its processes; 0 where those, and so many `active`
    ones, are more than the load of the planned trials had, or nobody asks."""
    if not rules.flood_descriptors:
        return 0
    processes = max((int(row["server_processes"] or 1) for row in planned), default=1)
    count = processes * rules.flood_descriptors + BEYOND
    had = max(
        (int(row["active_connections"]) + int(row["idle_connections"]) for row in planned),
        default=0,
    )
    return count if count + active <= had else 0
