"""The event lines, and the exception that ends one connection and no more."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from servers.blocking import server as blocking
from servers.blocking.server import BlockingServer
from servers.core.events import EventLog
from servers.core.settings import Settings
from servers.readiness import loop
from servers.readiness.loop import ReadinessServer
from servers.variants import generators
from servers.variants.epoll_level import EpollReadiness
from servers.variants.generators import GeneratorServer
from tests.support.faulty_answers import FaultyAnswers
from tests.support.peer import GET, Peer

if TYPE_CHECKING:
    from collections.abc import Iterator


class Pipe:
    """A pipe for an event log to write to."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()

    def events(self) -> list[dict[str, Any]]:
        os.set_blocking(self.reader, False)
        return [json.loads(line) for line in os.read(self.reader, 65_536).splitlines()]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.reader)
    os.close(made.writer)


def raise_value_error() -> ValueError:
    try:
        raise ValueError("of one connection")
    except ValueError as error:
        return error


def test_each_limit_and_each_place_once(pipe: Pipe) -> None:
    log = EventLog("x", pipe.writer)
    for _ in range(3):
        log.limit("nofile", 5, "full")
        log.limit("threads", 7, "full")
        log.fault(raise_value_error())
    log.listening(80, 3)
    limit, other, fault, listening = pipe.events()
    assert limit == {"event": "limit", "limit": "nofile", "value": 5, "message": "full"}
    assert other["limit"] == "threads"
    assert (fault["event"], fault["error"]) == ("fault", "ValueError")
    assert fault["where"].startswith("test_events.py:")
    expected = {"event": "listening", "server": "x", "port": 80, "backlog": 3, "pid": os.getpid()}
    assert listening == expected


def test_what_workers_tell_is_told_once(pipe: Pipe) -> None:
    log, worker = EventLog("x", pipe.writer), Pipe()
    try:
        worker_log = EventLog("worker", worker.writer)
        worker_log.limit("nofile", 5, "full")
        worker_log.fault(raise_value_error())
        lines = os.read(worker.reader, 65_536).splitlines()
    finally:
        os.close(worker.reader)
        os.close(worker.writer)
    for line in lines * 2:
        log.relay(line)
    log.limit("nofile", 7, "full as well")
    assert pipe.events() == [json.loads(line) for line in lines]


def test_log_without_a_reader_harms_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        EventLog("x", writer).limit("nofile", 1, "nobody reads this")
    finally:
        os.close(writer)


class NoStop:
    """In place of the signal handling, which belongs to a main thread."""

    def __init__(self, *_: object, **__: object) -> None:
        self.fd, self._writer = os.pipe()
        self.live: set[int] = set()
        self.busy: set[int] = set()
        self.requested = False


SETTINGS = Settings(host="127.0.0.1", port=0)


def test_fault_in_a_loop_ends_one_connection(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "ResponseCache", FaultyAnswers)
    monkeypatch.setattr(loop, "StopSignal", NoStop)
    server = ReadinessServer(SETTINGS, EventLog("x", pipe.writer), EpollReadiness())
    threading.Thread(target=server.run, daemon=True).start()
    expect_faults(pipe)


def test_fault_in_a_coroutine_ends_one_connection(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generators, "ResponseCache", FaultyAnswers)
    monkeypatch.setattr(generators, "StopSignal", NoStop)
    server = GeneratorServer(SETTINGS, EventLog("x", pipe.writer))
    threading.Thread(target=server.run, daemon=True).start()
    expect_faults(pipe)


def expect_faults(pipe: Pipe) -> None:
    os.set_blocking(pipe.reader, True)
    port = json.loads(os.read(pipe.reader, 4096))["port"]
    for _ in range(3):
        with Peer(port) as peer:
            peer.send(GET)
            assert peer.rest() == b""
    (event,) = pipe.events()
    assert (event["event"], event["error"]) == ("fault", "ZeroDivisionError")


def test_fault_in_a_thread_ends_one_connection(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "ResponseCache", FaultyAnswers)
    monkeypatch.setattr(blocking, "BlockingStop", NoStop)
    server = BlockingServer(SETTINGS, EventLog("x", pipe.writer))

    def serve() -> None:
        for fd in server.connections():
            server.serve_connection(fd)

    threading.Thread(target=serve, daemon=True).start()
    expect_faults(pipe)
