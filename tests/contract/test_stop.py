"""SIGTERM: no new connections, what is in flight ends, exit code 0."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

import pytest

from tests.contract.harness import eventually, running
from tests.contract.peer import GET, PERSISTENT

if TYPE_CHECKING:
    from tests.contract.harness import Server


def is_closed(server: Server) -> bool:
    try:
        with server.connect():
            return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_with_nobody_there(own_server: Server, number: signal.Signals) -> None:
    own_server.process.send_signal(number)
    assert own_server.process.wait(10) == 0
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
        received = peer.rest()
        assert received == PERSISTENT * (len(received) // len(PERSISTENT))
        assert received
        assert server.process.wait(10) == 0


def test_all_requests_read_before_are_answered(variant: str) -> None:
    """Long responses get stuck, a short one behind them does not: the connection ends after it."""
    with running(variant, "--grace-ms", "60000") as server, server.connect(4096) as peer:
        assert peer.ask()  # so it is no longer in the accept queue
        peer.send(b"GET /bytes/1000000 HTTP/1.1\r\nHost: x\r\n\r\n" * 8 + GET)
        received = peer.take(100)
        eventually(server.is_asleep, "the responses get stuck")
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: is_closed(server), "the listener is closed at once")
        received += peer.rest()
        assert received.count(b"HTTP/1.1 200 OK") == 9
        assert received.endswith(PERSISTENT)
        assert server.process.wait(10) == 0


@pytest.mark.parametrize("target", ["/cpu/300000", "/db/300"])
def test_job_in_flight_is_answered(own_server: Server, target: str) -> None:
    with own_server.connect() as peer:
        peer.send(GET + f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert peer.take(len(PERSISTENT)) == PERSISTENT  # so the job is next in line
        own_server.process.send_signal(signal.SIGTERM)
        assert peer.rest() == PERSISTENT
    assert own_server.process.wait(10) == 0


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
