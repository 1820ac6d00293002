"""Names of the containers that a driver's owner has in the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.docker.ownership import LABEL_OWNER

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver


def names(driver: DockerDriver) -> set[str]:
    found = driver.api.containers(all=True, filters={"label": f"{LABEL_OWNER}={driver.owner}"})
    return {one["Names"][0] for one in found}
