"""What stays up through a run: its master and the client of it share a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import pytest

from experiments.docker.docker_driver import DockerDriver
from experiments.images.build import Images
from experiments.machine.cores import Core, Placement, place
from experiments.run import trial_environment as module
from experiments.run.trial_environment import trial_environment
from tests.support.fakes import FakeDriver, FakeImages


class Engine(FakeDriver):
    of_hosts = False

    def cores(self, image: str) -> tuple[Core, ...]:
        del image
        return Core(0), Core(1)

    def placement(self, image: str) -> Placement:
        return place(self.cores(image))

    def nofile_limit(self, image: str) -> int:
        del image
        return 20_000


class Client:
    """In the place of the lab's client of the master."""

    secrets: list[str] = []  # noqa: RUF012 - of all clients

    def __init__(self, url: str, secret: str) -> None:
        del url
        self.secrets.append(secret)

    def wait_until_up(self, ending: Callable[[], str]) -> None:
        assert not ending()

    def close(self) -> None: ...


@contextmanager
def staged(engine: Engine) -> Iterator[None]:
    with trial_environment("run", cast(DockerDriver, engine), cast(Images, FakeImages())):
        yield


def test_a_run_has_a_secret_of_its_own_that_its_master_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "Master", Client)
    monkeypatch.setattr(module, "stay_off", lambda _placement: None)
    known = []
    for _ in range(2):
        engine = Engine()
        with staged(engine):
            (master,) = engine.started
            known.append(master.environment["C10K_SECRET"])
    assert known == Client.secrets
    assert len(set(known)) == 2
    assert all(len(secret) > 30 for secret in known)
