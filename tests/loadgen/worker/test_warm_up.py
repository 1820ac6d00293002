"""A warm-up that ends by itself, of a real engine and a server that is slow at first."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest

from contract.settings.trial import LEAST_WARM_UP_S
from loadgen.engine.measures import Target
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.schedule import SECOND_NS
from loadgen.worker.barrier import Barrier
from loadgen.worker.probe_client import TrialVoid
from loadgen.worker.warm_up import until_steady
from tests.support.engines import EXCHANGE, do, running
from tests.support.loopback import RESPONSE, Handler, serving

LAZY_S = 1.7


def alone() -> Barrier:
    runner: Any = SimpleNamespace(register_message=lambda *_: None)
    return Barrier(runner, "load worker 1")


def lazy(slow_s: float) -> Handler:
    """Answers in 50 ms for its first seconds, and then at once."""
    ends = time.monotonic() + slow_s

    def answer(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            if time.monotonic() < ends:
                time.sleep(0.05)
            connection.sendall(RESPONSE)

    return answer


def test_the_window_opens_when_a_lazy_server_has_come_to_itself() -> None:
    with serving(lazy(LAZY_S)) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(4))
        begins = time.perf_counter_ns()
        opens = until_steady(engine, alone(), begins, 20.0, lambda: None)
    took_s = (opens - begins) / SECOND_NS
    assert max(LAZY_S, LEAST_WARM_UP_S) <= took_s < 15


def test_a_warm_up_is_no_longer_than_it_may_be() -> None:
    with serving(lazy(9.0)) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(1))
        begins = time.perf_counter_ns()
        opens = until_steady(engine, alone(), begins, 1.0, lambda: None)
    assert opens - begins >= SECOND_NS


def test_what_ends_the_trial_ends_its_warm_up() -> None:
    def check() -> None:
        raise TrialVoid("the load engine failed")

    with serving(lazy(0.0)) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(1))
        with pytest.raises(TrialVoid, match="engine failed"):
            until_steady(engine, alone(), time.perf_counter_ns(), 9.0, check)
