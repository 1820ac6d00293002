"""How connections end: at once, and without a state that would spoil the next load."""

from __future__ import annotations

import resource
import socket
import sys
from collections import Counter
from pathlib import Path

import pytest

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import answer_for_ever, answer_once, serving

MANY = 3_000
ALONE = "127.0.0.83"
"""A loopback address of this test's own: a port may still be that of connections which a server
of another test has left open, when its listener is gone."""
LISTEN = "0A"
TIME_WAIT = "06"


def ends(address: tuple[str, int]) -> tuple[Counter[str], Counter[str]]:
    """TCP states of both ends of the connections to this address: (client's, server's)."""
    # As the kernel writes them: the address in the machine's byte order, then the port.
    ip = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    ours = f"{ip:08X}:{address[1]:04X}"
    client: Counter[str] = Counter()
    server: Counter[str] = Counter()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        if remote == ours:
            client[state] += 1
        if local == ours and state != LISTEN:
            server[state] += 1
    return client, server


def room_for(connections: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < connections + 200:
        pytest.skip(f"{hard:,} descriptors")
    if soft < connections + 200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def test_thousands_close_without_a_trace() -> None:
    room_for(MANY)
    # Nobody accepts: the kernel holds the server's ends in the queue.
    with socket.create_server((ALONE, 0), backlog=4_096) as listener:
        address = listener.getsockname()
        with running(KeepAlive(Target(address, EXCHANGE, in_flight=512))) as engine:
            engine.idle_silent = True
            do(engine, lambda: engine.open_idle(MANY))
            until(lambda: engine.gauges().idle_established == MANY, engine)
            # What the kernel tells while others come and go is no snapshot.
            until(lambda: ends(address)[0].total() == MANY, engine)
        assert ends(address) == (Counter(), Counter())


def test_connections_that_are_no_longer_wanted_leave_nothing() -> None:
    with (
        serving(answer_for_ever) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        do(engine, lambda: engine.want_active(30))
        until(lambda: engine.gauges().active_established == 30, engine)
        do(engine, lambda: engine.want_active(0))
        until(lambda: engine.gauges().active_established == 0, engine)
        assert ends(address)[0] == Counter()
        assert engine.errors == {}


def test_a_wrong_answer_leaves_nothing() -> None:
    def wrong(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n")

    with serving(wrong) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(4))
        until(lambda: engine.errors["wrong_answer"] >= 20, engine)
        do(engine, engine.freeze)  # a look at the sockets is no snapshot
        assert ends(address)[0].total() <= 4


def test_a_connection_per_request_leaves_time_wait_to_the_server() -> None:
    with serving(answer_once) as address:
        engine: Engine = ConnectionPerRequest(Target(address, EXCHANGE))
        with running(engine):
            do(engine, lambda: engine.want_active(3))
            until(lambda: engine.response.total() >= 60, engine)
            do(engine, engine.freeze)
        client, server = ends(address)
        assert client[TIME_WAIT] == 0
        assert server[TIME_WAIT] >= 50  # the test can see one
