"""Loading by hand: the compose file, with this machine's images, cores and limits."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from experiments.containers import WEB_PORT, place
from experiments.docker_driver import DockerDriver
from experiments.doctor import check_port, port_is_free
from experiments.exits import Exit, LabError
from experiments.images.build import ensure_images
from experiments.master import Master
from experiments.owner import holder, owner_id, project

ROOT = Path(__file__).parent.parent
PROJECT = project(owner_id())
"""Each checkout has its own: `down` never ends somebody else's."""
NOFILE = 65_536


def command() -> list[str]:
    """`docker compose` where it is there, else `docker-compose`. Raises LabError."""
    if shutil.which("docker"):
        probe = subprocess.run(
            ["docker", "compose", "version"],  # noqa: S607 - the user's own docker
            capture_output=True,
            check=False,
        )
        if probe.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise LabError(
        "neither `docker compose` nor `docker-compose` is there; install one of them",
        Exit.NOT_READY,
    )


def up(workers: int = 1) -> str:
    """Start every variant, a master and its workers; returns the address of the web UI."""
    compose = command()
    if running := holder():
        raise LabError(f"an experiment is running ({running}); wait for its end", Exit.BUSY)
    with DockerDriver() as driver:
        images = ensure_images(driver)
        placement = place(int(driver.info()["NCPU"]))
        nofile = min(driver.nofile_limit(images.server), NOFILE)
        variables = {
            "C10K_SERVER_IMAGE": images.server,
            "C10K_LOAD_IMAGE": images.load,
            "C10K_OWNER": driver.owner,
            "C10K_SERVER_CPUS": placement.server,
            "C10K_LOAD_CPUS": ",".join(placement.loads[:workers]),
            "C10K_NOFILE": str(nofile),
        }
    url = f"http://127.0.0.1:{WEB_PORT}"
    check = check_port(WEB_PORT, port_is_free(WEB_PORT), None)
    if check.status == "fail":
        raise LabError(f"{check.name}: {check.seen}; {check.advice}", Exit.NOT_READY)
    try:
        scale = ("--scale", f"worker={workers}")
        _compose(compose, "up", "--detach", *scale, variables=variables)
        _await(url, workers)
    except LabError:
        down()
        raise
    return url


def _await(url: str, workers: int) -> None:
    """Whoever opens the page finds it, and somebody to do the work."""
    master = Master(url)
    try:
        master.wait_until_up()
        master.wait_until_joined(workers)
    finally:
        master.close()


def down() -> None:
    """Stop and remove what `up` started."""
    _compose(command(), "down", variables={})


def _compose(compose: list[str], *arguments: str, variables: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - fixed words
        [*compose, "--project-name", PROJECT, *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        check=False,
    )
    if done.returncode:
        raise LabError(
            f"{' '.join(compose)} {arguments[0]} failed; its message is above",
            Exit.NOT_READY,
        )
