"""Counts a server's system calls per request: `python3 tracing.py SERVER`, in a container.

The server runs here as the child of strace: a process may trace its own children without
any capability, which a container beside it could not. A traced server is many times
slower, so nothing of this enters another figure. What is counted is what the server does
between two moments at which all its connections are open and silent.

Alone in its container, like the probe: it imports the standard library and the contract.
Prints a line of JSON: calls by name for each number of connections.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from contract.ports import SERVER_PORT

TRACE = Path("/tmp/trace")  # noqa: S108 - the container's own
STRACE = ("strace", "-f", "-qq", "-e", "signal=none", "-s", "0", "-o", str(TRACE))
"""What goes before the command of a server; a trial reads the trace from beside (probe.py)."""
REQUEST = b"GET / HTTP/1.1\r\nHost: c10k-lab\r\n\r\n"
ROUNDS = {1: 500, 64: 30}
"""Rounds by connections; in a round each sends a request, and then all are answered."""
LISTEN_S = 20.0
ANSWER_S = 5.0
QUIET_S = 0.3
"""For the server to go back to waiting: a traced call takes some 0.1 ms."""
CALL = re.compile(r"^(?:\d+ +)?(\d+\.\d+) (\w+)\(", re.MULTILINE)
"""Process, time, name; a line `<... NAME resumed>` is the end of one counted before."""


def main() -> None:
    """Trace the server named on the command line and print what was counted."""
    server = (
        "python3",
        "-m",
        "servers",
        sys.argv[1],
        "--host",
        "127.0.0.1",
        "--port",
        str(SERVER_PORT),
    )
    command = (*STRACE, "-ttt", *server)
    process = subprocess.Popen(command, start_new_session=True, stdout=sys.stderr)  # noqa: S603 - the lab's own command
    windows: dict[int, tuple[float, float, str]] = {}
    try:
        for connections, rounds in ROUNDS.items():
            windows[connections] = load(connections, rounds)
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # strace lets it pass to the server
        try:
            process.wait(LISTEN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    print(json.dumps(count(TRACE.read_text(), windows)))


def load(connections: int, rounds: int) -> tuple[float, float, str]:
    """Let all connections ask and be answered; return when, or the reason why not.

    A server that has ended by itself, as one_shot does, refuses the connection.
    """
    with ExitStack() as stack:
        size = 0
        try:
            peers = [stack.enter_context(connect()) for _ in range(connections)]
            for peer in peers:
                peer.sendall(REQUEST)
                size = len(peer.recv(65_536))
            time.sleep(QUIET_S)
            started = time.time()
            for _ in range(rounds):
                for peer in peers:
                    peer.sendall(REQUEST)
                for peer in peers:
                    peer.recv(size, socket.MSG_WAITALL)
            time.sleep(QUIET_S)
        except (TimeoutError, ConnectionError):
            return 0.0, 0.0, f"does not serve {connections} connections at a time"
        else:
            return started, time.time(), ""


def connect() -> socket.socket:
    """A connection to the server, which may only just be starting."""
    deadline = time.monotonic() + LISTEN_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", SERVER_PORT), ANSWER_S)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def count(trace: str, windows: dict[int, tuple[float, float, str]]) -> dict[int, object]:
    """Calls per request by name, most frequent first, for each window."""
    counted: dict[int, Counter[str]] = {connections: Counter() for connections in windows}
    for at, name in CALL.findall(trace):
        for connections, (started, ended, _) in windows.items():
            if started <= float(at) < ended:
                counted[connections][name] += 1
    return {
        connections: {
            "reason": reason,
            "calls_per_request": {
                name: calls / (connections * ROUNDS[connections])
                for name, calls in counted[connections].most_common()
            },
        }
        for connections, (_, _, reason) in windows.items()
    }


if __name__ == "__main__":
    main()
