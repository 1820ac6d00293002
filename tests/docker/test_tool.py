"""A container that runs one command to its end, against a real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from experiments.docker.driver import DriverError
from experiments.docker.tool import run_tool
from tests.support.container_names import names

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = [pytest.mark.docker, pytest.mark.lockless]


def test_nofile_limit_can_be_granted_and_no_more(driver: DockerDriver, images: Images) -> None:
    limit = driver.nofile_limit(images.server)
    command = ("python3", "-c", "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE))")
    assert run_tool(driver, images.server, command, nofile=limit).strip() == f"({limit}, {limit})"
    with pytest.raises(DriverError, match=r"more descriptors|the engine"):
        run_tool(driver, images.server, command, nofile=2**31)
    assert names(driver) == set()


def test_a_tool_that_fails_leaves_nothing(driver: DockerDriver, images: Images) -> None:
    with pytest.raises(DriverError, match="ended with 3: oh no"):
        run_tool(driver, images.server, ("sh", "-c", "printf 'oh no'; exit 3"))
    assert names(driver) == set()
