"""What a container is granted, as it sees it, and how often its quota held it back.

The probe reads it of the server, through that one's root, and each load worker of itself. As a
program (`python3 granted.py SYSCTL...`) it prints what it has itself, for shortfalls.py to compare
with what was asked. So it stands alone: the standard library, and nothing of the lab.

In cgroup v1 each controller has a folder of its own, in v2 all files lie in one. A limit that is
None there is not.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

PROC = Path("/proc")
ROOT = Path("/sys/fs/cgroup")
UNLIMITED = 2**60
"""v1 has no word for it: such a limit of memory is the largest number of whole pages."""
CPUSETS = ("cpuset.cpus.effective", "cpuset/cpuset.effective_cpus", "cpuset/cpuset.cpus")
CPU_V1 = ("cpu", "cpu,cpuacct")
CPUACCT_V1 = ("cpuacct", "cpu,cpuacct")


def folder(root: Path = ROOT, membership: str = "") -> Path:
    """Where the group's own files are, below what is mounted; `membership` is its /proc/PID/cgroup.

    Commonly a container sees its own group as the root. Under v2 an engine may be told to show
    all groups of the machine instead (`default-cgroupns-mode: host`). A group outside of what it
    may see, as of an engine in a container, has `..` for a name and no files here.
    """
    for line in membership.splitlines():
        if line.startswith("0::/") and ".." not in line.split("/"):
            below = root / line.removeprefix("0::/")
            if below.is_dir():
                return below
    return root


def processor(at: Path) -> dict[str, Any]:
    """What the group at this folder has: `cpuset`, a list of cores (None where there is no such
    controller), and `quota_us` in each `period_us`.
    """
    quota_us, period_us = _quota(at)
    cpuset = _text(at, *CPUSETS)
    return {
        "cpuset": parse_cores(cpuset) if cpuset else None,
        "quota_us": quota_us,
        "period_us": period_us,
    }


def limits(at: Path) -> dict[str, int | None]:
    """Its `pids`, `memory_bytes` and `swap_bytes`, which is what may be swapped out of it."""
    memory_bytes = _limit(at, "memory.max", "memory/memory.limit_in_bytes")
    return {
        "pids": _limit(at, "pids.max", "pids/pids.max"),
        "memory_bytes": memory_bytes,
        "swap_bytes": _swap_bytes(at, memory_bytes),
    }


def held_back(at: Path) -> dict[str, int]:
    """Since the group was made: `throttled_periods` in which it had used up its quota, and the
    time that it then waited, `throttled_ns`, added over its cores. Both 0 without the controller.
    """
    text = _text(at, "cpu.stat", *(f"{name}/cpu.stat" for name in CPU_V1)) or ""
    return parse_throttled(text)


def cpu_ns(at: Path) -> int:
    """CPU time of the group, of threads and children that have ended too."""
    v1 = _text(at, *(f"{name}/cpuacct.usage" for name in CPUACCT_V1))
    if v1:
        return int(v1)
    counted = _table(_text(at, "cpu.stat") or "")
    if "usage_usec" not in counted:
        raise RuntimeError(f"no CPU accounting in the control group at {at}")
    return counted["usage_usec"] * 1_000


def parse_cores(text: str) -> list[int]:
    """`0-2,5` is [0, 1, 2, 5]."""
    cores: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        cores += range(int(first), int(last or first) + 1)
    return cores


def parse_limit(text: str) -> int | None:
    """A number, or None for `max`, for v1's -1 and for its largest number of bytes."""
    word = text.strip()
    if word == "max":
        return None
    return int(word) if 0 <= int(word) < UNLIMITED else None


def parse_throttled(text: str) -> dict[str, int]:
    """A cpu.stat: v1 counts the time in ns as `throttled_time`, v2 in us as `throttled_usec`."""
    counted = _table(text)
    in_us = counted.get("throttled_usec", 0) * 1_000
    return {
        "throttled_periods": counted.get("nr_throttled", 0),
        "throttled_ns": counted.get("throttled_time", in_us),
    }


def parse_allowed(status: str) -> list[int]:
    """The cores that a /proc/PID/status says the process may use."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "Cpus_allowed_list":
            return parse_cores(value)
    raise RuntimeError("a status without Cpus_allowed_list")


def reading(sysctls: list[str], proc: Path = PROC, root: Path = ROOT) -> dict[str, Any]:
    """Limits of the control group, of this process, and these kernel settings of its namespaces.

    `affinity` are the cores that it may use; `machine_swap_bytes` is the whole machine's.
    """
    own = proc / "self"
    at = folder(root, (own / "cgroup").read_text())
    return {
        **processor(at),
        **limits(at),
        "affinity": parse_allowed((own / "status").read_text()),
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "sysctls": {name: _sysctl(proc, name) for name in sysctls},
        "machine_swap_bytes": _swap_total(proc),
        "page_bytes": resource.getpagesize(),
    }


def _quota(at: Path) -> tuple[int | None, int | None]:
    both = _text(at, "cpu.max")
    if both is None:
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
        found = [_text(at, *(f"{folder}/{name}" for folder in CPU_V1)) for name in names]
        both = " ".join(text for text in found if text)
    quota_us, _, period_us = both.strip().partition(" ")
    return (parse_limit(quota_us), int(period_us)) if period_us else (None, None)


def _limit(at: Path, *names: str) -> int | None:
    text = _text(at, *names)
    return parse_limit(text) if text else None


def _swap_bytes(at: Path, memory_bytes: int | None) -> int | None:
    """v1 limits memory and swap together."""
    both = _limit(at, "memory/memory.memsw.limit_in_bytes")
    if both is not None and memory_bytes is not None:
        return both - memory_bytes
    return _limit(at, "memory.swap.max")


def _table(text: str) -> dict[str, int]:
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}


def _text(at: Path, *names: str) -> str | None:
    """The text of the first of these files that is there; None if none is."""
    for name in names:
        try:
            return (at / name).read_text().strip()
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
    return None


def _sysctl(proc: Path, name: str) -> str | None:
    """Its words, joined by one space; None where there is none of the name."""
    try:
        return " ".join((proc / "sys" / name.replace(".", "/")).read_text().split())
    except (FileNotFoundError, PermissionError):
        return None


def _swap_total(proc: Path) -> int:
    for line in (proc / "meminfo").read_text().splitlines():
        if line.startswith("SwapTotal:"):
            return int(line.split()[1]) * 1_024
    return 0


if __name__ == "__main__":
    print(json.dumps(reading(sys.argv[1:])))
