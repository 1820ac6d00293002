"""What goes on beside the active connections, from its start to its counts."""

from __future__ import annotations

import socket
import time

import gevent
import pytest

from loadgen.clients.background_clients import BackgroundClients
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Target
from loadgen.loads.keep_alive import KeepAlive
from loadgen.option_checks import parse
from loadgen.options import Options
from loadgen.worker.engine_call import call
from loadgen.worker.probe_client import TrialVoid
from tests.support.engines import EXCHANGE, PATIENCE_S, do, running, until
from tests.support.loopback import RESPONSE, serving, unused_address


def answer(connection: socket.socket, _number: int) -> None:
    while connection.recv(4_096).endswith(b"\r\n\r\n"):
        connection.sendall(RESPONSE)
    time.sleep(5)


def options(**knobs: float) -> Options:
    return parse(knobs, "http://127.0.0.1:8080")


def keep(engine: Engine, chosen: Options, **least: int) -> dict[str, int]:
    """What was counted after half a second, or when at least so much was."""
    company = BackgroundClients(chosen, engine, call)
    company.start()
    gevent.sleep(0.5)
    deadline = time.monotonic() + PATIENCE_S
    while any(company.counts()[name] < count for name, count in least.items()):
        assert time.monotonic() < deadline, company.counts()
        gevent.sleep(0.05)
    company.close()
    assert company.counts() == company.counts()
    return company.counts()


def test_nobody_there_is_no_work_and_no_counts() -> None:
    with serving(answer) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        assert keep(engine, options()) == {}


def test_counts_are_those_of_the_moment_when_it_ended() -> None:
    with serving(answer) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.open_idle(10))
        until(lambda: engine.gauges().idle_established == 10, engine)
        knobs = {
            "slow_readers": 2,
            "slow_writers": 3,
            "vanishing_per_s": 20,
            "trickle_per_s": 10,
            "idle_connections": 10,
        }
        counts = keep(engine, options(**knobs), vanished=3, trickled_bytes=10)
    assert (counts["slow_readers"], counts["slow_writers"]) == (2, 3)
    assert counts["replaced_idle"] == 0


def test_bad_clients_that_cannot_connect_make_the_trial_void(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("loadgen.clients.background_clients.CONNECT_S", 0.2)
    address = unused_address()
    company = BackgroundClients(options(slow_writers=1), KeepAlive(Target(address, EXCHANGE)), call)
    with pytest.raises(TrialVoid, match="bad clients could not all connect"):
        company.start()
