"""The servers whose answers are known are what they say, and what is said of them is judged."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from analysis.checkup.report import build
from experiments.paths import ROOT
from tests.foreign.truths.expected import TRUTHS, Says
from tests.foreign.truths.server import BODY, DIED, EVERY_S, IDLE_S, MOST
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analysis.checkup.document import CheckUpFound

SERVER = ROOT / "tests" / "foreign" / "truths" / "server.py"
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
SOON_S = 10.0


@contextmanager
def serving(truth: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The server, ended afterwards, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, str(SERVER), truth, str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own
        try:
            connected(port).close()
            yield process, port
        finally:
            process.kill()


def connected(port: int) -> socket.socket:
    """To a server that may not listen yet."""
    until = time.monotonic() + SOON_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), SOON_S)
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def answer(connection: socket.socket) -> bytes:
    """Of one request; empty where it closes."""
    connection.sendall(REQUEST)
    received = b""
    while not received.endswith(BODY):
        some = connection.recv(4_096)
        if not some:
            break
        received += some
    return received


def test_one_that_is_limited_gives_no_more_than_it_says() -> None:
    amount = 200
    with serving("limited") as (_, port), connected(port) as connection:
        began = time.monotonic()
        answers = [answer(connection) for _ in range(amount)]
        took_s = time.monotonic() - began
    assert all(one.startswith(b"HTTP/1.1 200") for one in answers)
    assert took_s >= (amount - 1) * EVERY_S


def test_one_that_closes_idle_connections_does_so_after_its_time() -> None:
    with serving("closes_idle") as (_, port), connected(port) as connection:
        assert answer(connection)
        began = time.monotonic()
        assert connection.recv(1) == b""
        assert time.monotonic() - began >= IDLE_S * 0.99


def test_one_that_dies_of_connections_holds_as_many_as_it_says() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < MOST + 200:
        pytest.skip(f"this process may have {hard} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST + 200, hard))
    try:
        with serving("dies") as (process, port), ExitStack() as open_ones:
            first = open_ones.enter_context(connected(port))
            for _ in range(MOST - 10):
                open_ones.enter_context(connected(port))
            assert answer(first)
            assert process.poll() is None
            for _ in range(20):
                open_ones.enter_context(socket.socket()).connect_ex(("127.0.0.1", port))
            assert process.wait(SOON_S) == DIED
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> CheckUpFound:
    """A check-up of one that holds 2,000/s and leaks 1,000 bytes of each connection."""
    folder: Path = tmp_path_factory.mktemp("check-up")
    run = simulated_run(folder, SimulatedServer(2_000, leaks_bytes=1_000))
    run.go_on()
    made = build(run.store.folder)
    assert made
    return made.found


def test_what_is_said_rightly_has_no_differences(found: CheckUpFound) -> None:
    rate, _ = TRUTHS["limited"]
    assert (
        list(Says("holds", figure=rate.figure, low=rate.low, high=rate.high).differs(found)) == []
    )
    assert [one for says in TRUTHS["leaks"] for one in says.differs(found)] == []


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (Says("leak", mark="good"), "leak is marked 'breaks', not 'good'"),
        (Says("holds", words="it stalls"), "holds does not say /it stalls/"),
        (Says("idle", figure="idle_closes_s"), "idle_closes_s is not known"),
        (Says("holds", figure="holds_per_s", low=2_400), "holds_per_s is "),
    ],
)
def test_what_is_said_wrongly_is_told(found: CheckUpFound, says: Says, told: str) -> None:
    (line,) = says.differs(found)
    assert line.startswith(told)
