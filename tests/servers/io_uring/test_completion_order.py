"""What a kernel does seldom and a test cannot make it do: a send that fails while input goes on."""

from __future__ import annotations

import errno
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from servers.core.events import EventLog
from servers.core.listener import open_listener
from servers.core.settings import Settings
from servers.io_uring import loop
from servers.io_uring.loop import SEND, SERIAL_SHIFT, CompletionServer
from servers.io_uring.multishot_accept import ACCEPT
from tests.support.peer import CLOSING, GET, GET_CLOSE, PERSISTENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.io_uring.ring import Ring

WITH_BUFFER, GOES_ON = 1, 2
BUFFER_BYTES = 1000
DESCRIPTOR = 100  # is not open, and nothing here uses it


class FakeRing:
    """Completes what the test says, and notes which sends were asked for."""

    BUFFER_SHIFT = 16
    WITH_BUFFER, GOES_ON, USUAL = WITH_BUFFER, GOES_ON, WITH_BUFFER | GOES_ON

    def __init__(self) -> None:
        self.buffers = SimpleNamespace(memory=b"", size=BUFFER_BYTES, give_back=lambda _used: None)
        self.asked: list[bytes] = []  # outputs, since they were last looked at
        self.closed = 0
        self.full = False
        self._completions: list[tuple[int, int, int]] = []

    def comes(self, key: int, data: bytes) -> None:
        """Complete a receive in the next turn."""
        flags = WITH_BUFFER | GOES_ON | len(self._completions) << self.BUFFER_SHIFT
        self._add(data, key, len(data), flags)

    def connects(self) -> int:
        """Complete an accept in the next turn; return the key that the connection will have."""
        self._add(b"", ACCEPT, DESCRIPTOR, GOES_ON)
        return 1 << SERIAL_SHIFT | DESCRIPTOR << 1

    def tells(self, key: int, result: int) -> None:
        """Complete a send in the next turn."""
        self._add(b"", key | SEND, result, 0)

    def _add(self, data: bytes, key: int, result: int, flags: int) -> None:
        self._completions.append((key, result, flags))
        self.buffers.memory += data.ljust(BUFFER_BYTES, b"?")

    def took(self) -> list[bytes]:
        """Return the outputs asked for since the last call."""
        asked, self.asked = self.asked, []
        return asked

    def overflowed(self) -> bool:
        return self.full

    def completions(self) -> list[tuple[int, int, int]]:
        return list(self._completions)

    def seen(self, _count: int) -> None:
        self._completions.clear()
        self.buffers.memory = b""

    def send(self, _fd: int, output: bytes, _key: int) -> None:
        self.asked.append(output)

    send_at_once = send

    def send_and_close(self, _fd: int, output: bytes, _key: int, _receive: int) -> None:
        self.asked.append(output)

    def close(self, _fd: int, _receive: int) -> None:
        self.closed += 1

    def ignore(self, *_: object) -> None:
        """Complete nothing."""

    accept = watch = receive = cancel = wait = look = ignore


class NoStop:
    """In place of the signal handling."""

    fd = 0


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> FakeRing:
    monkeypatch.setattr(loop, "StopSignal", NoStop)
    return FakeRing()


@pytest.fixture
def server(ring: FakeRing, monkeypatch: pytest.MonkeyPatch) -> Iterator[CompletionServer]:
    settings = Settings(host="127.0.0.1", port=0)
    with open_listener(settings, blocking=True) as listener:
        monkeypatch.setattr(loop, "open_listener", lambda *_, **__: listener)
        yield CompletionServer(settings, EventLog("x"), cast("Ring", ring))


@pytest.fixture
def key(ring: FakeRing, server: CompletionServer) -> int:
    """The key of a connection with nothing pending."""
    made = ring.connects()
    server.turn(0)
    return made


def test_second_request_waits_until_the_first_answer_is_known_to_have_left(
    ring: FakeRing, server: CompletionServer, key: int
) -> None:
    ring.comes(key, GET)
    ring.comes(key, GET_CLOSE)
    server.turn(0)
    assert ring.took() == [PERSISTENT]
    server.turn(0)
    assert ring.took() == [CLOSING]
    assert ring.closed == 0
    ring.tells(key, len(CLOSING))
    server.turn(0)
    assert ring.closed == 1


@pytest.mark.parametrize("result", [10, -errno.EAGAIN])
def test_rest_of_the_first_answer_comes_before_the_second(
    ring: FakeRing, server: CompletionServer, key: int, result: int
) -> None:
    ring.comes(key, GET)
    ring.comes(key, GET)
    server.turn(0)
    assert ring.took() == [PERSISTENT]
    ring.tells(key, result)
    server.turn(0)
    rest = PERSISTENT[max(result, 0) :]
    assert ring.took() == [rest]
    ring.tells(key, len(rest))
    server.turn(0)
    assert ring.took() == [PERSISTENT]


def test_what_has_failed_may_be_told_late(
    ring: FakeRing, server: CompletionServer, key: int
) -> None:
    ring.comes(key, GET)
    server.turn(0)
    assert ring.took() == [PERSISTENT]
    ring.full = True
    ring.comes(key, GET)
    server.turn(0)
    assert ring.took() == []
    ring.full = False
    ring.tells(key, 10)
    server.turn(0)
    assert ring.took() == [PERSISTENT[10:]]


@pytest.mark.parametrize("result", [10, -errno.EAGAIN])
def test_last_answer_that_leaves_in_parts_leaves_before_the_close(
    ring: FakeRing, server: CompletionServer, key: int, result: int
) -> None:
    ring.comes(key, GET_CLOSE)
    server.turn(0)
    assert ring.took() == [CLOSING]
    ring.tells(key, result)
    server.turn(0)
    rest = CLOSING[max(result, 0) :]
    assert ring.took() == [rest]
    assert ring.closed == 0
    ring.tells(key, len(rest))
    server.turn(0)
    assert ring.closed == 1


def test_peer_that_has_gone_is_closed_once(
    ring: FakeRing, server: CompletionServer, key: int
) -> None:
    ring.comes(key, GET)
    server.turn(0)
    ring.tells(key, -errno.EPIPE)
    server.turn(0)
    ring.comes(key, GET)  # is late, and belongs to nobody
    server.turn(0)
    assert ring.took() == [PERSISTENT]
    assert ring.closed == 1
