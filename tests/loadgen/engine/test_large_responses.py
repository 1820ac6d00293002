"""An edge is told once: what one read cannot take, or what comes in parts, is not left behind."""

from __future__ import annotations

import socket

import pytest

from loadgen.engine.connection_table import RECV_BYTES
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, Target
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.pipelined import Pipelined
from tests.support.engines import do, running, until, window
from tests.support.loopback import REQUEST, serving


def response(size: int) -> bytes:
    body = bytes(number % 251 for number in range(size))
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, body)


@pytest.mark.parametrize("size", [0, 5_000, RECV_BYTES - 100, RECV_BYTES, 5 * RECV_BYTES])
def test_of_any_length_kept_alive(size: int) -> None:
    whole = response(size)

    def answer(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(whole)

    with (
        serving(answer) as address,
        running(KeepAlive(Target(address, Exchange(REQUEST, whole)))) as engine,
    ):
        do(engine, lambda: engine.want_active(3))
        assert window(engine, 30).errors == {}


HEAD_BYTES = len(response(10_000)) - 10_000


@pytest.mark.parametrize("size", [RECV_BYTES // 4 - HEAD_BYTES, 3 * RECV_BYTES])
@pytest.mark.parametrize("depth", [2, 8])
def test_of_just_what_a_read_takes_and_of_more_pipelined(size: int, depth: int) -> None:
    whole = response(size)

    def answer(connection: socket.socket, _number: int) -> None:
        held = b""
        while data := connection.recv(65_536):
            held += data
            count = len(held) // len(REQUEST)
            held = held[count * len(REQUEST) :]
            connection.sendall(whole * count)

    with (
        serving(answer) as address,
        running(Pipelined(Target(address, Exchange(REQUEST, whole)), depth)) as engine,
    ):
        do(engine, lambda: engine.want_active(2))
        assert window(engine, 60).errors == {}


@pytest.mark.parametrize("cuts", [(20,), (20, 40), (5_000,)])
def test_in_parts_and_then_closed(cuts: tuple[int, ...]) -> None:
    """The last part and the close may come as one event, or the close alone as another."""
    whole = response(10_000)

    def answer(connection: socket.socket, _number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.recv(4_096)
        for start, end in zip((0, *cuts), (*cuts, None), strict=True):
            connection.sendall(whole[start:end])
        connection.close()

    with serving(answer) as address:
        engine: Engine = ConnectionPerRequest(Target(address, Exchange(REQUEST, whole)))
        with running(engine):
            do(engine, lambda: engine.want_active(3))
            assert window(engine, 60).errors == {}


def test_a_close_in_the_middle_is_seen() -> None:
    whole = response(1_000)

    def answer(connection: socket.socket, number: int) -> None:
        connection.recv(4_096)
        connection.sendall(whole[: 500 if number % 2 else None])
        connection.close()

    for kind in (ConnectionPerRequest, KeepAlive):
        with (
            serving(answer) as address,
            running(kind(Target(address, Exchange(REQUEST, whole)))) as engine,
        ):
            do(engine, lambda: engine.want_active(2))
            until(lambda: engine.errors["closed_early"] >= 5, engine)
            assert set(engine.errors) <= {"closed_early", "reset"}
