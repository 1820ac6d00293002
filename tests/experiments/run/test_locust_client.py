"""What is asked of the Locust master before a load: is it there, and are its workers?"""

from __future__ import annotations

import json
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from contract.exits import LabError
from experiments.run import locust_client as module
from experiments.run.locust_client import Master

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTS: list[int] = []
"""Workers that each answer tells of; the last one again and again."""


BORNE: list[str | None] = []
"""What each call bore to show whose it is."""


class Page(BaseHTTPRequestHandler):
    failures: ClassVar[list[int]] = []
    """Statuses that are answered first."""

    def do_GET(self) -> None:
        BORNE.append(self.headers["Authorization"])
        if self.failures:
            self.send_error(self.failures.pop(0))
            return
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
    told = f"1 of 2 load workers reached the Locust master at {url}$"
    with closing(Master(url)) as master, pytest.raises(LabError, match=told):
        master.wait_until_joined(2)


def test_master_that_fails_for_a_moment_is_asked_for_its_workers_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    COUNTS[:] = [1]
    monkeypatch.setattr(Page, "failures", [503, 500])
    with closing(Master(url)) as master:
        master.wait_until_joined(1)
    assert not Page.failures


def test_master_that_only_fails_is_told_with_its_words(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "START_S", 0.1)
    monkeypatch.setattr(Page, "failures", [503] * 1_000)
    told = "0 of 1 load workers reached .*; counting load workers: .*503"
    with closing(Master(url)) as master, pytest.raises(LabError, match=told):
        master.wait_until_joined(1)


@pytest.mark.parametrize(("secret", "borne"), [("of the run", "Bearer of the run"), ("", None)])
def test_every_call_bears_the_secret_of_the_run(url: str, secret: str, borne: str | None) -> None:
    BORNE.clear()
    COUNTS[:] = [1]
    with closing(Master(url, secret)) as master:
        master.wait_until_joined(1)
        master.result("t1")
    assert [borne, borne] == BORNE


def test_master_that_ended_is_not_waited_for() -> None:
    nobody = "http://127.0.0.1:1"
    with closing(Master(nobody)) as master, pytest.raises(LabError, match="ended with exit code 3"):
        master.wait_until_up(lambda: "the Locust master ended with exit code 3")
