"""Every kind of load, made for one exchange."""

from __future__ import annotations

from collections.abc import Callable

from contract.mix import Kind
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, Target
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.mix import Mix
from loadgen.loads.mixed import Mixed
from loadgen.loads.open_connections import OpenConnections
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.pipelined import Pipelined
from loadgen.loads.schedule import schedule

Make = Callable[[tuple[str, int], Exchange], Engine]


def arrivals() -> Arrivals:
    return Arrivals(schedule("fixed", 200.0))


def mixed(address: tuple[str, int], exchange: Exchange) -> Engine:
    kinds = (Kind("/", 0.5), Kind("/b", 0.5))
    return Mixed(Target(address, exchange), Mix(kinds, (exchange, exchange)))


PERSISTENT: dict[str, Make] = {
    "keep_alive": lambda address, exchange: KeepAlive(Target(address, exchange)),
    "pipelined": lambda address, exchange: Pipelined(Target(address, exchange), 4),
    "mixed": mixed,
    "open_loop": lambda address, exchange: OpenLoop(Target(address, exchange), arrivals()),
}
BRIEF: dict[str, Make] = {
    "connection_per_request": lambda address, exchange: ConnectionPerRequest(
        Target(address, exchange, exchange)
    ),
    "open_connections": lambda address, exchange: OpenConnections(
        Target(address, exchange, exchange), arrivals()
    ),
}
EVERY = PERSISTENT | BRIEF
