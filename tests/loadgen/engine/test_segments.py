"""Segments of a window: connections come and go, and their counters start again."""

from __future__ import annotations

import socket

import pytest

from loadgen.engine import segments
from loadgen.engine.segments import COUNTER, Segments
from loadgen.engine.sockets import segments_received


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """What the kernel has counted, by descriptor."""
    known: dict[int, int] = {}
    monkeypatch.setattr(segments, "segments_received", known.__getitem__)
    return known


def test_only_what_came_in_the_window_counts(counters: dict[int, int]) -> None:
    found = Segments()
    counters |= {3: 100, 4: 50}
    found.begin([3, 4])
    assert found.total([3, 4]) == 0
    counters |= {3: 110, 4: 51}
    assert found.total([3, 4]) == 11
    found.begin([3, 4])
    assert found.total([3, 4]) == 0


def test_a_connection_with_the_number_of_one_that_has_gone_starts_at_nothing(
    counters: dict[int, int],
) -> None:
    found = Segments()
    counters[3] = 1_000
    found.begin([3])
    counters[3] = 1_007
    found.gone(3)
    counters[3] = 2
    assert found.total([3]) == 7 + 2
    found.gone(3)
    assert found.total([]) == 7 + 2


def test_a_counter_that_begins_again_at_nothing_goes_on(counters: dict[int, int]) -> None:
    found = Segments()
    counters[3] = COUNTER - 3
    found.begin([3])
    counters[3] = 5
    assert found.total([3]) == 8
    found.gone(3)
    assert found.total([]) == 8


def test_the_kernel_counts_what_came() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with client, server:
            before = segments_received(client.fileno())
            for _ in range(3):
                server.sendall(b"x")
                client.recv(1)
            assert segments_received(client.fileno()) == before + 3
