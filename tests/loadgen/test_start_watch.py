"""A watcher sees when a server listens, and when it answers rightly."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest

from contract.result.document import from_json
from contract.result.start import StartSeen
from experiments.run.load_form import load_form
from experiments.run.server_under_test import lab_server
from loadgen.option_checks import parse
from loadgen.tools import start_watch
from loadgen.verification.errors import VerificationError
from tests.support.fakes import some_trials
from tests.support.loopback import RESPONSE, unused_address

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
LATER_S = 0.3


def form(port: int, **changes: Any) -> dict[str, Any]:
    trial = some_trials()[0]
    tested = lab_server(trial.point.settings, "server:1")
    known = load_form(trial, tested) | {"host": f"http://127.0.0.1:{port}", "probe": ""}
    return known | changes


class Late:
    """Listens LATER_S after it was made, accepts as much later, and answers so at first."""

    def __init__(self, port: int, first: bytes = RESPONSE) -> None:
        self.port, self.first = port, first
        self.listened_s = self.accepted_s = 0.0
        self.asked: list[bytes] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        time.sleep(LATER_S)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.port))
            self.listened_s = time.time()
            listener.listen()
            time.sleep(LATER_S)
            self.accepted_s = time.time()
            for answer in (self.first, RESPONSE, RESPONSE):
                connection, _ = listener.accept()
                with connection:
                    self.asked.append(connection.recv(4_096))
                    connection.sendall(answer)


@pytest.fixture
def port() -> int:
    return unused_address()[1]


@pytest.mark.parametrize("first", [RESPONSE, BUSY])
def test_it_tells_when_somebody_listened_and_when_that_answered_rightly(
    port: int, first: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Late(port, first)
    monkeypatch.setattr("sys.argv", ["start_watch", json.dumps(form(port))])
    start_watch.main()
    watching, told = capsys.readouterr().out.splitlines()
    assert json.loads(watching) == {"event": "watching"}
    seen = from_json(StartSeen, json.loads(told))
    assert server.listened_s <= seen.listening_s < server.accepted_s < seen.answered_s
    assert len(server.asked) == (1 if first == RESPONSE else 2)


def test_what_says_that_it_is_ready_is_asked_first(port: int) -> None:
    server = Late(port)
    given = form(port, ready_path="/ready", ready_status="200")
    start_watch.watch(parse(given, given["host"]))
    assert [one.split(b" ", 2)[1] for one in server.asked] == [b"/ready", b"/"]


def test_one_that_never_listens_is_given_up(port: int) -> None:
    given = form(port, ready_s=0.2)
    with pytest.raises(VerificationError, match="nobody listened on port"):
        start_watch.watch(parse(given, given["host"]))


def test_one_that_answers_wrongly_is_given_up_with_the_reason(port: int) -> None:
    given = form(port, expect_status="204", expect_body="")
    Late(port)
    with pytest.raises(VerificationError, match="204"):
        start_watch.watch(parse(given, given["host"]))
