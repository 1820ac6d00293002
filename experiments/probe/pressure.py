"""How long tasks of the machine have waited for what they lacked, as the kernel counts it.

Pressure stall information: https://docs.kernel.org/accounting/psi.html. A container sees the whole
machine's; a kernel without it (CONFIG_PSI, `psi=0`) has no such files, or refuses to read them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

FOLDER = Path("/proc/pressure")
WORDS = ("cpu", "memory", "io")


def read_pressure(at: Path = FOLDER) -> dict[str, Any]:
    """By field of a sample, the time so far in which some task waited; None: not told."""
    return {f"{word}_pressure_us": _some_us(at / word) for word in WORDS}


def _some_us(path: Path) -> int | None:
    """`some avg10=0.00 avg60=0.00 avg300=0.00 total=1234`, in microseconds."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    (some,) = (line for line in lines if line.startswith("some "))
    return int(some.rpartition("total=")[2])
