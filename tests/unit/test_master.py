"""What is asked of the Locust master before a load: is it there, and are its workers?"""

from __future__ import annotations

import json
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from experiments import master as module
from experiments.exits import LabError
from experiments.master import Master

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTS: list[int] = []
"""Workers that each answer tells of; the last one again and again."""


BORNE: list[str | None] = []
"""What each call bore to show whose it is."""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        BORNE.append(self.headers["Authorization"])
        count = COUNTS.pop(0) if len(COUNTS) > 1 else COUNTS[0]
        body = json.dumps({"worker_count": count}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_workers_are_waited_for(url: str) -> None:
    COUNTS[:] = [0, 0, 1, 2]
    with closing(Master(url)) as master:
        master.wait_until_joined(2)
    assert COUNTS == [2]


def test_workers_that_do_not_come_are_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    COUNTS[:] = [1]
    monkeypatch.setattr(module, "START_S", 0.1)
    told = "1 of 2 load workers reached the Locust master"
    with closing(Master(url)) as master, pytest.raises(LabError, match=told):
        master.wait_until_joined(2)


@pytest.mark.parametrize(("secret", "borne"), [("of the run", "Bearer of the run"), ("", None)])
def test_every_call_bears_the_secret_of_the_run(url: str, secret: str, borne: str | None) -> None:
    BORNE.clear()
    COUNTS[:] = [1]
    with closing(Master(url, secret)) as master:
        master.wait_until_joined(1)
        master.result("t1")
    assert [borne, borne] == BORNE
