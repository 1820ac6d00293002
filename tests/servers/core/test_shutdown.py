"""SIGTERM: no new connections, what is in flight ends, exit code 0."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING

import pytest

from servers.core.shutdown import LINGER_S
from tests.support.peer import GET, PATIENCE_S, PERSISTENT, get
from tests.support.server_process import (
    LateError,
    concurrent,
    eventually,
    in_time,
    room_for,
    running,
)

if TYPE_CHECKING:
    from tests.support.server_process import Server


def is_closed(server: Server) -> bool:
    try:
        with server.connect():
            return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_with_nobody_there(own_server: Server, number: signal.Signals) -> None:
    own_server.process.send_signal(number)
    assert own_server.process.wait(PATIENCE_S) == 0
    assert own_server.log() == []


def test_stops_with_idle_connections(own_server: Server) -> None:
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(own_server.connect()) for _ in range(50)]
        assert peers[0].ask()
        peers[0].send(GET[:5])
        assert own_server.stop() == 0


def test_response_in_flight_ends_whole(variant: str) -> None:
    with running(variant, "--grace-ms", "60000") as server, server.connect(4096) as peer:
        assert peer.ask()  # so it is no longer in the accept queue
        peer.send_until_stuck(GET, server.is_asleep)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_closed(server), "the listener is closed at once")
        peer.widen()
        received = peer.rest()
        assert received == PERSISTENT * (len(received) // len(PERSISTENT))
        assert received
        assert server.process.wait(PATIENCE_S) == 0


def test_all_requests_read_before_are_answered(variant: str) -> None:
    """Long responses get stuck, a short one behind them does not: the connection ends after it."""
    with running(variant, "--grace-ms", "60000") as server, server.connect(4096) as peer:
        assert peer.ask()  # so it is no longer in the accept queue
        peer.send(b"GET /bytes/1000000 HTTP/1.1\r\nHost: x\r\n\r\n" * 8 + GET)
        received = peer.take(100)
        eventually(server.is_asleep, "the responses get stuck")
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_closed(server), "the listener is closed at once")
        peer.widen()
        received += peer.rest()
        assert received.count(b"HTTP/1.1 200 OK") == 9
        assert received.endswith(PERSISTENT)
        assert server.process.wait(PATIENCE_S) == 0


def test_unread_requests_destroy_no_response(variant: str) -> None:
    """The response has left the server, but not its kernel: a reset would take it away."""
    with running(variant, "--grace-ms", "60000") as server, server.connect(4096) as peer:
        assert peer.ask()
        peer.send(b"GET /bytes/60000 HTTP/1.1\r\n\r\n")
        received = peer.take(100)
        peer.send((b"GET / HTTP/1.1\r\nX: " + b"a" * 1000 + b"\r\n\r\n") * 38)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_closed(server), "the listener is closed at once")
        head, _, rest = (received + peer.rest()).partition(b"\r\n\r\n")
        assert head.endswith(b"Content-Length: 60000")
        rest = rest[60_000:]
        assert rest == PERSISTENT * (len(rest) // len(PERSISTENT))
        assert server.process.wait(PATIENCE_S) == 0


def test_refusal_that_lingers_is_not_cut_off(variant: str) -> None:
    def attempt() -> None:
        with running(variant, "--grace-ms", "60000") as server, server.connect(4096) as peer:
            assert peer.ask()
            asked = time.monotonic()
            peer.send(b"GET /bytes/60000 HTTP/1.1\r\n\r\nbad\r\n\r\n")
            received = peer.take(100)
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: is_closed(server), "the listener is closed at once")
            peer.send(b"x" * 1000)
            if time.monotonic() - asked > LINGER_S * 0.7:
                raise LateError
            received += peer.rest()
            assert received.count(b"HTTP/1.1 ") == 2
            assert received.endswith(b"Bad Request\n")
            assert server.process.wait(PATIENCE_S) == 0

    in_time(attempt)


@concurrent
def test_who_asks_while_others_end_is_answered_whole_or_not_at_all(variant: str) -> None:
    length = 16_777_216
    request = f"GET /bytes/{length} HTTP/1.1\r\n\r\n".encode()
    flags = ("--grace-ms", "60000", *room_for(variant, 2))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(variant, *flags))
        early, late = (stack.enter_context(server.connect(size)) for size in (4096, 0))
        assert early.ask()
        assert late.ask()
        early.send(request)
        early.take(100)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_closed(server), "the listener is closed at once")
        received = b""
        with contextlib.suppress(ConnectionError):  # it was closed: not at all
            late.send(request)
            received = late.take(1000)
        early.reset()
        received += late.rest() if received else b""
        assert not received or len(received.partition(b"\r\n\r\n")[2]) == length
        assert server.process.wait(PATIENCE_S) == 0


@concurrent
def test_connection_ends_with_its_next_response_while_another_is_in_flight(variant: str) -> None:
    flags = ("--grace-ms", "60000", *room_for(variant, 2))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running(variant, *flags))
        early, late = (stack.enter_context(server.connect(size)) for size in (4096, 0))
        assert early.ask()
        assert late.ask()
        early.send(get("/bytes/16777216"))
        early.take(100)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_closed(server), "the listener is closed at once")
        with contextlib.suppress(ConnectionError):  # it was closed while it was idle: well, too
            late.send(GET)
            assert late.rest() in (PERSISTENT, b"")
        assert server.process.poll() is None, "the other is in flight still"
        early.reset()
        assert server.process.wait(PATIENCE_S) == 0


@concurrent
@pytest.mark.parametrize("version", ["1.0", "1.1"])  # of the other, which closes or stays
def test_who_was_accepted_with_the_signal_is_answered(variant: str, version: str) -> None:
    flags = ("--grace-ms", "60000", *room_for(variant, 2))
    with running(variant, *flags) as server, server.connect() as other:
        assert other.ask()
        eventually(server.is_asleep, "it has answered")
        other.send(f"GET /cpu/500000 HTTP/{version}\r\n\r\n".encode())
        eventually(lambda: not server.is_asleep(), "it computes; a single loop accepts nobody")
        with server.connect() as peer:
            peer.send(GET)
            server.process.send_signal(signal.SIGTERM)
            assert peer.rest() == PERSISTENT
        assert server.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("target", ["/cpu/300000", "/db/300"])
def test_job_in_flight_is_answered(own_server: Server, target: str) -> None:
    with own_server.connect() as peer:
        peer.send(GET + f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert peer.take(len(PERSISTENT)) == PERSISTENT  # so the job is next in line
        own_server.process.send_signal(signal.SIGTERM)
        assert peer.rest() == PERSISTENT
    assert own_server.process.wait(PATIENCE_S) == 0


def test_grace_time_has_an_end(variant: str) -> None:
    with running(variant, "--grace-ms", "100") as server, server.connect(4096) as peer:
        assert peer.ask()  # so it is no longer in the accept queue
        peer.send_until_stuck(GET, server.is_asleep)
        assert server.stop() == 0


def test_second_signal_ends_the_grace_time(variant: str) -> None:
    with running(variant, "--grace-ms", "600000") as server, server.connect(4096) as peer:
        assert peer.ask()  # so it is no longer in the accept queue
        peer.send_until_stuck(GET, server.is_asleep)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_closed(server), "the listener is closed at once")
        assert server.stop() == 0
