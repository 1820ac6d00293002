"""A full accept queue, met by SYNs and by the last ACKs of handshakes."""

from __future__ import annotations

import socket
from typing import cast

import pytest

from contract.result.server_side import ProbeSample
from experiments.probe import machine
from experiments.probe.processes import PROC
from experiments.probe.sock_diag import accept_queue
from loadgen.clients import accept_queue_fill
from loadgen.clients.accept_queue_fill import fill_accept_queue
from loadgen.worker.probe_client import Probe
from tests.support.results import a_sample

BACKLOG, LATE = 5, 4


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accept_queue_fill, "DRAIN_S", 0.0)


class Samples:
    """Answers as the probe beside the server does, as far as this is about."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, word: str) -> ProbeSample:
        depth = accept_queue(self._port)
        return a_sample(word, 0.0, 0.0, accept_queue=depth, **machine.tcp_counters())


def piled(count: int, late: int) -> dict[str, ProbeSample]:
    """What samples show of a listener that accepts nothing, and so is never drained."""
    with socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) as listener:
        address = listener.getsockname()
        samples = fill_accept_queue(cast(Probe, Samples(address[1])), address, count, late)
    return {sample.label: sample for sample in samples}


def test_the_queue_is_filled_to_the_brim_and_emptied() -> None:
    samples = piled(20, 0)
    assert samples.keys() == {"empty", "full"}
    assert samples["full"].accept_queue == BACKLOG + 1
    assert samples["full"].resets == 0, "a SYN that is dropped is not answered"


def test_a_late_ack_meets_the_full_queue() -> None:
    """What it gets there is the kernel's setting to say: nothing, or a reset for each."""
    samples = piled(20, LATE)
    aborts = (PROC / "sys/net/ipv4/tcp_abort_on_overflow").read_text().strip() == "1"
    assert samples["full"].accept_queue == BACKLOG + 1, "the late ones are not in it"
    assert samples["late"].resets == (LATE if aborts else 0)
    grown = samples["late"].listen_overflows - samples["full"].listen_overflows
    assert grown >= LATE, "each was dropped there"


def test_handshakes_that_never_began_are_no_late_ones_that_were_spared() -> None:
    """The queue was full before them: no SYN of theirs was answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        address = listener.getsockname()
        first = [socket.socket() for _ in range(4)]
        for sock in first:
            sock.setblocking(False)
            sock.connect_ex(address)
        samples = fill_accept_queue(cast(Probe, Samples(address[1])), address, 1, LATE)
        for sock in first:
            sock.close()
    assert [sample.label for sample in samples] == ["empty", "full"]


def test_late_acks_find_room_where_nothing_was_piled() -> None:
    samples = piled(0, LATE)
    assert samples["late"].accept_queue == LATE
    assert samples["late"].resets == 0


@pytest.mark.parametrize("late", [0, LATE])
def test_nothing_is_left_open(late: int) -> None:
    piled(1, late)  # gevent's hub has descriptors of its own, from the first sleep on
    before = len(list((PROC / "self/fd").iterdir()))
    piled(10, late)
    assert len(list((PROC / "self/fd").iterdir())) == before
