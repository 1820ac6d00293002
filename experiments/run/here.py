"""What this machine and its engine are, as a run and its plan ask."""

from __future__ import annotations

import json
from typing import Any

from contract import probe_question
from contract.exits import LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.docker.tool import run_tool
from experiments.images.store import ImageStore
from experiments.machine.run_lock import holder
from experiments.plan.capacity import Limits, limits_of
from experiments.run.trial_containers import PIDS, PROBE
from experiments.run.trial_environment import MOST_NOFILE

ENVIRONMENT = (*PROBE, probe_question.ENVIRONMENT)


def limits_here() -> Limits | None:
    """The limits of this machine; None while they are not known: no engine, no image, or a run."""
    try:
        with DockerDriver() as driver:
            image = ImageStore(driver).newest("server")
            if image is None or holder():
                return None
            return granted(driver, image, machine_of(driver, image))
    except (LabError, DriverError):
        return None


def references_here() -> bool:
    """Whether the image of the reference servers is there, without its being built."""
    try:
        with DockerDriver() as driver:
            return ImageStore(driver).newest("references") is not None
    except (LabError, DriverError):
        return False


def machine_of(driver: DockerDriver, image: str) -> dict[str, Any]:
    """The machine as the probe sees it from inside a container."""
    found: dict[str, Any] = json.loads(run_tool(driver, image, ENVIRONMENT, network="host"))
    return found


def granted(driver: DockerDriver, image: str, machine: dict[str, Any]) -> Limits:
    """The limits of a trial there."""
    return limits_of(machine, min(driver.nofile_limit(image), MOST_NOFILE), PIDS)
