"""Whether the engine's published ports are reached: from here, and from where they are not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from experiments.machine.published import reached
from experiments.paths import ROOT

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = [pytest.mark.docker, pytest.mark.lockless]

ASKS = """
import sys
from experiments.docker.docker_driver import DockerDriver
from experiments.machine import published
published.PATIENCE_S = 3.0
with DockerDriver(owner=sys.argv[1]) as driver:
    print(published.reached(driver, sys.argv[2]))
"""
APART = ("unshare", "--map-root-user", "--net")


def test_a_published_port_is_reached_and_nothing_is_left(
    driver: DockerDriver, images: Images
) -> None:
    assert reached(driver, images.server)
    assert driver.left() == []


def test_it_is_not_from_a_network_of_one_s_own(driver: DockerDriver, images: Images) -> None:
    """As in a development container that has the engine's socket."""
    if subprocess.run((*APART, "true"), check=False).returncode:  # noqa: S603 - our own words
        pytest.skip("no network namespace of one's own is to be had")
    asks = (sys.executable, "-c", ASKS, driver.owner, images.server)
    done = subprocess.run(  # noqa: S603 - our own words
        (*APART, *asks), cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "False\n"
    assert driver.left() == []
