"""From the knobs of a load to its engine, after the server has been verified."""

from __future__ import annotations

import socket

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange
from loadgen.engine.rate_limiter import RateLimiter
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.mix import Mix, parse_mix
from loadgen.loads.mixed import Mixed
from loadgen.loads.open_connections import OpenConnections
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.pipelined import Pipelined
from loadgen.loads.schedule import schedule
from loadgen.options import Options
from loadgen.verification.verify import (
    Expected,
    VerificationError,
    closing_request,
    keep_alive_request,
    learn,
)
from loadgen.worker.probe_client import TrialVoid


def make_engine(options: Options) -> Engine:
    """Verify the server and build the engine for this kind of load. Raises TrialVoid."""
    try:
        engine = _engine(options)
    except VerificationError as error:
        raise TrialVoid(f"verification failed: {error}", error.spoiled_by) from error
    except OSError as error:
        raise TrialVoid(f"{options.host} cannot be reached: {error}", "server_gone") from error
    engine.pace = RateLimiter(options.connect_pace_per_s)
    engine.idle_silent = options.idle == "silent"
    return engine


def _engine(options: Options) -> Engine:
    address = (socket.gethostbyname(options.host), options.port)
    kinds = parse_mix(options.path)
    # Several paths have several bodies: each has to stay what it is.
    body = options.expect_body.encode() if len(kinds) == 1 else b""
    expected = Expected(options.expect_status, body or None, options.listen_s)
    request = keep_alive_request if options.persistent else closing_request
    exchanges = [learn(address, request(kind.path), expected) for kind in kinds]
    first = exchanges[0]
    if len(kinds) > 1:
        return Mixed(
            address, Mix(kinds, tuple(exchanges), options.mix_seed), in_flight=options.in_flight
        )
    if options.pipeline_depth > 1:
        return Pipelined(address, first, options.pipeline_depth, in_flight=options.in_flight)
    if options.load == "keep_alive":
        return KeepAlive(address, first, in_flight=options.in_flight)
    if options.load == "open_loop":
        return OpenLoop(address, first, _arrivals(options), in_flight=options.in_flight)
    idle: Exchange | None = None
    if options.idle_connections:  # only these have to stay
        idle = learn(address, keep_alive_request(kinds[0].path), expected)
    if options.load == "connection_per_request":
        return ConnectionPerRequest(address, first, idle, options.in_flight)
    return OpenConnections(address, first, _arrivals(options), idle, options.in_flight)


def _arrivals(options: Options) -> Arrivals:
    return Arrivals(
        schedule(
            options.arrivals, options.rate_per_s, options.seed, options.worker, options.workers
        )
    )
