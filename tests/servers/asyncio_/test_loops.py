"""What loops that others wrote would do by themselves: print a fault, go on without a listener."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import uvloop

from servers.asyncio_ import server as asyncio_server
from servers.asyncio_.protocols import Connection
from servers.asyncio_.server import AsyncioServer
from servers.asyncio_.streams import stream
from servers.core.events import EventLog
from servers.core.settings import Settings
from servers.variants import gevent_streams
from servers.variants.gevent_streams import GreenletServer
from tests.support.faulty_answers import FaultyAnswers
from tests.support.peer import GET, PATIENCE_S, Peer

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = Settings(host="127.0.0.1", port=0)


class UselessAcceptor:
    """In place of `Acceptor`: the listener has become useless."""

    def __init__(self, *_: object) -> None:
        pass

    def arrivals(self, _most: int) -> None:
        raise OSError(errno.EINVAL, "not a listener any more")


class Switch:
    """In place of the signal handling, which belongs to a main thread."""

    def __init__(self) -> None:
        self.fd, self.writer = os.pipe()

    def take(self) -> None:
        os.read(self.fd, 1)


class Running(Protocol):
    """A server that serves when it is called."""

    def __call__(self, log: EventLog) -> None: ...


def on_loop(connected: Callable[[AsyncioServer], Any], new_loop: Callable[[], Any]) -> Running:
    return lambda log: AsyncioServer(SETTINGS, log, connected).run(new_loop)


def on_greenlets(log: EventLog) -> None:
    GreenletServer(SETTINGS, log).run()


RUNNERS = {
    "asyncio_protocol": on_loop(Connection, asyncio.new_event_loop),
    "asyncio_streams": on_loop(stream, asyncio.new_event_loop),
    "uvloop_protocol": on_loop(Connection, uvloop.new_event_loop),
    "uvloop_streams": on_loop(stream, uvloop.new_event_loop),
    "gevent_streams": on_greenlets,
}


class InThread:
    """One of the servers in a thread of its own; ended by `join`."""

    def __init__(self, serve: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self._switch = Switch()
        for module in (asyncio_server, gevent_streams):
            monkeypatch.setattr(module, "StopSignal", lambda: self._switch)
        self._reader, self._writer = os.pipe()
        self._raised: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(serve,))
        self._thread.start()
        self.port = int(self.event()["port"])

    def event(self) -> dict[str, Any]:
        """Return the next event; each was written, and is read, as a whole."""
        return dict(json.loads(os.read(self._reader, 4096)))

    def stop(self) -> None:
        os.write(self._switch.writer, b"s")

    def join(self) -> list[BaseException]:
        """Return what the server has raised."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        for fd in (self._reader, self._writer, self._switch.fd, self._switch.writer):
            os.close(fd)
        return self._raised

    def _run(self, serve: Running) -> None:
        try:
            serve(EventLog("x", self._writer))
        except BaseException as error:
            self._raised.append(error)


@pytest.fixture(params=RUNNERS)
def serve(request: pytest.FixtureRequest) -> Running:
    """One of the five."""
    return RUNNERS[request.param]


def test_fault_ends_one_connection_and_is_told_once(
    serve: Running, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for module in (asyncio_server, gevent_streams):
        monkeypatch.setattr(module, "ResponseCache", FaultyAnswers)
    server = InThread(serve, monkeypatch)
    for _ in range(3):
        with Peer(server.port) as peer:
            peer.send(GET)
            assert peer.rest() == b""
    event = server.event()
    assert (event["event"], event["error"]) == ("fault", "ZeroDivisionError")
    server.stop()
    assert server.join() == []
    assert capfd.readouterr() == ("", "")


def test_useless_listener_is_the_end_of_the_server(
    serve: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (asyncio_server, gevent_streams):
        monkeypatch.setattr(module, "Acceptor", UselessAcceptor)
    server = InThread(serve, monkeypatch)
    with contextlib.suppress(ConnectionError), Peer(server.port) as peer:
        peer.rest()
    (error,) = server.join()
    assert isinstance(error, OSError)
    assert error.errno == errno.EINVAL
