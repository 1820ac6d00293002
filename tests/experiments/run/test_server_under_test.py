"""What differs between servers under test: the lab's own, traced ones, and those of others."""

from __future__ import annotations

import pytest

from contract.expected import Expected
from contract.settings.trial import Settings
from experiments.plan.expect import Expect
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Point, Trial
from experiments.probe.tracing import STRACE
from experiments.run.server_under_test import Exchange, ServerUnderTest, server_under_test
from tests.support.fakes import FakeImages

APP = Foreign(name="app", image="app:1", port=80, command=["serve"], expect=Expect(status=[201]))


def server_of(settings: Settings, foreign: Foreign | None = None) -> ServerUnderTest:
    trial = Trial(Point("s", settings, foreign), 1, 1, 1)
    return server_under_test(trial, FakeImages(), {"app": "sha256:app"})


def test_lab_server_is_started_as_a_person_would() -> None:
    server = server_of(Settings(server="poll", backlog=7, nodelay=True, workers=2))
    assert server.image == "server:1"
    command = "python3 -m servers poll --port 8080 --backlog 7 --workers 2 --nodelay on"
    assert " ".join(server.command) == command
    assert server.described is None


def test_traced_server_is_the_same_below_strace() -> None:
    plain, traced = server_of(Settings()), server_of(Settings(traced=True))
    assert traced.image == "traced:1"
    assert traced.command == (*STRACE, *plain.command)
    assert traced.exchange == plain.exchange


def test_foreign_server_is_as_it_was_described_from_its_pinned_image() -> None:
    server = server_of(Settings(server="app"), APP)
    assert (server.image, server.described, server.port) == ("sha256:app", APP, 80)
    assert server.exchange == Exchange("/", Expected(statuses=(201,)), "auto")


@pytest.mark.parametrize(
    ("settings", "path", "body"),
    [
        (Settings(), "/", "Hello, world!"),
        (Settings(path="/db/10"), "/db/10", "Hello, world!"),
        (Settings(path="/bytes/9"), "/bytes/9", ""),
        (Settings(response_bytes=9), "/", ""),
    ],
)
def test_body_is_the_usual_one_unless_its_length_is_set(
    settings: Settings, path: str, body: str
) -> None:
    exchange = server_of(settings).exchange
    assert exchange == Exchange(path, Expected(body=body), "exact")
