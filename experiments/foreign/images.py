"""The images of foreign servers: found or pulled before the first trial, and pinned by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from contract.exits import Exit, LabError
from contract.origins import REFERENCE
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.foreign.reference_image import ensure_references
from experiments.images.base import Base
from experiments.images.image import Image
from experiments.images.store import ImageStore
from experiments.plan.container_keys import ContainerKeys
from experiments.plan.foreign_server import Foreign, id_of
from experiments.plan.given_files import KEPT, keep, tree_hash
from experiments.plan.schema import Experiment

SAME: Final = (
    "{} and {} are the same image: an A/A test, which calls a difference by chance in at most one "
    "of twenty runs"
)
EMULATED: Final = (
    "the image of {} says that it is for {}, and the engine's machine is {}: what runs it, if "
    "anything does, is an emulator, and so are its figures; `docker build --platform` makes one "
    "for this machine"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A foreign server and the image that it will run from, on such a machine (`uname -m`)."""

    server: Foreign
    image: Image
    needs: Mapping[str, Image] = field(default_factory=dict)
    """Images of what it needs, by name."""
    machine: str = ""

    def describe(self, run: Path) -> dict[str, Any]:
        """The entry of the manifest: what was asked for, which image that was, and what was in the
        files that it is given, of which the run's folder has copies."""
        described = self.server.described()
        described.pop("name")
        for name, image in self.needs.items():
            hashes = _hashes(self.server.needs[name], run)
            described["needs"][name] |= self._identity(image) | hashes
        return {
            "origin": self.server.origin,
            **self._identity(self.image),
            **described,
            **_hashes(self.server, run),
        }

    def _identity(self, image: Image) -> dict[str, Any]:
        known = {"id": image.id, "digests": list(image.digests)}
        if image.is_for(self.machine):
            return known
        return known | {"emulated": f"{image.architecture} on {self.machine}"}

    @property
    def emulated(self) -> list[str]:
        """A note for each of its images that an emulator has to run."""
        whose = {need: f"{need}, which {self.server.name} needs," for need in self.needs}
        images = {self.server.name: self.image} | {whose[name]: self.needs[name] for name in whose}
        return [
            EMULATED.format(name, image.architecture, self.machine)
            for name, image in images.items()
            if not image.is_for(self.machine)
        ]

    @property
    def pinned(self) -> dict[str, str]:
        """The ids of the images, as `SERVER` and `SERVER/NEED`."""
        name = self.server.name
        return {name: self.image.id} | {
            f"{name}/{need}": image.id for need, image in self.needs.items()
        }


def same_image(experiment: Experiment, found: Sequence[Found]) -> list[str]:
    """A note where nothing but names tells two servers apart that are compared."""
    asked = experiment.compare
    two = [one for one in found if asked and one.server.name in (asked.a, asked.b)]
    described = [{**one.server.described(), "name": "", "image": ""} for one in two]
    images = [(one.server.folder, *one.pinned.values()) for one in two]
    if len(two) < len("ab") or described[0] != described[1] or images[0] != images[1]:
        return []
    return [SAME.format(*(one.server.name for one in two))]


def _hashes(keys: ContainerKeys, run: Path) -> dict[str, Any]:
    hashes = {source: tree_hash(run / KEPT / source) for source in keys.files}
    return {"files_sha256": hashes} if hashes else {}


def keep_files(servers: Sequence[Found], run: Path) -> None:
    """Copy what the servers and their needs are given into the run's folder. Raises LabError."""
    begun: dict[str, Path | None] = {}
    for keys in (one for found in servers for one in (found.server, *found.server.needs.values())):
        for source in keys.files:
            if begun.setdefault(source, keys.folder) != keys.folder:
                raise LabError(
                    f"{begun[source]} and {keys.folder} both give {source!r}; rename one of them",
                    Exit.BAD_INPUT,
                )
        if keys.folder is not None:
            keep(keys.folder, keys.files, run)


def ensure_foreign(
    driver: DockerDriver, base: Base, servers: Sequence[Foreign], say: Callable[[str], None]
) -> list[Found]:
    """Find the image of each server, or get it. Raises LabError with all that are missing."""
    store = ImageStore(driver)
    found: list[Found] = []
    missing: list[str] = []
    for server in servers:
        if server.origin == REFERENCE:
            found.append(Found(server, ensure_references(driver, base, say)))
            continue
        images: dict[str, Image] = {}
        for need, keys in {"": server, **server.needs}.items():
            try:
                images[need] = _image(store, keys.image, say)
            except DriverError as error:
                beside = f", which needs {need}" if need else ""
                missing.append(f"server {server.name}{beside}: {error}")
        if images.keys() == {"", *server.needs}:
            machine = str(driver.info()["Architecture"])
            found.append(Found(server, images.pop(""), images, machine))
    if missing:
        raise LabError(
            "\n".join(missing) + "\nAn image has to be in the engine (`docker images` lists them, "
            "`docker build -t NAME:TAG .` makes one, `docker load` reads one from a file) or in a "
            "registry; `python -m servers list` names the lab's own servers",
            Exit.NOT_READY,
        )
    return found


def _image(store: ImageStore, image: str, say: Callable[[str], None]) -> Image:
    """In any form that Docker takes: `shop`, `docker.io/library/shop:1`, `shop@sha256:...`, an id.

    What an engine has built itself has no digest, but an id, which is one of its content too.
    """
    identity = id_of(image)
    reference = image if identity else complete(image)
    for form in (reference, id_of(reference.partition("@")[2])):
        if form and (there := store.find(form)):
            return there
    if identity:
        raise DriverError(f"no image in the engine has the id {image}")
    say(f"image {reference}: it is not here; pulling it")
    return store.pull(reference)


def complete(image: str) -> str:
    """The image's name with the tag that Docker takes when none is given."""
    tagged = "@" in image or ":" in image.rpartition("/")[2]
    return image if tagged else f"{image}:latest"
