"""The cores of the engine's machine, as a container sees them, and which of them do what.

A rate means little where the server has a fast core in one run and a slow one in another, or
shares a core's two threads with its load. So both get like cores of their own where there are any,
and where there are none the run says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, groupby, islice
from typing import Final

from contract.exits import LabError
from experiments.docker.driver import Driver
from experiments.docker.tool import program, run_tool
from experiments.hosts.sides import dealt, in_words
from experiments.machine import topology

ALIKE: Final = 0.85
"""Cores are of one kind down to this share of the fastest one's speed: a processor may let one or
two of its like cores go some percent faster."""


@dataclass(frozen=True, slots=True)
class Core:
    """A processor in the kernel's counting: a core, or one of its `threads`, which are numbers.

    `speed` compares it with others of the machine; 0: not known.
    """

    number: int
    threads: tuple[int, ...] = ()
    package: int | None = None
    speed: int = 0
    slow: bool = False

    @property
    def physical(self) -> tuple[int, ...]:
        """The same for all threads of a core."""
        return self.threads or (self.number,)


@dataclass(frozen=True, slots=True)
class LoadHost:
    """A host that loads, by its side: its cores for load workers, and that for everything else."""

    side: str
    cores: tuple[str, ...]
    others: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Which cores do what: the server has its own, the load another."""

    server: str
    loads: tuple[str, ...]
    """A core for each load worker; beyond them, workers share cores."""
    others: str
    why: str = field(default="", compare=False)
    """What spoke for these, or what they lack; empty where there was nothing to choose by."""
    unlike: bool = field(default=False, compare=False)
    """Server and load share a core, as its two threads, or have cores of unlike kinds."""
    load_hosts: tuple[LoadHost, ...] = ()
    """Those that load, where they are not the server's; `loads` are theirs, in turn."""

    @property
    def load(self) -> str:
        """Where the load is, with one worker."""
        return self.loads[0]

    @property
    def on_several_hosts(self) -> bool:
        """Whether server and load are on different hosts."""
        return bool(self.load_hosts)

    @property
    def beside_load(self) -> str:
        """For everything else where the load is, on the first host that loads."""
        return self.load_hosts[0].others if self.on_several_hosts else self.others

    def hosts_of(self, workers: int) -> tuple[int, ...]:
        """The place of each load worker's host among `load_hosts`; 0 where there is one machine."""
        cores: list[int | None] = [*(len(one.cores) for one in self.load_hosts)] or [None]
        return tuple(islice(cycle(dealt(cores, workers)), workers))

    def needs(self, workers: int) -> str:
        """For what a server needs: all cores but those that are measured; on two, the load's, so
        that the server still has its own."""
        if self.on_several_hosts:
            return self.others
        return ",".join(sorted({self.others, *self.loads[workers:]}, key=int))

    @property
    def probing(self) -> str:
        """For the probe: where everything else is, and the server's core, which it times."""
        return ",".join(sorted({self.others, self.server}, key=int))

    def loading(self, workers: int) -> tuple[str, ...]:
        """The core of each load worker."""
        return tuple(islice(cycle(self.loads), workers))

    def measured(self, workers: int = 1) -> tuple[str, ...]:
        """The cores of the server's host whose disturbance spoils a trial, each once."""
        return (self.server,) if self.on_several_hosts else (self.server, *self.loads[:workers])

    def __str__(self) -> str:
        of_its_host = " of its host" if self.on_several_hosts else ""
        chosen = f"server on core {self.server}, load on core {self.load}{of_its_host}"
        return f"{chosen}: {self.why}" if self.why else chosen


def see_cores(driver: Driver, image: str) -> tuple[Core, ...]:
    """The cores that a container may use. Raises DriverError."""
    seen = json.loads(run_tool(driver, image, program(topology)))
    return tuple(
        Core(
            one["number"],
            tuple(one["threads"] or ()),
            one["package"],
            one["speed"] or 0,
            one["slow"],
        )
        for one in seen
    )


def place(cores: Sequence[Core]) -> Placement:
    """Take cores of the fastest kind with two, one thread of each; on one socket if it has two of
    them. The first serves and the last loads, as far apart as the numbers allow; the one before
    the last, or a core of another kind, does everything else; what is between is for more load
    workers. Raises LabError below two cores.
    """
    if len(cores) < 2:
        raise LabError("the lab needs two cores: one for the server, one for the load")
    kinds = _kinds(cores)
    kind = next((one for one in kinds if len(_physical(one)) > 1), None)
    if kind is None:
        return _makeshift(cores, kinds)
    socket = _socket(kind)
    first, *between, last = chosen = _physical(socket)
    free = [one for one in cores if one.physical not in [core.physical for core in chosen]]
    others = _others(free, between, last, cores)
    loads = [last, *reversed([one for one in between if one != others])]
    return Placement(
        str(first.number),
        tuple(str(one.number) for one in loads),
        str(others.number),
        _why(cores, kinds, kind, socket),
    )


def place_apart(
    server: Sequence[Core], loads: Mapping[str, tuple[Sequence[Core], int | None]]
) -> Placement:
    """On several hosts, of which `loads` are those that load, by side, and the most cores that the
    load may have there: each is placed by itself, and where the load is it has the server's core
    too. Raises LabError below two cores."""
    here, hosts, told = place(server), list[LoadHost](), []
    for side, (cores, most) in loads.items():
        there = place(cores)
        own = tuple(dict.fromkeys((there.server, *there.loads)))[:most]
        hosts.append(LoadHost(side, own, there.others))
        told += [f"on {in_words(side)}: {there.why}"] if there.why else []
    left = [list(one.cores) for one in hosts]
    turns = dealt([len(one) for one in left], sum(map(len, left)))
    return replace(
        here,
        loads=tuple(left[host].pop(0) for host in turns),
        load_hosts=tuple(hosts),
        why="; ".join(filter(None, (here.why, *told))),
    )


def _kinds(cores: Sequence[Core]) -> list[list[Core]]:
    """Cores of like speed together, the fastest first, each kind by number."""
    kinds: list[list[Core]] = []
    for one in sorted(cores, key=lambda core: (core.slow, -core.speed, core.number)):
        head = kinds[-1][0] if kinds else None
        if head and one.slow == head.slow and one.speed >= ALIKE * head.speed:
            kinds[-1].append(one)
        else:
            kinds.append([one])
    return [sorted(kind, key=lambda core: core.number) for kind in kinds]


def _physical(cores: Sequence[Core]) -> list[Core]:
    """The first thread of each core."""
    found: dict[tuple[int, ...], Core] = {}
    for one in cores:
        found.setdefault(one.physical, one)
    return list(found.values())


def _socket(kind: Sequence[Core]) -> list[Core]:
    """The cores of the first socket that has two of them; all of them where none has."""
    by_package = sorted(kind, key=lambda core: -1 if core.package is None else core.package)
    sockets = [list(cores) for _, cores in groupby(by_package, key=lambda core: core.package)]
    found = next((cores for cores in sockets if len(_physical(cores)) > 1), list(kind))
    return sorted(found, key=lambda core: core.number)


def _others(
    free: Sequence[Core], between: Sequence[Core], last: Core, cores: Sequence[Core]
) -> Core:
    """For everything else: never the server's core, and the load's only where there is no other."""
    if free:
        return free[-1]
    if between:
        return between[-1]
    return next((one for one in reversed(cores) if one.physical == last.physical), last)


def _makeshift(cores: Sequence[Core], kinds: Sequence[Sequence[Core]]) -> Placement:
    """Where no kind has two cores: cores of unlike kinds, or two threads of the only one."""
    if len(kinds) > 1:
        first, last = kinds[0][0], kinds[1][0]
        why = "cores of unlike kinds, as no two are alike"
    else:
        first, last = cores[0], cores[-1]
        why = "two threads of one core, which slow each other down, as there is no other core"
    rest = [one for one in cores if one.physical not in (first.physical, last.physical)]
    others = rest[-1] if rest else last
    return Placement(str(first.number), (str(last.number),), str(others.number), why, unlike=True)


def _why(
    cores: Sequence[Core],
    kinds: Sequence[Sequence[Core]],
    kind: Sequence[Core],
    socket: Sequence[Core],
) -> str:
    told = []
    if len(kinds) > 1:
        told.append(f"like cores, {len(kind)} of {len(cores)} are of this kind")
    if len(_physical(cores)) < len(cores):
        told.append("not two threads of one core")
    if len(socket) < len(kind):
        told.append(f"on one socket, {socket[0].package}")
    return "; ".join(told)
