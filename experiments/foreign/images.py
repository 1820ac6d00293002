"""The images of foreign servers: found or pulled before the first trial, and pinned by id."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from contract.exits import Exit, LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.foreign.reference_image import ensure_references
from experiments.images.base import Base
from experiments.images.image import Image
from experiments.images.store import ImageStore
from experiments.plan.foreign_server import Foreign


@dataclass(frozen=True, slots=True)
class Found:
    """A foreign server and the image that it will run from."""

    server: Foreign
    image: Image

    def describe(self) -> dict[str, Any]:
        """The entry of the manifest: what was asked for, and which image that was."""
        return {
            "origin": self.server.origin,
            "id": self.image.id,
            "digests": list(self.image.digests),
            **self.server.model_dump(mode="json", exclude={"name"}),
        }


def ensure_foreign(
    driver: DockerDriver, base: Base, servers: Sequence[Foreign], say: Callable[[str], None]
) -> list[Found]:
    """Find the image of each server, or get it. Raises LabError with all that are missing."""
    store = ImageStore(driver)
    found: list[Found] = []
    missing: list[str] = []
    for server in servers:
        if server.origin == "reference":
            found.append(Found(server, ensure_references(driver, base, say)))
            continue
        try:
            found.append(Found(server, _image(store, server.image, say)))
        except DriverError as error:
            missing.append(f"server {server.name}: {error}")
    if missing:
        raise LabError(
            "\n".join(missing) + "\nAn image has to be in the engine (`docker images` lists them, "
            "`docker build -t NAME:TAG .` makes one, `docker load` reads one from a file) or in a "
            "registry; `python -m servers list` names the lab's own servers",
            Exit.NOT_READY,
        )
    return found


def _image(store: ImageStore, image: str, say: Callable[[str], None]) -> Image:
    reference = complete(image)
    there = store.find(reference)
    if there is not None:
        return there
    say(f"image {reference}: it is not here; pulling it")
    return store.pull(reference)


def complete(image: str) -> str:
    """The image's name with the tag that Docker takes when none is given."""
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    return image if tagged else f"{image}:latest"
