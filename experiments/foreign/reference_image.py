"""The image of the reference servers: nginx and Python's own, with a Dockerfile of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from contract.exits import Exit, LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.foreign.catalogue import IMAGE
from experiments.images.base import Base
from experiments.images.image import Image
from experiments.images.recipe import Recipe, ensure_built
from experiments.paths import ROOT

FOLDER: Final = ROOT / "experiments" / "foreign"
SERVED: Final = ("asgi.py", "wsgi.py", "nginx.conf")
LOCK: Final = FOLDER / "requirements.lock"


def ensure_references(
    driver: DockerDriver, base: Base, say: Callable[[str], None] = print
) -> Image:
    """Build it if it is not there, tagged by the hash of what enters it. Raises LabError."""
    try:
        return ensure_built(driver, base, recipe(), say)
    except DriverError as error:
        raise LabError(f"image of the references: {error}", Exit.NOT_READY) from error


def recipe() -> Recipe:
    """The Dockerfile, and what is served, in references/."""
    served = {f"references/{name}": (FOLDER / name).read_bytes() for name in SERVED}
    return Recipe(IMAGE, {"Dockerfile": (FOLDER / "Dockerfile").read_bytes(), **served}, LOCK)
