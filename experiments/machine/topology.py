"""What the kernel tells of the cores that a container may use.

As a program (`python3 topology.py`) it prints a list with a table for each core. So it stands
alone: the standard library, and nothing of the lab.

The files are those of https://docs.kernel.org/admin-guide/cputopology.html; of cores of unlike
kinds, Arm's kernels tell the `cpu_capacity` and Intel's the sets `cpu_core` and `cpu_atom`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROC = Path("/proc")
DEVICES = Path("/sys/devices")
SIBLINGS = ("core_cpus_list", "thread_siblings_list")
"""The second is the name before Linux 5.3."""
SPEEDS = ("cpu_capacity", "cpufreq/cpuinfo_max_freq")
SLOW = "cpu_atom/cpus"


def reading(proc: Path = PROC, devices: Path = DEVICES) -> list[dict[str, Any]]:
    """By ascending `number`: its `threads`, the numbers of all threads of its core; its `package`
    (socket), `speed` (a figure to compare with that of others) and whether it is `slow`; what the
    kernel does not tell is None."""
    slow = _numbers(devices / SLOW) or []
    found = []
    for number in _allowed((proc / "self/status").read_text()):
        at = devices / f"system/cpu/cpu{number}"
        threads = next(filter(None, (_numbers(at / "topology" / name) for name in SIBLINGS)), None)
        speeds = (_number(at / name) for name in SPEEDS)
        found.append(
            {
                "number": number,
                "threads": threads,
                "package": _number(at / "topology/physical_package_id"),
                "speed": next((speed for speed in speeds if speed is not None), None),
                "slow": number in slow,
            }
        )
    return found


def _allowed(status: str) -> list[int]:
    (line,) = (one for one in status.splitlines() if one.startswith("Cpus_allowed_list:"))
    return _parsed(line.partition(":")[2])


def _numbers(path: Path) -> list[int] | None:
    text = _text(path)
    return None if text is None else _parsed(text)


def _number(path: Path) -> int | None:
    text = _text(path)
    return None if text is None else int(text)


def _text(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:  # not there, or not to be read while a core is offline
        return None


def _parsed(text: str) -> list[int]:
    """`0-2,5` is [0, 1, 2, 5]."""
    numbers: list[int] = []
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


if __name__ == "__main__":
    print(json.dumps(reading()))
