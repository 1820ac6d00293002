"""An image with a Dockerfile of its own: built once on the lab's base, tagged by what enters it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.docker.docker_driver import DockerDriver
from experiments.images.base import Base
from experiments.images.context import build_context, wheels_in
from experiments.images.image import Image
from experiments.images.store import ImageStore
from experiments.images.wheelhouse import ensure_wheels


@dataclass(frozen=True, slots=True)
class Recipe:
    """`files` are the context by their names in it; `lock`, if there is one, lists the Python
    packages, which the Dockerfile finds in wheels/ beside the lock itself."""

    repository: str
    files: Mapping[str, bytes]
    lock: Path | None = None

    def reference(self, base_id: str) -> str:
        """The image's name on this base."""
        content = dict(self.files)
        if self.lock:
            content[self.lock.name] = self.lock.read_bytes()
        return f"{self.repository}:{recipe_hash(base_id, content)}"


def ensure_built(
    driver: DockerDriver, base: Base, recipe: Recipe, say: Callable[[str], None]
) -> Image:
    """Find the image or build it; older ones of its repository go. LabError, DriverError."""
    store = ImageStore(driver)
    reference = recipe.reference(base.image_id)
    there = store.find(reference)
    if there is not None:
        return there
    say(f"image {recipe.repository.rpartition('/')[2]}: building {reference}")
    content: dict[str, bytes | Path] = dict(recipe.files)
    if recipe.lock:
        wheels = ensure_wheels(str(driver.info()["Architecture"]), recipe.lock, say)
        content |= wheels_in(wheels, "wheels")
    with build_context(content) as context:
        image = store.build(context, reference, arguments={"BASE": base.reference})
    store.supersede(recipe.repository, keep=reference)
    return image


def recipe_hash(base_id: str, files: Mapping[str, bytes]) -> str:
    """Twelve hex digits over the base and each file's name and bytes."""
    digest = hashlib.sha256(base_id.encode())
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]
