"""Commands to a load engine, from Locust's hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent

from loadgen.engine.engine import Engine
from loadgen.worker.probe_client import TrialVoid


def call(engine: Engine, command: Callable[[], Any]) -> Any:
    """Have the engine carry out `command`, without blocking Locust's hub."""
    ticket = engine.call(command)
    while not ticket.done:
        if engine.finished:
            raise TrialVoid(f"the load engine ended: {engine.failure!r}")
        gevent.sleep(0.001)
    return ticket.value
