"""The image with `ip` and `tc`, and whether they can do here what a plan asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError
from contract.settings.trial import Settings
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.images.base import Base
from experiments.images.image import Image
from experiments.images.recipe import Recipe, ensure_built
from experiments.link.container import check_kernel
from experiments.plan.trials import Trial

REPOSITORY: Final = "c10k-lab/link"
DOCKERFILE: Final = Path(__file__).with_name("Dockerfile")


def ensure_link(
    driver: DockerDriver, base: Base, trials: Sequence[Trial], run: str, say: Callable[[str], None]
) -> Image | None:
    """The image, if a trial's path is shaped, built if it is not there; and a namespace is shaped
    as the trials ask. Raises LabError with what to do where that cannot be."""
    asked = [trial.point.settings for trial in trials if trial.point.settings.shaped]
    if not asked:
        return None
    recipe = Recipe(REPOSITORY, {"Dockerfile": DOCKERFILE.read_bytes()})
    try:
        image = ensure_built(driver, base, recipe, say)
        for one in _kinds(asked):
            check_kernel(driver, image.id, one, f"c10k-{run}-link")
    except DriverError as error:
        raise LabError(f"shaping the path: {error}", Exit.NOT_READY) from error
    return image


def _kinds(asked: Sequence[Settings]) -> list[Settings]:
    """One that asks for all that the others do: each part stands for its kind."""
    greatest = max(asked, key=lambda one: (bool(one.delay_ms or one.loss), one.delay_ms))
    rates = [one.rate_mbit for one in asked if one.rate_mbit]
    loss = max(one.loss for one in asked)
    return [replace(greatest, loss=loss, rate_mbit=min(rates, default=None))]
