"""The image of the reference servers: nginx and Python's own, with a Dockerfile of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from contract.exits import Exit, LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.foreign.catalogue import IMAGE
from experiments.images.base import Base
from experiments.images.context import build_context, wheels_in
from experiments.images.image import Image
from experiments.images.store import ImageStore
from experiments.images.wheelhouse import ensure_wheels
from experiments.paths import ROOT

FOLDER: Final = ROOT / "experiments" / "foreign"
FILES: Final = ("Dockerfile", "requirements.lock", "asgi.py", "wsgi.py", "nginx.conf")
LOCK: Final = FOLDER / "requirements.lock"


def ensure_references(
    driver: DockerDriver, base: Base, say: Callable[[str], None] = print
) -> Image:
    """Build it if it is not there, tagged by the hash of what enters it. Raises LabError."""
    try:
        return _ensure(driver, base, say)
    except DriverError as error:
        raise LabError(f"image of the references: {error}", Exit.NOT_READY) from error


def _ensure(driver: DockerDriver, base: Base, say: Callable[[str], None]) -> Image:
    store = ImageStore(driver)
    files = {name: (FOLDER / name).read_bytes() for name in FILES}
    reference = f"{IMAGE}:{content_hash(base.image_id, files)}"
    there = store.find(reference)
    if there is not None:
        return there
    say(f"image references: building {reference}")
    wheels = ensure_wheels(str(driver.info()["Architecture"]), LOCK, say)
    content = {_place(name): content for name, content in files.items()}
    with build_context({**content, **wheels_in(wheels, "wheels")}) as context:
        image = store.build(context, reference, arguments={"BASE": base.reference})
    store.supersede(IMAGE, keep=reference)
    return image


def content_hash(base_id: str, files: Mapping[str, bytes]) -> str:
    """Twelve hex digits over the base and each file's name and bytes."""
    digest = hashlib.sha256(base_id.encode())
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:12]


def _place(name: str) -> str:
    if name == "Dockerfile":
        return name
    return f"wheels/{name}" if name == LOCK.name else f"references/{name}"
