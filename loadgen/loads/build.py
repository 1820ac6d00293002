"""From the options of a load to its engine, after the server has been verified."""

from __future__ import annotations

import socket

from contract.request import Request
from loadgen.answers.meaning import Meaning
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange
from loadgen.engine.rate_limiter import RateLimiter
from loadgen.engine.source_addresses import SourceAddresses
from loadgen.loads import (
    connection_per_request,
    keep_alive,
    mixed,
    open_connections,
    open_loop,
    pipelined,
    stopping_open_connections,
    stopping_open_loop,
)
from loadgen.loads.kind import KindOfLoad, VerifiedServer
from loadgen.options import Options
from loadgen.verification.errors import OldVersionError, VerificationError
from loadgen.verification.together import ask_together
from loadgen.verification.verify import (
    Terms,
    closing_request,
    keep_alive_request,
    learn,
    learn_all,
)
from loadgen.worker.probe_client import TrialVoid

KINDS: tuple[KindOfLoad, ...] = (
    *(keep_alive.LOAD, pipelined.LOAD, mixed.LOAD, connection_per_request.LOAD),
    *(open_loop.LOAD, open_connections.LOAD),
    *(stopping_open_loop.LOAD, stopping_open_connections.LOAD),
)


def kind_of(options: Options) -> KindOfLoad:
    """Return the one kind of load that serves these options."""
    (kind,) = (kind for kind in KINDS if kind.serves(options))
    return kind


def make_engine(options: Options) -> Engine:
    """Verify the server and build the engine for this kind of load. Raises TrialVoid."""
    try:
        engine = kind_of(options).build(_verified(options))
    except VerificationError as error:
        raise TrialVoid(f"verification failed: {error}", error.spoiled_by) from error
    except OSError as error:
        raise TrialVoid(f"{options.host} cannot be reached: {error}", "server_gone") from error
    engine.pace = RateLimiter(options.pace_per_s)
    engine.sources = SourceAddresses(options.settings.source_addresses, options.worker)
    engine.idle_silent = options.settings.idle == "silent"
    return engine


def _verified(options: Options) -> VerifiedServer:
    """Learn what the server answers. Raises VerificationError, OSError."""
    address = (socket.gethostbyname(options.host), options.port)
    asked, terms = options.asked, options.terms
    if options.persistent:
        exchanges = learn_all(address, [keep_alive_request(one) for one in asked], terms)
        if (depth := options.settings.pipeline_depth) > 1:
            ask_together(address, exchanges[0].request, Meaning(terms.expected), depth)
    else:
        exchanges = _closing(address, asked, terms)
    idle = None
    if options.settings.idle_connections and not options.persistent:  # only the idle ones stay
        idle = learn(address, keep_alive_request(asked[0]), terms)
    return VerifiedServer(address, options, exchanges, idle)


def _closing(
    address: tuple[str, int], asked: tuple[Request, ...], terms: Terms
) -> tuple[Exchange, ...]:
    """As HTTP/1.0 has it; as HTTP/1.1 has it where the server does not speak the old one."""
    try:
        return learn_all(address, [closing_request(one) for one in asked], terms)
    except OldVersionError:
        return learn_all(address, [closing_request(one, old=False) for one in asked], terms)
