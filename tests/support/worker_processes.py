"""Servers of several processes on one port, and what these are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from tests.support.server_process import Server

COUNT = 2
WORKERS = ("--workers", str(COUNT))
SHARED = [
    ("prefork",),
    ("prefork_epoll", "--epoll-exclusive", "on"),
    ("prefork_epoll", "--epoll-exclusive", "off"),
]
ALL = [*SHARED, ("reuseport_epoll",)]


def workers(server: Server) -> list[int]:
    return server.processes()[1:]


def has_ended(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has reaped yet has ended as well."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def query(milliseconds: int) -> bytes:
    return b"GET /db/%d HTTP/1.1\r\nHost: lab\r\n\r\n" % milliseconds
