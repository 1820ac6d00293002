"""Whether a server answers once bad clients have gone, and what stays open."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from contract.expected import ANY, Expected
from contract.result.server_side import ProbeSample
from loadgen.worker import aftermath
from loadgen.worker.aftermath import see_aftermath
from loadgen.worker.server_observer import ServerObserver
from tests.support.loopback import REQUEST, answer_for_ever, replying, serving, unused_address
from tests.support.results import a_sample

RIGHT = Expected(body_is=ANY)
REFUSALS = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops",
)


class Observer(ServerObserver):
    """A probe's samples, in order; the last one stays."""

    def __init__(self, *fds: int) -> None:
        super().__init__("")
        start = replace(a_sample("start", 0.0, 0.0), fds=fds[0])
        self.samples = [start]
        self._left = [replace(start, label="", fds=one, rss_bytes=7_000) for one in fds[1:]]

    def look(self) -> ProbeSample | None:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"RECOVERY_S": 0.3, "SETTLE_S": 0.2, "LOOK_S": 0.01}.items():
        monkeypatch.setattr(aftermath, name, seconds)


def test_a_server_that_answers_and_keeps_nothing() -> None:
    with serving(answer_for_ever) as address:
        found = see_aftermath(Observer(10, 60, 30, 10), address, REQUEST, RIGHT)
    assert found
    assert found.answered_s is not None
    assert found.answered_s < 0.2
    assert (found.fds, found.rss_bytes) == (0, 7_000)


def test_descriptors_that_stay_are_waited_for_and_told() -> None:
    with serving(answer_for_ever) as address:
        found = see_aftermath(Observer(10, 60, 52), address, REQUEST, RIGHT)
    assert found
    assert found.fds == 42


def test_one_that_answers_nobody_is_told_so() -> None:
    def silent(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            continue

    for handle in (silent, answer_for_ever):
        with serving(handle) as address:
            found = see_aftermath(
                Observer(10, 10),
                unused_address() if handle is not silent else address,
                REQUEST,
                RIGHT,
            )
        assert found
        assert found.answered_s is None


@pytest.mark.parametrize("refusal", REFUSALS)
def test_one_that_refuses_everybody_has_not_recovered(refusal: bytes) -> None:
    with serving(replying(lambda _: refusal)) as address:
        found = see_aftermath(Observer(10, 10), address, REQUEST, RIGHT)
    assert found
    assert found.answered_s is None


def test_one_that_recovers_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aftermath, "ANSWER_S", 0.05)
    monkeypatch.setattr(aftermath, "RECOVERY_S", 5.0)

    def late(connection: socket.socket, number: int) -> None:
        if number < 3:
            connection.recv(4_096)
            return
        answer_for_ever(connection, number)

    with serving(late) as address:
        found = see_aftermath(Observer(10, 10), address, REQUEST, RIGHT)
    assert found
    assert found.answered_s is not None
    assert found.answered_s >= 0.1


def test_without_a_probe_nobody_looks() -> None:
    assert see_aftermath(ServerObserver(""), unused_address(), REQUEST, RIGHT) is None
