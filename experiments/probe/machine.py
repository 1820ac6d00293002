"""What the probe reads of the machine that the server is on: its kernel, cores and counters."""

from __future__ import annotations

import os
import platform
import resource
from pathlib import Path
from typing import Any

from contract.result.server_side import Environment
from contract.sysctls import READ
from experiments.probe.processes import PROC


def environment() -> Environment:
    """The machine as a container sees it: kernel, processor, limits, sysctls."""
    return Environment(
        kernel=platform.release(),
        kernel_version=platform.version(),
        architecture=platform.machine(),
        python=platform.python_version(),
        cpu_model=_cpu_model(),
        cores=os.cpu_count(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        memory_available_bytes=meminfo("MemAvailable"),
        cgroup_version=2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
        clock_source=_text(
            Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        ),
        ulimits={
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
            for name in ("nofile", "nproc", "stack", "memlock", "sigpending")
        },
        clock_ticks=os.sysconf("SC_CLK_TCK"),
        sysctls={name: _text(PROC / "sys" / name) for name in READ},
    )


def tcp_counters() -> dict[str, Any]:
    """Counters of the network namespace that the server is in, since that came to be."""
    counters: dict[str, int] = {}
    for name in ("net/snmp", "net/netstat"):
        lines = (PROC / name).read_text().splitlines()
        for keys, values in zip(lines[::2], lines[1::2], strict=True):
            prefix = keys.split(":", 1)[0]
            if prefix in ("Tcp", "TcpExt"):
                counters.update(zip(keys.split()[1:], map(int, values.split()[1:]), strict=True))
    return {
        "listen_overflows": counters["ListenOverflows"],
        "listen_drops": counters["ListenDrops"],
        "retransmits": counters["RetransSegs"],
        "resets": counters["OutRsts"],
        "segments_out": counters["OutSegs"],
    }


def kernel_socket_bytes() -> int:
    """Memory of the buffers of all TCP sockets."""
    for line in (PROC / "net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE")
    raise RuntimeError("/proc/net/sockstat has no TCP line")


def meminfo(name: str) -> int:
    """An entry of /proc/meminfo, in bytes."""
    for line in (PROC / "meminfo").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1_024
    raise RuntimeError(f"/proc/meminfo has no {name} line")


def cores_cpu(cores: list[str]) -> dict[str, Any]:
    """Ticks of the cores that the trial uses: idle, and stolen.

    What was busy is what is left. Kernels count idle time to the nanosecond, but find busy time
    by looking at each timer tick: a server that wakes with the ticks, as under fixed arrivals,
    would seem to be always busy.
    """
    idle = stolen = 0
    for line in (PROC / "stat").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if name.removeprefix("cpu") in cores:
            _user, _nice, _system, resting, iowait, _irq, _softirq, steal = map(
                int, rest.split()[:8]
            )
            idle += resting + iowait
            stolen += steal
    return {"idle_ticks": idle, "steal_ticks": stolen, "measured_cores": tuple(cores)}


def _text(path: Path) -> str | None:
    """None where this kernel or this namespace has no such file."""
    try:
        return path.read_text().strip()
    except (FileNotFoundError, PermissionError):
        return None


def _cpu_model() -> str:
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
