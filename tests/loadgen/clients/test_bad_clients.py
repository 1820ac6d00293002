"""Slow readers, slow writers and clients that vanish: they do it, and are counted by themselves."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from loadgen.clients import bad_clients
from loadgen.clients.bad_clients import ASK_LONG, HALF, TICK_S, BadClients
from loadgen.clients.trickle_and_churn import START
from tests.support.loopback import REQUEST, serving, unused_address

LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n" + b"x" * 16_777_216


def tick_until(clients: BadClients, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, clients.gauges()
        clients.tick(time.monotonic())
        time.sleep(TICK_S)


def test_slow_readers_leave_the_server_with_most_of_the_response() -> None:
    unsent: list[int] = []

    def answer(connection: socket.socket, _number: int) -> None:
        assert connection.recv(4_096) == ASK_LONG
        connection.settimeout(1.0)
        sent = 0
        try:
            while sent < len(LONG):
                sent += connection.send(LONG[sent : sent + 65_536])
        except TimeoutError:
            unsent.append(len(LONG) - sent)
        time.sleep(20)

    with serving(answer) as address, closing(BadClients(address, readers=5)) as clients:
        tick_until(clients, lambda: clients.established and len(unsent) == 5)
        assert clients.gauges() == {"slow_readers": 5, "slow_writers": 0}
    assert min(unsent) > 0


def test_slow_writers_send_a_byte_at_a_time_and_come_back_when_closed() -> None:
    pieces: list[bytes] = []

    def listen(connection: socket.socket, _number: int) -> None:
        while (data := connection.recv(4_096)) and len(pieces) < 4:
            pieces.append(data)
        connection.close()

    with serving(listen) as address, closing(BadClients(address, writers=1)) as clients:
        tick_until(clients, lambda: clients.counts["slow_writer_closed"] >= 1)
        tick_until(clients, lambda: clients.established)
    assert b"".join(pieces) == START[:4]
    assert all(len(piece) == 1 for piece in pieces)


def test_slow_writers_begin_anew_before_their_heads_are_longer_than_servers_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bad_clients, "LONGEST_HEAD", 3)
    heads: list[bytes] = []

    def listen(connection: socket.socket, _number: int) -> None:
        head = b""
        try:
            while data := connection.recv(4_096):
                head += data
        finally:
            heads.append(head)

    with serving(listen) as address, closing(BadClients(address, writers=1)) as clients:
        for now_s in range(8):
            clients.tick(float(now_s))
        tick_until(clients, lambda: len(heads) == 2)
        assert clients.gauges()["slow_writer_renewed"] == 2
        assert clients.counts["slow_writer_closed"] == 0
    assert heads[:2] == [START[:3]] * 2


def test_vanishing_ones_end_with_a_reset_inside_a_request() -> None:
    endings: list[str] = []

    def listen(connection: socket.socket, _number: int) -> None:
        try:
            data = connection.recv(4_096)
            endings.append("end" if connection.recv(4_096) == b"" else "more")
            assert data == HALF
        except ConnectionResetError:
            endings.append("reset")

    with serving(listen) as address:
        clients = BadClients(address, vanishing_per_s=40)
        tick_until(clients, lambda: len(endings) >= 20)
        assert clients.counts["vanished"] >= 20
    assert set(endings) == {"reset"}


def test_a_server_that_refuses_them_is_counted_and_not_an_error() -> None:
    address = unused_address()
    clients = BadClients(address, writers=2)
    clients.tick(time.monotonic())
    assert clients.counts == {"slow_writer_not_connected": 1}
    assert not clients.established


def test_a_server_that_resets_at_once_is_counted_and_ends_nobody() -> None:
    def reset(connection: socket.socket, _number: int) -> None:
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()

    with (
        serving(reset) as address,
        closing(BadClients(address, readers=3, writers=3, vanishing_per_s=200)) as clients,
    ):
        tick_until(clients, lambda: sum(clients.counts.values()) > 200)


def test_a_full_accept_queue_holds_up_no_tick() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        clients = BadClients(listener.getsockname(), vanishing_per_s=100)
        begun = time.monotonic()
        for second in range(4):
            clients.tick(begun + second)
        assert time.monotonic() - begun < 2
        assert clients.counts["vanishing_not_connected"] >= 1


def test_slow_readers_ask_more_of_a_server_whose_answer_is_short() -> None:
    received: list[bytes] = []

    def answer(connection: socket.socket, _number: int) -> None:
        while data := connection.recv(65_536):
            received.append(data)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    with (
        serving(answer) as address,
        closing(BadClients(address, readers=1, also_asked=REQUEST)) as clients,
    ):
        tick_until(clients, lambda: len(b"".join(received)) > len(ASK_LONG) + 10 * len(REQUEST))
        asked = b"".join(received)
    assert asked.startswith(ASK_LONG + REQUEST * 10)
