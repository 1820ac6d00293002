"""The probe: reads `/proc` beside the server and answers each datagram with a sample.

It runs in its own container in the server's pid and network namespaces, as the
server's user, without any capability, and alone there: the standard library
only, and nothing of the lab imported. It sleeps in recv until it is asked, so
that it costs the trial nothing between samples; only the accept queue is looked
at in between, WATCH_HZ times a second, once a sample named `open` was asked for.

Counters are raw: the reader subtracts. CPU time is the server's own cgroup's,
which also counts threads and children that have ended.
"""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import socket
import sys
import time
from pathlib import Path

PORT = 8079
WATCH_HZ = 20
PROC = Path("/proc")
SYSCTLS = (
    "net/core/somaxconn",
    "net/core/netdev_max_backlog",
    "net/ipv4/tcp_max_syn_backlog",
    "net/ipv4/tcp_abort_on_overflow",
    "net/ipv4/tcp_syncookies",
    "net/ipv4/tcp_syn_linear_timeouts",
    "net/ipv4/tcp_syn_retries",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/tcp_tw_reuse",
    "net/ipv4/tcp_fin_timeout",
    "net/ipv4/tcp_max_tw_buckets",
    "net/ipv4/tcp_congestion_control",
    "net/ipv4/tcp_rmem",
    "net/ipv4/tcp_wmem",
    "net/ipv4/tcp_mem",
    "net/bridge/bridge-nf-call-iptables",
    "fs/file-max",
    "fs/nr_open",
    "kernel/pid_max",
    "kernel/threads-max",
    "vm/max_map_count",
)
TABLES = [path for path in (PROC / "net/tcp", PROC / "net/tcp6") if path.exists()]
"""Some servers listen on IPv6 for both: what reaches them by IPv4 is in the second."""
TCP_LISTEN = "0A"
MOST_THREADS = 128
"""Reading each thread of thousands would take the load's core from it."""


def sample(server_port: int, cores: list[str]) -> dict[str, object]:
    """One reading: monotonic ns, the server's processes, kernel counters."""
    return {
        "at_ns": time.perf_counter_ns(),
        "cpu_ns": _cgroup_cpu_ns(),
        **_processes(),
        **_tcp_counters(),
        "accept_queue": _accept_queue(server_port),
        "kernel_socket_bytes": _kernel_socket_bytes(),
        "kernel_slab_bytes": _kernel_slab_bytes(),
        **_cores_cpu(cores),
    }


def environment() -> dict[str, object]:
    """The machine as a container sees it: kernel, processor, limits, sysctls."""
    return {
        "kernel": platform.release(),
        "kernel_version": platform.version(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "cpu_model": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "cgroup_version": 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
        "clock_source": _text(
            Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        ),
        "ulimits": {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))
            for name in ("nofile", "nproc", "stack", "memlock", "sigpending")
        },
        "clock_ticks": os.sysconf("SC_CLK_TCK"),
        "sysctls": {name: _text(PROC / "sys" / name) for name in SYSCTLS},
    }


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


def _cgroup_cpu_ns() -> int:
    """CPU time of the server's cgroup, seen through its init process's root."""
    root = PROC / "1/root/sys/fs/cgroup"
    for name in ("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage"):
        if text := _text(root / name):
            return int(text)
    for line in (root / "cpu.stat").read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == "usage_usec":
            return int(value) * 1_000
    raise RuntimeError("no CPU accounting in the server's cgroup")


def _processes() -> dict[str, int | None]:
    """Sums over the server's processes. Context switches: None with too many threads."""
    totals = dict.fromkeys(("processes", "threads", "rss_bytes", "fds", "context_switches"), 0)
    own = os.getpid()
    for entry in os.scandir(PROC):
        if entry.name.isdigit() and int(entry.name) != own:
            try:
                _add_process(PROC / entry.name, totals)
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue  # ended while it was being read; the dead show nobody their descriptors
    if totals["threads"] > MOST_THREADS:
        return {**totals, "context_switches": None}
    return {**totals}


def _add_process(path: Path, totals: dict[str, int]) -> None:
    status = dict(
        line.split(":", 1) for line in (path / "status").read_text().splitlines() if ":" in line
    )
    fds = len(os.listdir(path / "fd"))
    totals["processes"] += 1
    totals["threads"] += int(status["Threads"])
    totals["rss_bytes"] += int(status.get("VmRSS", "0 kB").split()[0]) * 1_024
    totals["fds"] += fds
    if int(status["Threads"]) <= MOST_THREADS:
        for task in os.scandir(path / "task"):
            for line in Path(task.path, "status").read_text().splitlines():
                if "ctxt_switches" in line:
                    totals["context_switches"] += int(line.split()[1])


def _tcp_counters() -> dict[str, int]:
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


def _accept_queue(port: int) -> int:
    """Depth of the accept queues on `port`, summed; listeners stand first in the table."""
    depth = 0
    for path in TABLES:
        with open(path) as table:
            next(table)
            for line in table:
                fields = line.split(maxsplit=5)
                if fields[3] != TCP_LISTEN:
                    break
                if int(fields[1].rpartition(":")[2], 16) == port:
                    depth += int(fields[4].rpartition(":")[2], 16)
    return depth


def _established(port: int) -> int:
    """Established connections of the server's end: those it holds and those in its queue."""
    ours = re.compile(rb": [0-9A-F]{8,32}:%04X [0-9A-F]{8,32}:[0-9A-F]{4} 01 " % port)
    return sum(len(ours.findall(path.read_bytes())) for path in TABLES)


def _kernel_socket_bytes() -> int:
    for line in (PROC / "net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE")
    raise RuntimeError("/proc/net/sockstat has no TCP line")


def _kernel_slab_bytes() -> int:
    """Objects of the whole kernel, sockets among them: only its growth tells something."""
    for line in (PROC / "meminfo").read_text().splitlines():
        if line.startswith("Slab:"):
            return int(line.split()[1]) * 1_024
    raise RuntimeError("/proc/meminfo has no Slab line")


def _cores_cpu(cores: list[str]) -> dict[str, object]:
    """Ticks of the cores that the trial uses: busy (without steal), and stolen."""
    busy = stolen = 0
    for line in (PROC / "stat").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if name.removeprefix("cpu") in cores:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, rest.split()[:8])
            busy += user + nice + system + irq + softirq
            stolen += steal
    return {"busy_ticks": busy, "steal_ticks": stolen, "measured_cores": cores}


def serve(server_port: int, cores: list[str]) -> None:
    """Answer datagrams `WORD NUMBER` for ever, each with a sample and its number.

    `environment` is answered with that instead; `gate` adds the established
    connections; `open` and `close` bound a window.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("0.0.0.0", PORT))  # noqa: S104 - the pod's own namespace; nothing is published
    deepest: int | None = None
    while True:
        try:
            question, peer = sock.recvfrom(256)
        except TimeoutError:
            deepest = max(deepest or 0, _accept_queue(server_port))
            continue
        word, _, number = question.partition(b" ")
        if word == b"environment":
            answer = environment()
        else:
            answer = sample(server_port, cores)
            deepest = max(deepest or 0, _accept_queue(server_port))
            answer["accept_queue_max"] = deepest
            if word == b"gate":
                # Reads the whole table, 20 ms with 10,000 connections: not in a window.
                answer["server_established"] = _established(server_port)
            elif word == b"open":
                deepest = 0
                sock.settimeout(1 / WATCH_HZ)
            elif word == b"close":
                sock.settimeout(None)
        answer["asked"] = int(number or 0)
        sock.sendto(json.dumps(answer).encode(), peer)


if __name__ == "__main__":
    if sys.argv[1] == "environment":
        print(json.dumps(environment()))
    else:
        serve(int(sys.argv[1]), sys.argv[2:])
