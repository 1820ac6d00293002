"""An engine under test: started, commanded, waited for and ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from contract.expected import Expected
from loadgen.answers.meaning import Meaning
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, WindowCounts
from tests.support.loopback import REQUEST, RESPONSE

EXCHANGE = Exchange(REQUEST, RESPONSE)
FRAMED = Exchange(REQUEST, RESPONSE, meaning=Meaning(Expected()))
CHECKED = {"exact": EXCHANGE, "framing": FRAMED}
"""The same, and how its answers are checked."""
PATIENCE_S = 60.0


def until(condition: Callable[[], bool], engine: Engine) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert engine.failure is None
        assert time.monotonic() < deadline, f"not reached: {engine.gauges()} {engine.errors}"
        time.sleep(0.002)


def do(engine: Engine, command: Callable[[], Any]) -> Any:
    ticket = engine.call(command)
    until(lambda: ticket.done, engine)
    return ticket.value


@contextmanager
def running(engine: Engine) -> Iterator[Engine]:
    engine.start()
    try:
        yield engine
    finally:
        do(engine, engine.close)
        until(lambda: engine.finished, engine)


def window(engine: Engine, responses: int = 50, covered: int = 1) -> WindowCounts:
    """A window with so many responses, on so many of the connections: the server has a thread
    for each, and one may start late."""
    do(engine, engine.open_window)
    until(lambda: engine.response.total() >= responses and engine._covered() >= covered, engine)
    frozen: WindowCounts = do(engine, engine.freeze)
    return frozen
