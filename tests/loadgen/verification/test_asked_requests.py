"""What the form asks is what a server gets, from the first request on; how long it must stay."""

from __future__ import annotations

import socket

import pytest

from loadgen.loads.build import make_engine
from loadgen.option_checks import parse
from loadgen.worker.probe_client import TrialVoid
from tests.support.closing_server import ClosingServer
from tests.support.engines import do, running, until
from tests.support.loopback import RESPONSE, serving

REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
SHOP = {
    "method": "POST",
    "path": "/buy",
    "headers": "Host: shop.example\nContent-Type: text/plain",
    "body": "ten",
}
SENT = (
    b"POST /buy HTTP/1.1\r\nHost: shop.example\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 3\r\n\r\nten"
)


class Shop:
    """Answers those who ask for its own host; `got` are the requests that came whole."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    def __call__(self, connection: socket.socket, _number: int) -> None:
        while data := connection.recv(65_536):
            self.got.append(data)
            connection.sendall(RESPONSE if b"\r\nHost: shop.example\r\n" in data else REFUSED)


def test_a_server_gets_the_request_of_the_form_and_nothing_else() -> None:
    shop = Shop()
    with serving(shop) as (host, port):
        options = parse({**SHOP, "ready_path": "/health"}, f"http://{host}:{port}")
        with running(make_engine(options)) as engine:
            do(engine, lambda: engine.want_active(2))
            until(lambda: engine.response.total() >= 20, engine)
            assert do(engine, engine.freeze).errors == {}
    ready, *others = shop.got
    assert ready == b"GET /health HTTP/1.1\r\nHost: shop.example\r\n\r\n"
    assert set(others) == {SENT}


def test_named_requests_are_each_learnt_and_drawn() -> None:
    shop = Shop()
    named = (
        '{"look": {"method": "GET", "path": "/l", "headers": [["Host", "shop.example"]],'
        ' "body": ""}, "buy": {"method": "PUT", "path": "/b", "headers": [["Host",'
        ' "shop.example"]], "body": "1"}}'
    )
    with serving(shop) as (host, port):
        options = parse({"path": "look 3, buy 1", "requests": named}, f"http://{host}:{port}")
        with running(make_engine(options)) as engine:
            do(engine, lambda: engine.want_active(2))
            until(lambda: engine.response.total() >= 100, engine)
            assert do(engine, engine.freeze).errors == {}
            asked = engine.by_path()
    assert [(name, one.method) for name, (_, one) in asked.items()] == [
        ("look", "GET"),
        ("buy", "PUT"),
    ]
    assert all(recorder.total() for recorder, _ in asked.values())


def test_a_server_that_does_not_know_the_host_is_not_loaded() -> None:
    with serving(Shop()) as (host, port):
        options = parse({"ready_s": "0.1"}, f"http://{host}:{port}")
        with pytest.raises(TrialVoid, match=r"expected status 200, received b'HTTP/1\.1 400"):
            make_engine(options)


@pytest.mark.parametrize("how", ["header", "at_once"])
def test_one_that_closes_after_every_response_cannot_be_asked_to_stay(how: str) -> None:
    with serving(ClosingServer(1, how)) as (host, port):  # type: ignore[arg-type]
        options = parse({"ready_s": "0.1"}, f"http://{host}:{port}")
        with pytest.raises(TrialVoid, match="closes the connection after a response; only"):
            make_engine(options)


@pytest.mark.parametrize("how", ["header", "at_once", "unanswered"])
@pytest.mark.parametrize("limit", [2, 3, 5])
def test_one_that_closes_after_a_few_is_loaded_and_told(how: str, limit: int) -> None:
    server = ClosingServer(limit, how)  # type: ignore[arg-type]
    with (
        serving(server) as (host, port),
        running(make_engine(parse({}, f"http://{host}:{port}"))) as engine,
    ):
        do(engine, lambda: engine.want_active(2))
        until(lambda: engine.ends().reconnects >= 20, engine)
        frozen = do(engine, engine.freeze)
    assert frozen.errors == {}
    assert set(frozen.ends.answered) == {limit}
