"""The lab's servers as they are known from here: their names, and why some cannot be loaded."""

from __future__ import annotations

import json
import os
import socket

import gevent

RESOLVE_S = 3.0
"""Docker answers for what runs at once, and asks others only about names that it does not know."""


def known_servers() -> list[str]:
    """Names of the lab's servers that can be reached from here, from C10K_SERVERS."""
    return os.environ.get("C10K_SERVERS", "").split()


def unavailable() -> dict[str, str]:
    """Why servers cannot run on this machine, by name, from C10K_UNAVAILABLE."""
    found: dict[str, str] = json.loads(os.environ.get("C10K_UNAVAILABLE") or "{}")
    return found


def first() -> str:
    """The server that is loaded when none is chosen; empty: there is none."""
    return next((name for name in known_servers() if name not in unavailable()), "")


def absence(server: str) -> str:
    """Why a server cannot be loaded now: it has ended; empty: it runs.

    A container that has ended has no name in its network any more. The server itself is not asked:
    one that serves a single connection would be over.
    """
    try:
        with gevent.Timeout(RESOLVE_S):
            socket.gethostbyname(server)
    except (OSError, gevent.Timeout):
        return (
            f"{server} does not run: it has ended, or was never started; "
            "to start all servers anew: make down, then make ui"
        )
    return ""
