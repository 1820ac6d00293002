"""Which variants can run on this machine: each is really started, asked once and stopped.

A variant may lack a system call, a module, or the right to start as many threads as it wants. So
nothing is concluded from what is there: `python -m servers NAME` does on loopback what it will do
when it is loaded, and what it says when it gives up is the reason.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from servers.registry import names

COMMAND = (sys.executable, "-m", "servers")
PATIENCE_S = 20.0  # for each step, on a busy machine; a self-test has 5
LOOK_S = 0.02
AT_ONCE = 4  # most of a start is waiting
LOG_BYTES = 65_536
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
SERVED = (b"HTTP/1.0 200", b"HTTP/1.1 200")


def check(variants: Iterable[str]) -> dict[str, str]:
    """Return why each server cannot run here, by name; an empty reason: it can."""
    wanted = list(variants)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(wanted, pool.map(why_not, wanted), strict=True))


def main() -> None:
    """Print as JSON why each variant cannot run here."""
    print(json.dumps(check(names())))


def why_not(name: str) -> str:
    """Start a server, have it serve a request, stop it; return why that failed, if it did."""
    command = (*COMMAND, name, "--host", "127.0.0.1", "--port", "0")
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its workers can be ended with it
        )
        try:
            return _try(server, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _try(server: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while (port := _port(log)) is None:
        if server.poll() is not None:
            return _ending(server.returncode, log)
        if time.monotonic() > deadline:
            return f"it did not listen within {PATIENCE_S:.0f} s"
        time.sleep(LOOK_S)
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as client:
            client.sendall(REQUEST)
            answer = client.recv(len(SERVED[0]))
    except OSError as error:
        return f"it listened, but did not answer ({error}): {_last(log)}"
    if answer not in SERVED:
        return f"it answered {answer!r}: {_last(log)}"
    server.terminate()  # one that serves a single request ends by itself
    try:
        code = server.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"it did not stop within {PATIENCE_S:.0f} s of SIGTERM"
    # One that was just ending by itself no longer handles the signal, and stops by it all the same.
    return "" if code in (0, -signal.SIGTERM) else _ending(code, log)


def _ending(code: int, log: IO[bytes]) -> str:
    """A server that gives up says why in its last line."""
    return _last(log).removeprefix("error: ") or f"it ended with {code}"


def _lines(log: IO[bytes]) -> list[str]:
    """What it has printed, without half a line at the end."""
    text = os.pread(log.fileno(), LOG_BYTES, 0).decode(errors="replace")
    return text[: text.rfind("\n") + 1].splitlines()


def _last(log: IO[bytes]) -> str:
    return next(reversed(_lines(log)), "")


def _port(log: IO[bytes]) -> int | None:
    """Where it listens, as soon as it has said so."""
    for line in _lines(log):
        if line.startswith("{") and (event := json.loads(line))["event"] == "listening":
            return int(event["port"])
    return None


if __name__ == "__main__":
    main()
