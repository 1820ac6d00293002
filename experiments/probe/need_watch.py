"""Watches what a server needs, beside it in its pid and network namespaces: `need_watch.py [PORT]`.

Prints who listens there, as JSON, when that changes; `ready` once others can connect to the port;
and then, every EVERY_S, the monotonic clock and the CPU time of its control group, both in ns. The
run reads it all from the log of this container, whose user is the other one's.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from contract.granted import cpu_ns, folder
from experiments.probe.listeners import programs_listeners, takes
from experiments.probe.sock_diag import Listener

READY = "ready"
EVERY_S = 0.25
LOOK_S = 0.05
PROC = Path("/proc")


def await_listening(port: int) -> None:
    """Return when others can connect to the port."""
    before: list[Listener] | None = None
    while True:
        found = programs_listeners()
        if any(one.port == port and takes(one, "") for one in found):
            return
        if found != before:
            print(json.dumps(found), flush=True)
            before = found
        time.sleep(LOOK_S)


def main(arguments: list[str], watched: Path = PROC / "1") -> None:
    """Watch for ever."""
    if arguments:
        await_listening(int(arguments[0]))
    print(READY, flush=True)
    at = folder(watched / "root/sys/fs/cgroup", (watched / "cgroup").read_text())
    while True:
        print(time.perf_counter_ns(), cpu_ns(at), flush=True)
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main(sys.argv[1:])
