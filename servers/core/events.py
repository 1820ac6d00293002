"""What a server tells the outside world: one JSON object per line on standard output, unbuffered.

Nothing is ever printed per request or per connection, so that no variant pays for its log.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import traceback

STDOUT = 1
IDENTITY = ("limit", "error", "where", "pid")  # what makes two events one, whatever their message


class EventLog:
    """Writes the events of one server; safe to call from any thread.

    Events: `listening` when ready; `limit` once per limit that the server meets; `fault` once
    per place in the code for an unexpected exception, which ended one connection and no more;
    `replaced` for each worker process that ended by itself, and whose place is filled again;
    `accepted` for each worker process that was stopped, how many connections it had accepted.
    """

    def __init__(self, server: str, fd: int = STDOUT) -> None:
        self._server = server
        self._fd = fd
        self._lock = threading.Lock()
        self._told: set[tuple[str | int | None, ...]] = set()

    def listening(self, port: int, backlog: int) -> None:
        """Tell that connections are now accepted on `port`, with an accept queue of `backlog`."""
        self._write(
            event="listening", server=self._server, port=port, backlog=backlog, pid=os.getpid()
        )

    def limit(self, limit: str, value: int, message: str) -> None:
        """Tell, once, that the server has met a limit (`nofile`, `threads`, `FD_SETSIZE`, ...)."""
        self._write_once(event="limit", limit=limit, value=value, message=message)

    def fault(self, error: BaseException) -> None:
        """Tell, once per place that raised it, that an exception has ended a connection."""
        frame = traceback.extract_tb(error.__traceback__)[-1:]
        where = f"{os.path.basename(frame[0].filename)}:{frame[0].lineno}" if frame else "?"
        self._write_once(event="fault", error=type(error).__name__, where=where, message=str(error))

    def replaced(self, pid: int, how: str) -> None:
        """Tell that a worker has ended by itself, how, and that another takes its place."""
        self._write(event="replaced", pid=pid, how=how)

    def accepted(self, connections: int) -> None:
        """Tell how many connections this process has accepted, when it is stopped."""
        self._write(event="accepted", pid=os.getpid(), connections=connections)

    def relay(self, line: bytes) -> None:
        """Tell what a worker process has told of, unless it is known."""
        self._write_once(**json.loads(line))

    def _write_once(self, **event: str | int) -> None:
        key = tuple(event.get(name) for name in IDENTITY)
        with self._lock:
            known = key in self._told
            self._told.add(key)
        if not known:
            self._write(**event)

    def _write(self, **event: str | int) -> None:
        line = json.dumps(event).encode() + b"\n"
        # Whoever read the log may be gone; the clients are not, and nobody is left to be told.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._fd, line)  # one unbuffered write: lines of two threads never mix
