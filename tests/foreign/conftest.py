"""An engine, the lab's images, and results in a folder of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from tests.docker.conftest import cores as cores
from tests.docker.conftest import engine as engine
from tests.docker.conftest import images as images
from tests.docker.conftest import not_waited_for as not_waited_for
from tests.docker.conftest import results as results
from tests.foreign.image import ensure_others

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images


@pytest.fixture(scope="session")
def image_of_others(engine: DockerDriver, images: Images) -> str:
    """The image of others' servers; it takes a minute or two, once."""
    with RunLock("tests", ROOT):
        return ensure_others(engine, images.base)
