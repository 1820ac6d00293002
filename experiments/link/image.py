"""The image with `ip` and `tc`, and whether they can do here what a plan asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError
from contract.settings.trial import Settings
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.images.base import Base
from experiments.images.image import Image, repository
from experiments.images.recipe import Recipe, ensure_built
from experiments.link.container import why_kernel_cannot
from experiments.plan.capacity import Limits
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial

REPOSITORY: Final = repository("link")
DOCKERFILE: Final = Path(__file__).with_name("Dockerfile")


@dataclass(frozen=True, slots=True)
class Link:
    """The image, and what of the paths that a plan asks for can be shaped here, as
    `Settings.shaping` counts; `missing` says why not all of it, and what to do."""

    image: Image
    shaping: int
    missing: str = ""

    def used_by(self, trials: Sequence[Trial]) -> dict[str, dict[str, str]]:
        """Its entry among a manifest's images, where any of these trials has a shaped path."""
        if not any(trial.point.settings.shaped for trial in trials):
            return {}
        return {"link": {"tag": self.image.tags[0], "id": self.image.id}}

    @property
    def left_out(self) -> str:
        """What a plan goes on without, in words; empty if it has all."""
        what = "a shaped path" if not self.shaping else "delay_ms or loss"
        return f"trials with {what} are left out: {self.missing}" if self.missing else ""


def ensure_link(
    driver: DockerDriver, base: Base, trials: Sequence[Trial], run: str, say: Callable[[str], None]
) -> Link | None:
    """None where no trial asks for it; else the image is built if it is not there, and a namespace
    shaped as the trials ask. Raises LabError."""
    asked = [trial.point.settings for trial in trials if trial.point.settings.shaped]
    if not asked:
        return None
    recipe = Recipe(REPOSITORY, {"Dockerfile": DOCKERFILE.read_bytes()})
    try:
        image = ensure_built(driver, base, recipe, say)
        shaping = 0
        for one in _kinds(asked):
            if missing := why_kernel_cannot(driver, image.id, one, f"c10k-{run}-link"):
                return Link(image, shaping, missing)
            shaping = one.shaping
    except DriverError as error:
        raise LabError(f"shaping the path: {error}", Exit.NOT_READY) from error
    return Link(image, shaping)


def without_paths(
    experiment: Experiment, limits: Limits, link: Link, begun: object | None
) -> Limits:
    """The limits of a run that goes on without what cannot be shaped here: one that is made of
    several experiments, and begins. Of any other LabError: it asks for just this, or has such
    trials already."""
    if not experiment.questions or begun is not None:
        raise LabError(link.missing, Exit.NOT_READY)
    return replace(limits, shaping=link.shaping)


def _kinds(asked: Sequence[Settings]) -> list[Settings]:
    """A rate alone first; then one that has all that any asks for."""
    rates = [one.rate_mbit for one in asked if one.rate_mbit]
    rate = replace(asked[0], delay_ms=0.0, loss=0.0, rate_mbit=min(rates, default=1.0))
    if max(one.shaping for one in asked) == rate.shaping:
        return [rate]
    delay_ms, loss = max(one.delay_ms for one in asked), max(one.loss for one in asked)
    return [rate, replace(rate, delay_ms=delay_ms, loss=loss)]
