"""Tools that others wrote: how each is started, and how its figures are read.

wrk, ab and httperf load; ss and nstat read the kernel's tables; strace counts system calls.
All are Debian's. httperf is an open loop: its connections begin when they are due, whatever
became of those before, so what it tells is corrected by its nature.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from contract.exits import LabError
from contract.ports import SERVER_PORT
from contract.settings.trial import Settings

URL = f"http://127.0.0.1:{SERVER_PORT}"
WINDOW_S = 3
OPEN_RATE_PER_S = 100
OPEN_WINDOW_S = 8
BUSY_US = 100
"""Computing of a request in the closed loops: so much that the server is what bounds them. Where
the generator's core is used up, its rate and its queue are its own (`make bench-loadgen`)."""
WORK_US = 5_000
"""Computing of a request in the open loop: half of the rate's time, so that some have to queue."""
FILLING = 20
"""Silent connections: more than the queue of the server with a short backlog holds."""
BACKLOG = 5
US = {"us": 1.0, "ms": 1e3, "s": 1e6}

RATE, MEDIAN, P99, MEAN = "requests/s", "median, us", "p99, us", "mean, us"
FAILED = "failed"
COLUMNS = {
    RATE: "requests_per_s",
    MEDIAN: "response_p50_us",
    P99: "response_p99_us",
    MEAN: "response_mean_us",
    FAILED: "errors",
}
"""Where the lab's own figure stands in trials.csv."""


@dataclass(frozen=True, slots=True)
class Loader:
    """A generator: the trial that it repeats, its command, and how to read what it prints."""

    name: str
    settings: Settings
    command: tuple[str, ...]
    read: Callable[[str], dict[str, float]]


def read_wrk(output: str) -> dict[str, float]:
    """Rate and percentiles of `wrk --latency`."""
    figures = {RATE: float(_found(r"Requests/sec:\s+([\d.]+)", output)[0])}
    for name, percent in ((MEDIAN, "50%"), (P99, "99%")):
        value, unit = _found(rf"^\s+{percent}\s+([\d.]+)(us|ms|s)\s*$", output)
        figures[name] = float(value) * US[unit]
    figures[FAILED] = _sum(r"Socket errors:(.*)|Non-2xx or 3xx responses:(.*)", output)
    return figures


def read_ab(output: str) -> dict[str, float]:
    """Rate, and the percentiles of the table that `-e` writes, in thousandths of a ms."""
    figures = {RATE: float(_found(r"Requests per second:\s+([\d.]+)", output)[0])}
    for name, percent in ((MEDIAN, 50), (P99, 99)):
        figures[name] = float(_found(rf"^{percent},([\d.]+)$", output)[0]) * 1e3
    figures[FAILED] = _sum(r"^Failed requests:(.*)|^Non-2xx responses:(.*)", output)
    return figures


def read_httperf(output: str) -> dict[str, float]:
    """Rate of replies, and mean life of a connection, in tenths of a ms."""
    replies, seconds = _found(r"replies (\d+) test-duration ([\d.]+) s", output)
    (mean_ms,) = _found(r"Connection time \[ms\]: min [\d.]+ avg ([\d.]+)", output)
    failed = _sum(r"^Errors: total(.*?) client|^Reply status: 1xx=\d+ 2xx=\d+(.*)", output)
    return {RATE: int(replies) / float(seconds), MEAN: float(mean_ms) * 1e3, FAILED: failed}


def read_ss(output: str) -> tuple[int, int]:
    """Depth and limit of the accept queue: Recv-Q and Send-Q of the listener."""
    depth, limit = _found(rf"^LISTEN\s+(\d+)\s+(\d+)\s+\S*:{SERVER_PORT}\s", output)
    return int(depth), int(limit)


def read_nstat(output: str) -> dict[str, int]:
    """Counters by the kernel's names, with the protocol in front."""
    found = re.findall(r"^(\w+)\s+(\d+)\s+[\d.]+\s*$", output, re.MULTILINE)
    if not found:
        raise LabError(f"nstat printed no counters:\n{output[-500:]}")
    return {name: int(value) for name, value in found}


def read_strace(output: str) -> dict[str, int]:
    """Calls by name, of the table that `strace -c` prints: % seconds usecs calls [errors] name."""
    row = r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$"
    found = re.findall(row, output, re.MULTILINE)
    if not found:
        raise LabError(f"strace printed no table:\n{output[-500:]}")
    return {name: int(calls) for calls, name in found if name != "total"}


def _sum(pattern: str, output: str) -> float:
    """All numbers in what is found, wherever it is; 0 where a tool says nothing of it."""
    found = re.findall(pattern, output, re.MULTILINE)
    texts = [part for parts in found for part in parts]
    return float(sum(int(number) for text in texts for number in re.findall(r"\b\d+\b", text)))


def _found(pattern: str, output: str) -> tuple[str, ...]:
    match = re.search(pattern, output, re.MULTILINE)
    if match is None:
        raise LabError(f"nothing like {pattern!r} in:\n{output[-500:]}")
    return match.groups()


BUSY = f"/cpu/{BUSY_US}"
LOADERS = (
    Loader(
        "wrk, 64 keep-alive",
        Settings(path=BUSY, window_s=WINDOW_S),
        ("wrk", "-t1", "-c64", f"-d{WINDOW_S}s", "--latency", f"{URL}{BUSY}"),
        read_wrk,
    ),
    *(
        Loader(
            f"ab -c 100, backlog {backlog}",
            Settings(
                server="iterative",
                load="connection_per_request",
                path=BUSY,
                active_connections=100,
                backlog=backlog,
                # ab counts from its first SYN. Some two seconds on, an iterative server begins to
                # wait for clients whose lost request has yet to be sent again, and is slower.
                warm_up_s=0.0,
                window_s=WINDOW_S,
            ),
            (
                *("ab", "-q", "-c", "100", "-t", str(WINDOW_S), "-n", "1000000"),
                *("-e", "/dev/stdout", f"{URL}{BUSY}"),
            ),
            read_ab,
        )
        for backlog in (BACKLOG, 128)
    ),
    Loader(
        f"httperf, {OPEN_RATE_PER_S}/s Poisson",
        Settings(
            server="iterative",
            load="open_connections",
            path=f"/cpu/{WORK_US}",
            rate_per_s=OPEN_RATE_PER_S,
            active_connections=100,
            window_s=OPEN_WINDOW_S,
        ),
        (
            *("httperf", "--hog", "--server", "127.0.0.1", "--port", str(SERVER_PORT)),
            *("--uri", f"/cpu/{WORK_US}", "--http-version=1.0"),
            *("--period", f"e{1 / OPEN_RATE_PER_S}"),
            *("--num-conns", str(OPEN_RATE_PER_S * OPEN_WINDOW_S), "--num-calls", "1"),
        ),
        read_httperf,
    ),
)

SS = ("ss", "--listening", "--tcp", "--numeric", "--no-header")
NSTAT = ("nstat", "--zeros", "--noupdate", "--ignore")
SAMPLE = (
    *("python3", "-c"),
    "import json; from contract.result.document import to_json; "
    "from experiments.probe import probe; "
    f"print(json.dumps(to_json(probe.sample({SERVER_PORT}, ['0']))))",
)
"""The lab's own reading, by the code that reads it in a trial."""
FILLED = "filled"
FILL = (
    *("python3", "-c"),
    f"""
import socket, time
held = [socket.socket() for _ in range({FILLING})]
for one in held:
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", {SERVER_PORT}))
print("{FILLED}", flush=True)
time.sleep(60)
""",
)
COUNTERS = {
    "ListenOverflows": ("TcpExtListenOverflows", "listen_overflows"),
    "ListenDrops": ("TcpExtListenDrops", "listen_drops"),
    "RetransSegs": ("TcpRetransSegs", "retransmits"),
    "OutSegs": ("TcpOutSegs", "segments_out"),
}
"""Names of nstat and of the probe."""
CALLS = ("epoll_wait", "read", "write")
REQUESTS = (1_000, 2_000)
"""Counted twice, so that start and end of the server fall out of the difference."""
STRACED = """
set -e
strace -f -c -o /tmp/calls python3 -m servers {server} --host 127.0.0.1 --port {port} >&2 &
tracer=$!
python3 - <<'END'
import os, signal, socket, sys, time
deadline = time.monotonic() + 20
while True:
    try:
        peer = socket.create_connection(("127.0.0.1", {port}), 5)
        break
    except ConnectionRefusedError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.05)
for _ in range({requests}):
    peer.sendall(b"GET / HTTP/1.1\\r\\nHost: c10k-lab\\r\\n\\r\\n")
    if not peer.recv(65536):
        sys.exit("closed")
peer.close()
END
kill -TERM $(cat /proc/$tracer/task/$tracer/children)
wait $tracer
cat /tmp/calls
"""
"""A shell's work: the server under `strace -c`, so many requests on one connection, the table."""


def straced(server: str, requests: int) -> tuple[str, ...]:
    """The command that prints the table of a server that has answered so many requests."""
    script = STRACED.format(server=server, port=SERVER_PORT, requests=requests)
    return ("sh", "-c", script)
