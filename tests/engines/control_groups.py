"""The control groups of a machine: one of its name in each hierarchy that the host has mounted."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOUNTS: Final = Path("/proc/self/mountinfo")
GENERAL: Final = {"rw", "ro", "xattr", "clone_children", "release_agent"}
"""Options of a mount that do not say which hierarchy it is."""
INHERITED: Final = ("cpuset.cpus", "cpuset.mems")
"""A new group of version 1 has none, and takes no process before it has some."""
GONE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """`options` name it to mount(8), like `cpu,cpuacct`; empty: the one of version 2."""

    mount: Path
    options: str

    @property
    def name(self) -> str:
        """The folder of its mount on the machine."""
        return self.options.removeprefix("none,name=")


def hierarchies(mounts: str) -> list[Hierarchy]:
    """Those in the text of a mountinfo, each once."""
    found: dict[str, Hierarchy] = {}
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, said = after.split(" ")[:3]
        if kind == "cgroup":
            words = [word for word in said.split(",") if word not in GENERAL]
            options = ",".join(f"none,{one}" if one.startswith("name=") else one for one in words)
        elif kind == "cgroup2":
            options = ""
        else:
            continue
        found.setdefault(options, Hierarchy(Path(before.split(" ")[4]), options))
    return list(found.values())


def make(name: str, among: Iterable[Hierarchy]) -> None:
    """The groups, which are empty."""
    for one in among:
        group = one.mount / name
        group.mkdir(exist_ok=True)
        for setting in INHERITED:
            if one.options and (group / setting).exists():
                (group / setting).write_text((one.mount / setting).read_text())


def remove(name: str, among: Iterable[Hierarchy]) -> None:
    """End what is in the groups of that name, and remove them with the groups below them.

    Raises OSError for one that stays.
    """
    for one in among:
        deadline = time.monotonic() + GONE_S
        while (one.mount / name).is_dir():
            for process in _processes(one.mount / name):
                _kill(process)
            try:
                for folder in (*_below(one.mount / name), one.mount / name):
                    folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def _below(group: Path) -> Iterator[Path]:
    """The groups in it, the deepest first."""
    for place, folders, _ in os.walk(group, topdown=False):
        yield from (Path(place, name) for name in folders)


def _processes(group: Path) -> list[int]:
    found = []
    for one in (group, *_below(group)):
        try:
            found += [int(word) for word in (one / "cgroup.procs").read_text().split()]
        except OSError:  # it has gone
            continue
    return found


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return
