"""The probe tells a server to end, once, and says when that was."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contract.probe_question import KEY, signed
from experiments.probe.probe import TOLD
from loadgen.worker.probe_client import Probe, TrialVoid
from tests.support.stopping import Process, probe_beside, running

OF_THIS_ONE = b"of this trial"
SERVER = """
import signal, sys
signal.signal(signal.SIGQUIT, signal.SIG_DFL)  # a shell has programs in the background ignore it
signal.signal(signal.SIGTERM, lambda *_: print('told', flush=True))
print('waits', flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def server() -> Iterator[Process]:
    """A process that says when it is told to end, and goes on."""
    with running("-c", SERVER) as process:
        assert process.stdout
        assert process.stdout.readline() == "waits\n"
        yield process


@contextmanager
def beside(pid: int) -> Iterator[tuple[Probe, Process]]:
    """A probe beside the process of this number, and a client that it answers."""
    with probe_beside(pid) as (process, (host, port)):
        client = Probe(f"{host}:{port}")
        try:
            client.environment()
            yield client, process
        finally:
            client.close()


def test_it_sends_the_signal_and_tells_the_moment_before(server: Process) -> None:
    with beside(server.pid) as (client, process):
        before = time.perf_counter_ns()
        sample = client.stop_server("SIGQUIT")
        assert server.wait(timeout=10) == -signal.SIGQUIT
        assert process.stdout
        assert process.stdout.readline() == f"{TOLD}\n", "whoever loses the answer can read it"
    assert before < sample.at_ns < time.perf_counter_ns()
    assert sample.unix_ns is not None
    assert abs(time.time() - sample.unix_ns / 1e9) < 10
    assert sample.label == "stop"


def test_any_worker_may_ask_for_the_time_alone(server: Process) -> None:
    """By numbers of its own, which are no sample's."""
    with beside(server.pid) as (leading, _):
        leading.ask("open")
        others = [Probe("{}:{}".format(*leading._sock.getpeername())) for _ in range(2)]
        before = time.perf_counter_ns()
        shown = [one.clock_ns() for one in (*others, leading, *others)]
        assert before < shown[0]
        assert shown == sorted(shown)
        assert shown[-1] < time.perf_counter_ns()
        assert leading.ask("second").label == "second"
        for one in others:
            one.close()


@pytest.mark.parametrize(
    "stray",
    [
        *(b"", b"open", b"stop:9", b"stop:9 7 0", b"open 1 2 3", b"gate x y", bytes(200)),
        signed("stop:9", 7, 0, b""),
        signed("stop:9", 7, 0, b"of another trial"),
        signed("stop:9", 7, 0, OF_THIS_ONE)[:-1],
        signed("look", 7, 0, OF_THIS_ONE).replace(b"look", b"stop:9"),
        signed("gate", 7, 0, OF_THIS_ONE).replace(b"7", b"x"),
    ],
)
def test_a_datagram_that_is_nobodys_question_ends_nothing(
    server: Process, stray: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, OF_THIS_ONE.decode())
    with probe_beside(server.pid) as (process, address):
        client = Probe("{}:{}".format(*address))
        try:
            client.environment()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(stray, address)
            assert client.ask("second").label == "second"
        finally:
            client.close()
        assert process.poll() is None
    assert server.poll() is None


def test_a_question_that_comes_again_sends_no_second_signal(server: Process) -> None:
    with beside(server.pid) as (client, _):
        client.stop_server("SIGTERM")
        assert server.stdout
        assert server.stdout.readline() == "told\n"
        client.stop_server("SIGTERM")
        client.ask("second")
    server.kill()
    assert server.communicate()[0] == ""


def test_a_question_that_comes_again_is_answered_with_the_moment_of_the_signal(
    server: Process,
) -> None:
    """The first answer may have been lost: what the stop cost until then is the stop's."""
    with beside(server.pid) as (client, _):
        first = client.stop_server("SIGTERM")
        assert server.stdout
        assert server.stdout.readline() == "told\n"
        again = client.stop_server("SIGTERM")
    assert (again.at_ns, again.unix_ns) == (first.at_ns, first.unix_ns)


def test_one_that_cannot_be_told_is_no_answer(server: Process) -> None:
    server.kill()
    server.wait()
    with beside(server.pid) as (client, process):
        with pytest.raises(TrialVoid, match=r"did not answer 'stop:15'") as void:
            client.stop_server("SIGTERM")
        assert void.value.spoiled_by == "probe"
        said, failed = process.communicate(timeout=10)
        assert TOLD not in said
        assert "ProcessLookupError" in failed, "its log tells why"
