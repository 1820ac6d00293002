"""Whether machines can be made here, and if not, why."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import Final

from experiments.images import debootstrap

PROGRAMS: Final = {
    "ip": "iproute2",
    "iptables": "iptables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
"""What is called beside debootstrap, and the package with it."""
FORWARDS: Final = Path("/proc/sys/net/ipv4/ip_forward")


def obstacle() -> str:
    """Why no machine can be made here; empty where it can."""
    if platform.system() != "Linux" or shutil.which("apt-get") is None:
        return "this needs a Debian host (apt-get is not here)"
    if os.geteuid() != 0:
        return "this needs root: `sudo make test-engines`"
    try:
        debootstrap.check_possible(platform.machine())
    except debootstrap.UnavailableError as error:
        return str(error)
    missing = sorted({package for name, package in PROGRAMS.items() if not shutil.which(name)})
    if missing:
        return f"this needs `apt-get install {' '.join(missing)}`"
    if FORWARDS.read_text().strip() != "1":
        return (
            "this host forwards no packets, so a machine in it could fetch no package: "
            "`sysctl net.ipv4.ip_forward=1`"
        )
    return ""
