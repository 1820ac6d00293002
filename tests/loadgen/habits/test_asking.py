"""All that is asked, of servers of the lab and of scripted ones."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from contract.habits.cases import CASES, OLD, OLD_KEPT, PIPELINED, PLAIN
from contract.habits.judging import Usual
from contract.request import Request, requests_text
from contract.result.document import from_json
from contract.result.habits import CaseSeen, Habits, Moment
from experiments.paths import ROOT
from loadgen.habits import asking, conversation
from loadgen.habits.asking import ask
from loadgen.habits.silences import watch
from tests.support.loopback import RESPONSE, answer_for_ever, serving, unused_address
from tests.support.server_process import Server

ASKED = Request()


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "ANSWER_S", 0.2)


def broken(found: Habits) -> set[str]:
    """The cases that are not kept."""
    usual = Usual(found.cases[PLAIN].final, found.cases[PLAIN].ending == "kept")
    return {one.name for one in CASES if one.keeps(found.cases[one.name], usual) is False}


def test_the_habits_of_a_server_of_the_lab_are_those_of_its_code() -> None:
    """servers/http/request.py takes a missing Host, any Host and no chunks; a head that is too long
    is refused with 431."""
    server = Server("epoll_level", "--idle-timeout-ms", "700")
    try:
        said = subprocess.run(  # noqa: S603 - this repository's own code, no shell
            [
                *(sys.executable, "-m", "loadgen.tools.habits", "--port", str(server.port)),
                *("--silence", "2", "--request", requests_text({"asked": ASKED})),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        server.kill()
    found = from_json(Habits, json.loads(said.stdout))
    assert found.reason == ""
    assert broken(found) == {"no_host", "two_hosts", "bad_host", "chunked", "too_long_target"}
    assert found.cases[PLAIN] == CaseSeen((200,), "kept")
    assert found.cases[OLD] == CaseSeen((200,), "closed")
    assert found.cases[OLD_KEPT] == CaseSeen((200,), "kept")
    assert found.cases[PIPELINED] == CaseSeen((200,) * 10, "kept")
    assert found.requests_answered == found.requests_asked == asking.MOST_REQUESTS
    assert not found.crowded
    assert set(found.silences) == {"answered", "silent", "head"}
    for one in found.silences.values():
        assert one.closed_after_s is not None
        assert 0.5 < one.closed_after_s < 2


@pytest.mark.parametrize(("stays", "first"), [(True, "answered"), (False, "silent")])
def test_a_server_of_one_client_is_watched_with_one(*, stays: bool, first: Moment) -> None:
    server = Server("iterative")
    try:
        crowded, silences = watch(("127.0.0.1", server.port), ASKED, 0.2, stays=stays)
    finally:
        server.kill()
    assert crowded
    assert set(silences) == {first}
    assert silences[first].closed_after_s is None


def test_what_a_server_says_before_it_closes_a_silent_connection_is_told() -> None:
    def impatient(connection: socket.socket, _number: int) -> None:
        connection.settimeout(0.3)
        try:
            while connection.recv(4_096).endswith(b"\r\n\r\n"):
                connection.sendall(RESPONSE)
            time.sleep(0.3)
        except TimeoutError:
            pass
        connection.sendall(b"HTTP/1.1 408 Late\r\nContent-Length: 0\r\n\r\n")
        connection.close()

    with serving(impatient) as address:
        crowded, silences = watch(address, ASKED, 5.0, stays=True)
    assert not crowded
    assert {one.status for one in silences.values()} == {408}
    assert all(one.closed_after_s is not None for one in silences.values())


def test_a_limit_of_requests_is_seen() -> None:
    def limited(connection: socket.socket, _number: int) -> None:
        for _ in range(7):
            if not connection.recv(4_096):
                break
            connection.sendall(RESPONSE)
        connection.close()

    with serving(limited) as address:
        found = ask(address, ASKED, 0.1)
    assert found.requests_answered == 7
    assert found.requests_asked > 7
    assert (found.requests_status, found.requests_open) == (0, False)


def test_a_post_is_not_pipelined_and_a_head_has_no_body() -> None:
    with serving(answer_for_ever) as address:
        assert ask(address, Request(method="POST", body="x"), 0.0).pipelined == 0

    def of_head(connection: socket.socket, _number: int) -> None:
        while data := connection.recv(4_096):
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" * data.count(b"HEAD")
            )

    with serving(of_head) as address:
        assert ask(address, Request(method="HEAD"), 0.0).cases[PLAIN] == CaseSeen((200,), "kept")


def test_nobody_there_is_a_reason() -> None:
    found = ask(unused_address(), ASKED, 0.1)
    assert "it takes no connection any more: " in found.reason
    assert found.cases == {}


def test_who_ends_at_a_case_is_told_with_it() -> None:
    """A server that ends when it is asked in HTTP/1.0."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(4_096):
                    if b"HTTP/1.0" in data:
                        listener.close()
                        return
                    connection.sendall(RESPONSE)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    found = ask(listener.getsockname(), ASKED, 0.1)
    thread.join()
    assert f"it takes no connection any more after the case `{OLD}`: " in found.reason
    assert set(found.cases) == {PLAIN, OLD}


def test_one_that_answers_nothing_is_not_asked_more() -> None:
    def silent(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            continue

    with serving(silent) as address:
        found = ask(address, ASKED, 0.1)
    assert found.reason == "the plain request was not answered"


def test_one_that_stands_still_takes_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs, and its queue of new connections is full."""
    monkeypatch.setattr(conversation, "CONNECT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    while data := connection.recv(4_096):
                        if b"HTTP/1.0" in data:
                            return  # and accepts nobody any more
                        connection.sendall(RESPONSE)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        found = ask(listener.getsockname(), ASKED, 0.1)
        thread.join()
    assert found.deaf
    assert "it takes no connection any more after the case" in found.reason


def test_one_that_still_takes_connections_is_not_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed was of one connection."""

    def fail(*_: object, **_kinds: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(asking, "watch", fail)
    with serving(answer_for_ever) as address:
        found = ask(address, ASKED, 0.1)
    assert found.reason == "it was not asked all: timed out"
    assert not found.deaf


def test_a_client_without_a_port_left_says_nothing_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **_kinds: object) -> None:
        raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")

    monkeypatch.setattr(asking, "Conversation", fail)
    found = ask(unused_address(), ASKED, 0.1)
    assert found.reason
    assert not found.deaf
