"""An engine, the lab's images, and results in a folder of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from experiments.machine import rest
from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from experiments.records import attempts
from experiments.run import session
from tests.docker.conftest import cores as cores
from tests.docker.conftest import engine as engine
from tests.docker.conftest import images as images
from tests.foreign.image import ensure_others

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images


@pytest.fixture(scope="session")
def image_of_others(engine: DockerDriver, images: Images) -> str:
    """The image of others' servers; it takes a minute or two, once."""
    with RunLock("tests", ROOT):
        return ensure_others(engine, images.base)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs of the test leave their records. The machine, which other tests use too, is not
    waited for: only what its load or probe spoiled is measured again (`sweep.outcome`)."""
    monkeypatch.setattr(session, "RESULTS", tmp_path)
    monkeypatch.setattr(attempts, "MEASURED_AGAIN", ("load", "probe"))
    monkeypatch.setattr(rest, "BUSY", 1.0)
    return tmp_path
