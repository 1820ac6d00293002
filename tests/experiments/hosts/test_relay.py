"""The way from load workers on another host to the Locust master, between processes."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import cast

import pytest

from contract.ports import MASTER_PORT
from experiments.docker.driver import ContainerSpec, Driver, DriverError
from experiments.docker.tool import program
from experiments.hosts import relay_end
from experiments.hosts.relay import Relays
from tests.support.locust_process import free_port

PATIENCE_S = 20.0
PYTHON, OPTION, SOURCE = program(relay_end)
MIB = 2**20


class Program:
    """Talks to a program as an engine would, by pipes."""

    def __init__(self, *words: str) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, *words], stdin=pipe, stdout=pipe, stderr=pipe
        )
        assert self.process.stdin
        assert self.process.stdout
        self._in, self._out = self.process.stdin, self.process.stdout.fileno()
        self.complaint = ""

    def say(self, data: bytes) -> None:
        try:
            self._in.write(data)
            self._in.flush()
        except ValueError as error:
            raise OSError("it was closed") from error

    def hear(self, within_s: float | None = None) -> bytes:
        del within_s
        if some := os.read(self._out, 65_536):
            return some
        with suppress(ValueError):  # the test has ended it
            if self.process.stderr:
                self.complaint = self.process.stderr.read().decode().strip()
        return b""

    def close(self) -> None:
        with suppress(OSError):
            self._in.close()


@dataclass
class Containers:
    """In the place of a driver: its programs are processes here. Where workers are, the relay
    listens on a port of its own."""

    master: int
    port: int = 0
    program: str = SOURCE
    programs: list[Program] = field(default_factory=list)
    up: list[str] = field(default_factory=list)

    def start(self, spec: ContainerSpec) -> str:
        self.up.append(spec.name)
        return spec.name

    def remove(self, containers: list[str]) -> None:
        for one in containers:
            self.up.remove(one)

    def talk_to(self, container: str, command: tuple[str, ...]) -> Program:
        assert command[:3] == (PYTHON, OPTION, SOURCE)
        does, port = command[3:]
        assert port == str(MASTER_PORT)
        assert (container == "master") == (does == "connect")
        if does == "listen":  # that of a program before may not have ended yet
            self.port = free_port()
        own = self.port if does == "listen" else self.master
        self.programs.append(Program("-c", self.program, does, str(own)))
        return self.programs[-1]

    def end(self) -> None:
        for one in self.programs:
            one.process.kill()
            one.process.wait()
            for pipe in (one.process.stdin, one.process.stdout, one.process.stderr):
                if pipe:
                    with suppress(OSError):
                        pipe.close()


def spec() -> ContainerSpec:
    return ContainerSpec("relay", "relay", "i", (), "n", side="load 2")


@contextmanager
def way(serve: Callable[[socket.socket], None]) -> Iterator[tuple[Relays, Containers]]:
    """Open, to a master that serves each connection so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

        Thread(target=accept, daemon=True).start()
        there = Containers(listener.getsockname()[1])
        relays = Relays(cast(Driver, there), [spec()])
        try:
            relays.open("master")
            yield relays, there
        finally:
            relays.close()
            there.end()
            listener.shutdown(socket.SHUT_RDWR)


def digest(sock: socket.socket) -> None:
    """Answers with what it was told, and what that hashes to, when all has come."""
    with sock:
        size = int.from_bytes(sock.recv(4, socket.MSG_WAITALL), "big")
        told = sock.recv(size, socket.MSG_WAITALL)
        sock.sendall(told + hashlib.sha256(told).digest())


def ask(port: int, data: bytes) -> bytes:
    """What a worker hears, until the end."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as sock:
        sock.sendall(len(data).to_bytes(4, "big") + data)
        heard = b""
        while some := sock.recv(MIB):
            heard += some
        return heard


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_many_at_once_are_passed_on_both_ways_to_the_byte() -> None:
    told = [bytes([n]) * (n * 3_001 + 1) for n in range(40)] + [os.urandom(2 * MIB)] * 2
    with way(digest) as (relays, there), ThreadPoolExecutor(len(told)) as pool:
        heard = list(pool.map(lambda data: ask(there.port, data), told))
        assert relays.lost() == ""
    assert heard == [one + hashlib.sha256(one).digest() for one in told]


def test_a_worker_that_goes_is_gone_for_the_master() -> None:
    ended: list[bool] = []

    def wait(sock: socket.socket) -> None:
        with sock:
            while sock.recv(MIB):
                pass
        ended.append(True)

    with way(wait) as (_, there):
        with socket.create_connection(("127.0.0.1", there.port)) as sock:
            sock.sendall(b"here")
        until(lambda: ended)


def test_who_meets_no_master_is_sent_away_and_may_come_again() -> None:
    with way(digest) as (relays, there):
        master, there.master = there.master, free_port()
        relays.open("master")
        with suppress(ConnectionResetError):
            assert ask(there.port, b"nobody") == b""
        there.master = master
        relays.open("master")
        assert ask(there.port, b"there")[:5] == b"there"
        assert there.up == ["relay"], "the one before was removed"


@pytest.mark.parametrize("end", [0, 1])
def test_one_that_is_lost_is_told_and_may_be_opened_anew(end: int) -> None:
    with way(digest) as (relays, there):
        there.programs[end].process.kill()
        until(relays.lost)
        assert relays.lost() == (
            "the way from load host 2 to the Locust master was lost: its program ended"
        )
        until(lambda: all(one.process.poll() is not None for one in there.programs))
        relays.open("master")
        assert relays.lost() == ""
        assert ask(there.port, b"again")[:5] == b"again"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("raise SystemExit('no python')", "no python"),
        ("print('exec: not found in $PATH')", r"exec: not found in \$PATH"),  # as an engine says it
        ("", "its program ended"),
    ],
)
def test_one_that_cannot_be_opened_is_told_with_what_its_program_said(
    program: str, why: str
) -> None:
    there = Containers(free_port(), program=program)
    relays = Relays(cast(Driver, there), [spec()])
    try:
        with pytest.raises(DriverError, match=f"load host 2 to the Locust master was lost: {why}"):
            relays.open("master")
        assert relays.lost()
    finally:
        there.end()


def test_one_that_was_never_opened_is_not_there() -> None:
    there = Containers(0)
    assert Relays(cast(Driver, there), []).lost() == ""
    assert (
        "load host 2 to the Locust master was never" in Relays(cast(Driver, there), [spec()]).lost()
    )


def test_nobody_says_anything_who_was_not_greeted() -> None:
    """What is not the lab's is passed on to nobody."""
    program = Program("-c", SOURCE, "connect", str(free_port()))
    program.say(b"GET / HTTP/1.1\r\n\r\n")
    assert program.hear() == b""
    assert program.process.wait(PATIENCE_S) == 0
    assert len(relay_end.GREETING) == relay_end.HEAD
    program.close()
    for pipe in (program.process.stdout, program.process.stderr):
        if pipe:
            pipe.close()
