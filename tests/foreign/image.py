"""The image with the servers of others: one for all, as each step of a build costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from experiments.images.image import repository
from experiments.images.recipe import Recipe, ensure_built
from experiments.paths import ROOT

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.base import Base

IMAGE: Final = repository("others")
FOLDER: Final = ROOT / "tests" / "foreign" / "others"
SERVED: Final = ("asgi.py", "config.ru", "index.html", "index.php", "wsgi.py")
EXPERIMENT: Final = FOLDER / "servers.yaml"
LOCK: Final = FOLDER / "requirements.lock"


def recipe() -> Recipe:
    """The Dockerfile, and what is served, in others/."""
    served = {f"others/{name}": (FOLDER / name).read_bytes() for name in SERVED}
    files = {"Dockerfile": (FOLDER / "Dockerfile").read_bytes(), **served}
    return Recipe(IMAGE, files, LOCK)


def ensure_others(driver: DockerDriver, base: Base) -> str:
    """Its name, once it is there. Raises LabError, DriverError."""
    made = recipe()
    ensure_built(driver, base, made, print)
    return made.reference(base.image_id)


def experiment(image: str) -> str:
    """The experiment of all of them, in that image."""
    return EXPERIMENT.read_text().replace(f" {IMAGE}\n", f" {image}\n")
