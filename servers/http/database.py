"""The blocking resource of the HOWTO's last paragraph: a database, here SQLite on a file.

A query reads its answer from a table, and takes as long as the target says: the function `wait`
stands for the disk, the locks and the network of a database that is not in the same process. The
calling thread is blocked for that time, but leaves the interpreter to others.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sqlite3
import tempfile
import threading
import time

from contract.response import BODY

BUSY_S = 10.0  # for the processes that create the file at the same moment


class Database:
    """One file per server; it is made, by whoever comes first, for the first query."""

    def __init__(self) -> None:
        # Named here, before any fork, so that all workers of a server have the same file.
        name = f"c10k-{os.getpid()}-{time.monotonic_ns()}.sqlite3"
        self._path = os.path.join(tempfile.gettempdir(), name)
        self._connections = threading.local()  # SQLite's are not for two threads at once
        self._opening = threading.Lock()
        atexit.register(_remove, self._path, os.getpid())

    def query(self, milliseconds: int) -> bytes:
        """Ask for the page, in a query that takes so long."""
        connection: sqlite3.Connection | None = getattr(self._connections, "own", None)
        if connection is None:
            with self._opening:
                connection = self._connections.own = self._connect()
        row = connection.execute("SELECT body, wait(?) FROM pages", (milliseconds,)).fetchone()
        return bytes(row[0])

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
        connection.create_function("wait", 1, _wait)
        # Whoever finds the table need not write: writers wait for one another, for up to 0.1 s
        # at a time, and every thread of a pool opens the file as its first query comes.
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchall():
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE IF NOT EXISTS pages (id INTEGER PRIMARY KEY, body)")
            connection.execute("INSERT OR IGNORE INTO pages VALUES (1, ?)", (BODY,))
            connection.execute("COMMIT")
        return connection


def _wait(milliseconds: int) -> int:
    time.sleep(milliseconds / 1000)
    return milliseconds


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:  # a forked worker inherits this function, but not the file
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
