"""The hostile campaign without Docker: repeatable inputs, and a verdict that can be bad."""

from __future__ import annotations

import copy
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from contract.exits import Exit, LabError
from contract.expected import EXACT
from experiments.hostile.campaign import chosen
from experiments.hostile.verdict import judge
from loadgen.answers.wrong import WrongAnswerError
from loadgen.engine.measures import Exchange
from loadgen.tools.hostile_inputs import (
    SHARES,
    Kind,
    Target,
    byte_by_byte,
    choose,
    half_close,
    is_answered,
    oversize,
)
from loadgen.verification.verify import KEEP_ALIVE_REQUEST, Terms, learn
from tests.support.loopback import unused_address
from tests.support.server_process import running

INPUTS = 60
GOOD: dict[str, Any] = {
    "faults": [],
    "ended": "",
    "reason": "",
    "client": {
        "seconds": 1.0,
        "thrown": {"garbage": 9},
        "failed": {},
        "failures": [],
        "answered": True,
        "before": {"rss_bytes": 20_000_000, "cpu_share": 0.0},
        "after": {"rss_bytes": 21_900_000, "cpu_share": 0.01},
    },
}


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with running("epoll_level") as server:
        address = ("127.0.0.1", server.port)
        yield Target(address, learn(address, KEEP_ALIVE_REQUEST, Terms(check=EXACT)))
        assert server.log() == []


@pytest.mark.parametrize("kind", SHARES, ids=lambda kind: kind.__name__)
def test_a_good_server_takes_every_kind(target: Target, kind: Kind) -> None:
    for number in range(INPUTS):
        kind(target, choose(1, number)[1])
    assert is_answered(target)


def test_an_input_is_a_function_of_seed_and_number() -> None:
    def drawn(seed: int, number: int) -> tuple[Kind, bytes]:
        kind, random = choose(seed, number)
        return kind, random.randbytes(9)

    assert drawn(3, 7) == drawn(3, 7)
    assert len({drawn(seed, number) for seed in (3, 4) for number in range(50)}) == 100
    assert {choose(3, number)[0] for number in range(1_000)} == set(SHARES)


@pytest.fixture
def liar() -> Iterator[Target]:
    """A server that answers everything, once, with the same wrong bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def lie() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    while peer.recv(65_536):
                        pass
                    peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=lie)
        thread.start()
        yield Target(listener.getsockname(), Exchange(b"GET / HTTP/1.1\r\n\r\n", b"right"))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("kind", [half_close, byte_by_byte], ids=lambda kind: kind.__name__)
def test_a_wrong_answer_is_noticed(liar: Target, kind: Kind) -> None:
    with pytest.raises(WrongAnswerError):
        kind(liar, choose(1, 1)[1])


def test_nobody_there_is_noticed() -> None:
    gone = Target(unused_address(), Exchange(b"", b""))
    assert not is_answered(gone)
    with pytest.raises(ConnectionRefusedError):
        oversize(gone, choose(1, 1)[1])


def changed(**client: Any) -> dict[str, Any]:
    result = copy.deepcopy(GOOD)
    result["client"] |= client
    return result


def test_a_good_result_passes() -> None:
    assert judge(GOOD) == []


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (changed(answered=False), "was not answered"),
        (changed(after={"rss_bytes": 22_100_000, "cpu_share": 0}), "RSS grew from 20.0 to 22.1"),
        (changed(after={"rss_bytes": 1, "cpu_share": 0.99}), "uses 99% of a core"),
        (changed(failed={"reset": 2}), "2 of kind reset went wrong"),
        (changed(failures=[{"kind": "x", "input": 5, "said": "why"}]), "x, input 5: why"),
        (changed(failures=[{"kind": "flood", "input": None, "said": "no"}]), "flood: no"),
        ({**GOOD, "ended": "the server ended with 1"}, "ended with 1"),
        ({**GOOD, "faults": ["line"]}, "exception in the server: line"),
        ({**GOOD, "client": None, "reason": "no image"}, "no image"),
    ],
)
def test_each_harm_is_told(result: dict[str, Any], words: str) -> None:
    assert words in "; ".join(judge(result))


def test_only_known_servers_are_chosen() -> None:
    assert chosen(["poll", "epoll_level"]) == ["epoll_level", "poll"]
    assert "one_shot" not in chosen([])
    with pytest.raises(LabError, match="no_such: not among") as error:
        chosen(["poll", "no_such"])
    assert error.value.exit is Exit.BAD_INPUT
