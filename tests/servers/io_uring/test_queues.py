"""The queues of io_uring: nothing is lost, whatever the room, and completions come in order."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING

import pytest

from servers.io_uring.queues import ENTER, Queues, address, system_call

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING, CANCEL, WRITE = 0, 14, 23
ENTRIES = 4


@pytest.fixture
def queues() -> Iterator[Queues]:
    made = Queues(ENTRIES)
    yield made
    made.end()


def taken(queues: Queues) -> list[tuple[int, int, int]]:
    queues.enter(0)
    found = queues.completions()
    queues.seen(len(found))
    return found


def test_completions_come_in_order_round_and_round(queues: Queues) -> None:
    found = []
    for key in range(1, 100):
        queues.ask(NOTHING, -1, key)
        if key % 3 == 0:
            found += (batch := taken(queues))
            assert len(batch) == 3  # also where the queue begins anew
    assert found == [(key, 0, 0) for key in range(1, 100)]
    assert queues.completions() == []


def test_more_than_there_is_room_for_is_handed_over_meanwhile(queues: Queues) -> None:
    for key in range(1, 8):
        queues.ask(NOTHING, -1, key)
    assert [key for key, _, _ in taken(queues)] == list(range(1, 8))


def test_what_must_go_together_has_room(queues: Queues) -> None:
    for key in (1, 2):
        queues.ask(NOTHING, -1, key)
    queues.make_room(ENTRIES)
    assert [key for key, _, _ in queues.completions()] == [1, 2]  # they had to be handed over
    with pytest.raises(BufferError):
        queues.make_room(ENTRIES + 1)


def test_completions_that_had_no_room_come_next(queues: Queues) -> None:
    for key in range(1, 21):
        queues.ask(NOTHING, -1, key)
    queues.enter(0)
    assert queues.overflowed()
    found = queues.completions()
    assert len(found) == 2 * ENTRIES
    queues.seen(len(found))
    while more := taken(queues):
        found += more
    assert [key for key, _, _ in found] == list(range(1, 21))
    assert not queues.overflowed()


def test_waiting_ends_with_the_time(queues: Queues) -> None:
    started = time.monotonic()
    with pytest.raises(OSError, match="Timer expired"):
        queues.enter(1, 0.05)
    assert time.monotonic() - started >= 0.05


def test_the_kernel_finds_the_bytes(queues: Queues) -> None:
    source, sink = os.pipe()
    written = b"0123456789"
    try:
        queues.ask(WRITE, sink, 5, address=address(written), length=len(written))
        queues.enter(1)
        assert queues.completions() == [(5, len(written), 0)]
        assert os.read(source, 100) == written
    finally:
        os.close(source)
        os.close(sink)


def test_a_result_that_is_an_error_is_negative(queues: Queues) -> None:
    queues.ask(CANCEL, -1, 7, address=12345)
    assert taken(queues) == [(7, -errno.ENOENT, 0)]


def test_a_system_call_that_fails_is_raised() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        system_call(ENTER, -1)


def test_the_ring_is_closed_at_its_end() -> None:
    before = len(os.listdir("/proc/self/fd"))
    Queues(ENTRIES).end()
    assert len(os.listdir("/proc/self/fd")) == before
