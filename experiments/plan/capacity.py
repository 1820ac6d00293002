"""How many connections a trial may have on a machine, and which of its limits says so.

Pure: the limits are read once, when a run begins, and stand in its manifest, so that a resumed
run has the same plan. What is not known does not limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract.loads import WIRE, WITHOUT_CLIENTS
from contract.settings.conflicts import check, most_from
from contract.settings.trial import Settings
from contract.spread import most_together
from contract.sysctls import FILES, MOST_MAPS, MOST_PIDS, MOST_THREADS, TRACKED
from experiments.plan.axes import MAX, SCALED

COUNTED = (*SCALED, "slow_readers", "slow_writers")
"""Settings that count connections."""
MARGIN = 300
"""Descriptors that a server or a worker needs beside its connections; or processes."""
SHARE_OF_MEMORY = 0.5
"""Share of what is available: the rest is the kernel's to move in."""
BYTES = {"process_per_connection": 1_500_000, "thread_per_connection": 64_000}
BYTES_OTHERWISE = 32_000
"""A connection's memory: both ends in the kernel, the server's own, the engine's. A forked
process was seen to have 1.2 MB of its own, a thread 21 kB and a stack in the kernel of 16 kB;
of the others the most costly were seen below 20 kB."""
SHARE_OF_TABLE = 0.9
"""Share of the table of tracked connections, or open files; the machine's others are in it too."""
MAPS_OF_A_THREAD = 2
"""Its stack, and the guard page below."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the engine's machine grants. None: not known."""

    nofile: int | None = None
    """Descriptors of a process."""
    memory_bytes: int | None = None
    """Available when the run began."""
    pids: int | None = None
    """Processes and threads of a container."""
    max_map_count: int | None = None
    """Mappings of a process."""
    tracked: int | None = None
    """Connections that the kernel can track; None too where it tracks none."""
    files: int | None = None
    """Open files of the machine."""
    shaping: int | None = None
    """What of a path can be shaped, as `Settings.shaping` counts; trials that ask for more are not
    in the plan. None: nobody had to know."""


def limits_of(machine: Mapping[str, Any], nofile: int, pids: int) -> Limits:
    """From what the probe tells of the machine, and what the engine and the lab grant."""
    sysctls = machine["sysctls"]
    kernels = [sysctls.get(name) for name in (MOST_PIDS, MOST_THREADS)]
    maps, tracked = sysctls.get(MOST_MAPS), sysctls.get(TRACKED)
    files = sysctls.get(FILES)
    return Limits(
        nofile=nofile,
        memory_bytes=machine.get("memory_available_bytes"),
        pids=min([pids, *(int(value) for value in kernels if value)]),
        max_map_count=int(maps) if maps else None,
        tracked=int(tracked) if tracked else None,
        files=int(files) if files else None,
    )


def most_connections(asked: Settings, limits: Limits) -> tuple[int, str]:
    """Most connections of a trial with these settings, and the limit met first, in words. How many
    connections it asks for does not matter, but for bad clients."""
    server = asked.server
    found = [_of_ports(asked)]
    if limits.nofile is not None:
        found += _of_processes(asked, limits.nofile)
    if limits.files is not None:
        ends = 1 if asked.network == WIRE else 2
        room = int(limits.files * SHARE_OF_TABLE) // ends
        found.append((room, f"the engine's kernel has {limits.files:,} files (fs.file-max)"))
    if limits.memory_bytes is not None:
        each = BYTES.get(server, BYTES_OTHERWISE)
        room = int(limits.memory_bytes * SHARE_OF_MEMORY) // each
        free = f"{limits.memory_bytes / 2**30:.1f} GiB are free"
        found.append((room, f"{free}, and {server} may take {each / 1_000:,.0f} kB for each"))
    if limits.pids is not None and server in BYTES:
        why = f"there may be {limits.pids:,} processes and threads"
        found.append((limits.pids - MARGIN, why))
    if limits.max_map_count is not None and server == "thread_per_connection":
        room = (limits.max_map_count - MARGIN) // MAPS_OF_A_THREAD
        found.append((room, f"a process may have {limits.max_map_count:,} mappings"))
    if limits.tracked is not None:
        room = int(limits.tracked * SHARE_OF_TABLE)
        why = f"the engine's kernel tracks {limits.tracked:,} connections (nf_conntrack_max)"
        found.append((room, f"{why}, and drops what begins beyond that"))
    return min(found)


def _of_ports(asked: Settings) -> tuple[int, str]:
    """Towards the server's."""
    room = most_from(asked.source_addresses, asked.bad_clients)
    sources = asked.source_addresses
    whose = "one address has" if sources == 1 else f"{sources} source_addresses have"
    return room, f"{whose} ports for {room:,}"


def _of_processes(asked: Settings, nofile: int) -> Iterator[tuple[int, str]]:
    """Whose descriptors do not suffice, the load workers' or the server's."""
    each, processes = nofile - MARGIN, asked.server_shares
    if processes == 1:
        yield each, f"a process may have {nofile:,} descriptors"
    else:
        why = (
            f"chance spreads connections over the {processes} workers of {asked.server}, and the "
            f"one that gets most may have {nofile:,} descriptors"
        )
        yield most_together(each, processes), why
    if asked.load_workers > 1:
        why = f"{asked.load_workers} load_workers may have {nofile:,} descriptors each"
        yield each * asked.load_workers, why
    elif processes > 1:
        yield each, f"a load worker may have {nofile:,} descriptors (load_workers are 1)"


def fit(asked: Mapping[str, Any], limits: Limits) -> tuple[Settings, str]:
    """The settings with `max` replaced by what there is room for, and what is beyond it cut to
    it; and a sentence about that, empty where nothing was changed.

    Raises ConflictError.
    """
    chosen = {name: asked.get(name, getattr(Settings(), name)) for name in COUNTED}
    if asked.get("load") in WITHOUT_CLIENTS:
        return _fit_watched(asked, limits)
    others = {name: value for name, value in asked.items() if name not in SCALED}
    room, why = most_connections(Settings(**others), limits)
    beyond = sum(number for number in chosen.values() if number != MAX) - room
    changed: dict[str, int] = {}
    told: list[str] = []
    for name, least in SCALED.items():
        number = chosen[name]
        if number == MAX:
            changed[name] = max(least, -beyond)
            told.append(f"{name}: {MAX} is {changed[name]:,}")
        elif beyond > 0 and number > least:
            changed[name] = max(least, number - beyond)
            beyond -= number - changed[name]
            told.append(f"{name}: {number:,} is cut to {changed[name]:,}")
    note = f"{', '.join(told)}: {why}" if told else ""
    return check(Settings(**{**asked, **changed})), note


def _fit_watched(asked: Mapping[str, Any], limits: Limits) -> tuple[Settings, str]:
    """The same for descriptors that are watched without clients."""
    settings = check(Settings(**asked))
    watched, nofile = settings.watched, limits.nofile
    if watched is None or nofile is None or settings.descriptors <= nofile - MARGIN:
        return settings, ""
    fewer = (nofile - MARGIN) * watched // settings.descriptors
    note = f"watched: {watched:,} is cut to {fewer:,}: a process may have {nofile:,} descriptors"
    return replace(settings, watched=fewer), note
