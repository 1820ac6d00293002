"""The probe tells a server to end, once, and says when that was."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from loadgen.worker.probe_client import Probe, TrialVoid
from tests.support.loopback import unused_address

SERVER = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: print('told', flush=True))
print('waits', flush=True)
while True:
    signal.pause()
"""
PROBE = """
from pathlib import Path
from experiments.probe import probe
from tests.support.results import a_sample
# Files of the first process of this machine may be none of ours to read.
probe.sample, probe.TRACE = lambda *_: a_sample("", 0.0, 0.0), Path("/none")
probe.SERVER_PID, probe.PROBE_PORT = {pid}, {port}
probe.serve(1, ["0"])
"""


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    """A process that says when it is told to end, and goes on."""
    with running(SERVER) as process:
        assert process.stdout
        assert process.stdout.readline() == "waits\n"
        yield process


@contextmanager
def beside(pid: int) -> Iterator[tuple[Probe, subprocess.Popen[str]]]:
    """A probe beside the process of this number, and a client that it answers."""
    address, port = unused_address()
    with running(PROBE.format(pid=pid, port=port)) as process:
        client = Probe(f"{address}:{port}")
        client.environment()
        yield client, process
        client.close()


def test_it_sends_the_signal_and_tells_the_moment_before(server: subprocess.Popen[str]) -> None:
    with beside(server.pid) as (client, _):
        before = time.perf_counter_ns()
        sample = client.stop_server("SIGQUIT")
        assert server.wait(timeout=10) == -signal.SIGQUIT
    assert before < sample.at_ns < time.perf_counter_ns()
    assert sample.unix_ns is not None
    assert abs(time.time() - sample.unix_ns / 1e9) < 10
    assert sample.label == "stop"


def test_a_question_that_comes_again_sends_no_second_signal(server: subprocess.Popen[str]) -> None:
    with beside(server.pid) as (client, _):
        client.stop_server("SIGTERM")
        assert server.stdout
        assert server.stdout.readline() == "told\n"
        client.stop_server("SIGTERM")
        client.ask("second")
    server.kill()
    assert server.communicate()[0] == ""


def test_one_that_cannot_be_told_is_no_answer(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.wait()
    with beside(server.pid) as (client, process):
        with pytest.raises(TrialVoid, match=r"did not answer 'stop:15'") as void:
            client.stop_server("SIGTERM")
        assert void.value.spoiled_by == "probe"
        assert "ProcessLookupError" in process.communicate(timeout=10)[1], "its log tells why"
