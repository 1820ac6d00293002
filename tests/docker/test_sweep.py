"""What runs left in a real engine is removed, and nothing of others."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from experiments.docker.ownership import LABEL, LABEL_OWNER, LABEL_ROLE, LABEL_RUN
from experiments.paths import ROOT
from tests.support.container_names import names

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images
    from tests.docker.conftest import Start

pytestmark = [pytest.mark.docker, pytest.mark.lockless]


def test_sweep_takes_runs_of_this_owner_only(
    driver: DockerDriver, start: Start, images: Images
) -> None:
    own = start()
    network = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)
    raw = docker.from_env()
    strangers = [
        raw.containers.create(images.server, ["true"], labels=marks)
        for marks in (
            {},
            {LABEL: "1", LABEL_OWNER: "somebody-else", LABEL_RUN: "theirs"},
            # Made by hand from an image of ours, whose labels it inherits.
            {LABEL_OWNER: driver.owner},
            {LABEL_OWNER: driver.owner, LABEL_ROLE: "server"},
        )
    ]
    try:
        swept = driver.sweep()
        assert len(swept) == 2
        assert network in swept
        left = {one.id for one in raw.containers.list(all=True, ignore_removed=True)}
        assert own not in left
        assert {one.id for one in strangers} <= left
        driver.remove_all()
        left = {one.id for one in raw.containers.list(all=True, ignore_removed=True)}
        assert {one.id for one in strangers} <= left
    finally:
        for one in strangers:
            one.remove(force=True)
        raw.close()


def test_what_a_killed_run_left_is_swept(driver: DockerDriver, images: Images) -> None:
    program = (
        "import os, signal, sys; from experiments.docker.docker_driver import DockerDriver; "
        "from experiments.docker.driver import ContainerSpec; "
        "driver = DockerDriver('r', sys.argv[1]); "
        "driver.create_network(sys.argv[1]); driver.start(ContainerSpec('server', sys.argv[1], "
        "sys.argv[2], ('sleep', '600'), sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", program, driver.owner, images.server]
    done = subprocess.run(command, cwd=ROOT, check=False, timeout=60)  # noqa: S603 - ours
    assert done.returncode == -signal.SIGKILL
    assert names(driver) == {f"/{driver.owner}"}
    assert driver.sweep() == [driver.owner, driver.owner]  # the container and the network
    assert driver.sweep() == []
