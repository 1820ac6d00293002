"""Mixes: read in words, drawn by weight, each kind counted and checked by itself."""

from __future__ import annotations

import socket
import time
from collections import Counter

import pytest
from scipy import stats

from contract.mix import Kind, MixError, parse_mix, unknown_names
from loadgen.engine.measures import Exchange, Target
from loadgen.loads.mix import DRAWN, Mix
from loadgen.loads.mixed import Mixed
from tests.support.engines import do, running, until, window
from tests.support.loopback import RESPONSE, serving

FAST, SLOW = b"GET / HTTP/1.1\r\n\r\n", b"GET /db/10 HTTP/1.1\r\n\r\n"
SLOW_RESPONSE = RESPONSE.replace(b"Hello", b"Jello")
MIX = Mix(
    (Kind("/", 0.9), Kind("/db/10", 0.1)),
    (Exchange(FAST, RESPONSE), Exchange(SLOW, SLOW_RESPONSE)),
    seed=3,
)


def test_text() -> None:
    assert parse_mix("/") == (Kind("/", 1.0),)
    assert parse_mix("/ 95, /db/10 5") == (Kind("/", 0.95), Kind("/db/10", 0.05))
    assert parse_mix("/a,/b") == (Kind("/a", 0.5), Kind("/b", 0.5))
    assert parse_mix("browse 9, /b 1") == (Kind("browse", 0.9), Kind("/b", 0.1))


def test_names_of_a_mix_have_to_be_known() -> None:
    assert unknown_names("/ 95, buy 5", ("buy", "browse"), "shop") == []
    assert unknown_names("bye, /b", ("buy", "browse"), "shop") == [
        "path: 'bye' is not a path, nor the name of a request: shop has buy, browse"
    ]
    assert unknown_names("bye", (), "poll") == [
        "path: 'bye' is not a path, nor the name of a request: poll has none under `requests`"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not a path"),
        ("db/10 5", "'db/10 5' is not a path"),
        ("Buy 5", "'Buy 5' is not a path"),
        ("/ 95 5", "is not a path"),
        ("/, /", "names a path twice"),
        ("/ 0", "add up to nothing"),
        (",".join(f"/{number}" for number in range(9)), "at most 8"),
    ],
)
def test_text_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(MixError, match=words):
        parse_mix(text)


def test_kinds_are_drawn_by_weight_and_seed() -> None:
    draw = MIX.draw()
    drawn = [draw() for _ in range(DRAWN)]
    seen = Counter(drawn)
    expected = [0.9 * DRAWN, 0.1 * DRAWN]
    assert stats.chisquare([seen[0], seen[1]], expected).pvalue > 0.001
    again = MIX.draw()
    assert [again() for _ in range(DRAWN)] == drawn


def answer_by_path(connection: socket.socket, _number: int) -> None:
    while data := connection.recv(4_096):
        if data == SLOW:
            time.sleep(0.01)
            connection.sendall(SLOW_RESPONSE[:20])
            connection.sendall(SLOW_RESPONSE[20:])
        else:
            connection.sendall(RESPONSE)


def mixed(address: tuple[str, int], mix: Mix) -> Mixed:
    return Mixed(Target(address, mix.exchanges[0]), mix)


def test_each_kind_has_its_own_histogram() -> None:
    with serving(answer_by_path) as address, running(mixed(address, MIX)) as engine:
        assert isinstance(engine, Mixed)
        do(engine, lambda: engine.open_idle(2))
        do(engine, lambda: engine.want_active(3))
        frozen = window(engine, 400, covered=3)
        fast, slow = (recorder.snapshot() for recorder in engine.kinds)
        assert sum(fast.values()) + sum(slow.values()) == frozen.requests
        assert frozen.errors == {}
        assert frozen.covered == 3
    assert min(slow) >= 9_900  # 10 ms, in a bucket of 1%
    assert min(fast) < 9_900
    assert 0.03 < sum(slow.values()) / frozen.requests < 0.25


def test_the_answer_to_another_kind_is_wrong() -> None:
    def mistaken(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            connection.sendall(RESPONSE)

    with serving(mistaken) as address, running(mixed(address, MIX)) as engine:
        do(engine, lambda: engine.want_active(1))
        until(lambda: engine.errors["wrong_answer"] >= 1, engine)


def dated(moment: int, body: bytes = b"Hello, world!") -> bytes:
    return b"HTTP/1.1 200 OK\r\nDate: %03d\r\nContent-Length: 13\r\n\r\n" % moment + body


VARYING = ((dated(0).index(b"000"), dated(0).index(b"000") + 3),)


def test_a_date_that_changes_is_right_for_every_kind() -> None:
    begun = time.monotonic()

    def clock(connection: socket.socket, _number: int) -> None:
        while data := connection.recv(4_096):
            moment = int((time.monotonic() - begun) * 20) % 1_000
            body = b"Jello, world!" if data == SLOW else b"Hello, world!"
            connection.sendall(dated(moment, body))

    exchanges = (
        Exchange(FAST, dated(0), VARYING),
        Exchange(SLOW, dated(0, b"Jello, world!"), VARYING),
    )
    mix = Mix(MIX.kinds, exchanges, seed=3)
    with serving(clock) as address, running(mixed(address, mix)) as engine:
        do(engine, lambda: engine.want_active(2))
        assert window(engine, 400).errors == {}
