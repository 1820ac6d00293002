"""The base image: Debian with Python, from a registry or from Debian's packages.

The official slim image of a pinned minor version comes first. Where no registry
answers, an equal one is made with debootstrap. Either way it is tagged by its
recipe and carries in its labels what it was made from, so that the second start
finds it without asking any network.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, cast

from contract.exits import Exit, LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.docker.ownership import LABEL, ROLE_IMAGE, labels
from experiments.docker.tool import run_tool
from experiments.hashes import short_hash
from experiments.images import debootstrap
from experiments.images.context import build_context
from experiments.images.image import LABEL_FETCHED, LABEL_RECIPE, LABEL_SOURCE, Image, repository
from experiments.images.store import ImageStore, label_step

PYTHON: Final = "3.13"
OFFICIAL: Final = "python:3.13-slim-trixie"
REPOSITORY: Final = repository("base")
MAKING: Final = "2"
"""Raised when what is made of a base changes, so that those made before are made anew."""
VARIABLE: Final = "C10K_BASE_IMAGE"
LABEL_ORIGIN: Final = f"{LABEL}.base.origin"
LABEL_DIGEST: Final = f"{LABEL}.base.digest"
LABEL_PYTHON: Final = f"{LABEL}.base.python"
LOOK: Final = (
    *("python3", "-c"),
    "import platform; print(platform.python_version(), platform.machine())",
)

Origin = Literal["registry", "debootstrap", "environment"]


@dataclass(frozen=True, slots=True)
class Base:
    """What all images stand on. `digest` is the registry's, empty where there is none."""

    reference: str
    image_id: str
    origin: Origin
    digest: str
    python: str


@dataclass(frozen=True, slots=True)
class _Maker:
    """One way to a base: its origin and the hash of all that decides what comes out."""

    driver: DockerDriver
    store: ImageStore
    origin: Origin
    recipe: str

    @property
    def reference(self) -> str:
        """Each owner has a base of its own, so that `make clean` takes nobody else's."""
        return f"{REPOSITORY}:{short_hash(self.recipe, self.driver.owner)}"

    def find(self) -> Base | None:
        """This owner's base, or one made from another owner's of the same recipe."""
        image = self.store.find(self.reference)
        if image is not None:
            return _base(self.reference, image)
        for other in self.store.owned(everyone=True):
            is_base = other.tags[0].startswith(f"{REPOSITORY}:")
            if is_base and other.labels.get(LABEL_RECIPE) == self.recipe:
                return self.derive(other.tags[0], other)
        return None

    def derive(self, source: str, image: Image, *, fetched: bool = False) -> Base:
        """Put the lab's labels on `source`, in an image of its own.

        `fetched` says that the lab itself brought `source`, for this alone.
        """
        python = self._python_of(source, image)
        if not python.startswith(f"{PYTHON}."):
            raise LabError(
                f"base image {source}: it has Python {python}, and {PYTHON} is needed",
                Exit.NOT_READY,
            )
        marks = {
            **labels(self.driver.owner, ROLE_IMAGE, None, self.reference),
            LABEL_RECIPE: self.recipe,
            LABEL_ORIGIN: self.origin,
            LABEL_DIGEST: digest_of(source, image),
            LABEL_PYTHON: python,
            LABEL_SOURCE: image.id,
            LABEL_FETCHED: "yes" if fetched else "no",
        }
        plain = "USER root\nENTRYPOINT []\n" if self.origin == "environment" else ""
        # The labels first: so each step that the build leaves says whose it is.
        dockerfile = f"FROM {source}\n{label_step(marks)}\n{plain}"
        with build_context({"Dockerfile": dockerfile.encode()}) as context:
            return _base(self.reference, self.store.build(context, self.reference))

    def _python_of(self, source: str, image: Image) -> str:
        """Its version. Raises LabError where it is for another machine than the engine's, whether
        an emulator runs it or nothing does: the packages are the engine's own."""
        machine = str(self.driver.info()["Architecture"])
        try:
            python, _, own = run_tool(self.driver, source, LOOK).strip().partition(" ")
        except DriverError:
            if image.is_for(machine):
                raise
            own = image.architecture
        if own != machine:
            raise LabError(
                f"base image {source}: it is for {own}, and the engine's machine is {machine}; "
                f"`docker pull {source}` gets the one for that from a registry, or name another in "
                f"{VARIABLE}",
                Exit.NOT_READY,
            )
        return python


def ensure_base(driver: DockerDriver, store: ImageStore, say: Callable[[str], None]) -> Base:
    """Find the base image, or make it. Raises LabError or DriverError."""
    given = os.environ.get(VARIABLE)
    if given:
        return _from_environment(driver, store, given, say)
    architecture = str(driver.info()["Architecture"])
    official = _Maker(driver, store, "registry", short_hash(MAKING, OFFICIAL, architecture))
    from_packages = short_hash(MAKING, debootstrap.recipe(), architecture)
    packages = _Maker(driver, store, "debootstrap", from_packages)
    known = official.find() or packages.find()
    if known is not None:
        return known
    had_it = store.find(OFFICIAL)
    try:
        if had_it is None:
            say(f"base image: pulling {OFFICIAL}")
        image = had_it or store.pull(OFFICIAL)
    except DriverError as error:
        return _from_packages(packages, architecture, error, say)
    base = official.derive(OFFICIAL, image, fetched=had_it is None)
    if had_it is None:
        store.untag(OFFICIAL)
    return base


def _from_packages(
    maker: _Maker, architecture: str, refused: DriverError, say: Callable[[str], None]
) -> Base:
    raw = f"{REPOSITORY}-raw:{short_hash(maker.recipe, maker.driver.owner)}"
    marks = labels(maker.driver.owner, ROLE_IMAGE, None, raw)
    try:
        image = maker.store.find(raw)  # of a start that was killed before it had its base
        if image is None:
            debootstrap.check_possible(architecture)
            say(
                f"base image: {refused}; making an equal one from Debian's packages "
                "(about a minute, once)"
            )
            with debootstrap.root_as_tar() as tar:
                image = maker.store.import_tar(tar, raw, marks)
    except debootstrap.UnavailableError as error:
        raise LabError(
            f"no base image. {refused}. Making one from Debian's packages instead: {error}. "
            f"Otherwise load an image with Python {PYTHON} by hand (`docker load`) and name it in "
            f"{VARIABLE}",
            Exit.NOT_READY,
        ) from error
    base = maker.derive(raw, image, fetched=True)
    maker.store.untag(raw)
    return base


def _from_environment(
    driver: DockerDriver, store: ImageStore, given: str, say: Callable[[str], None]
) -> Base:
    name = given if ":" in given.rpartition("/")[2] else f"{given}:latest"
    image = store.find(name)
    if image is None:
        say(f"base image: pulling {name} ({VARIABLE})")
        try:
            image = store.pull(name)
        except DriverError as error:
            raise LabError(f"{VARIABLE}={given}: {error}", Exit.NOT_READY) from error
    maker = _Maker(driver, store, "environment", short_hash(MAKING, name, image.id))
    return maker.find() or maker.derive(name, image)


def _base(reference: str, image: Image) -> Base:
    return Base(
        reference=reference,
        image_id=image.id,
        origin=cast("Origin", image.labels[LABEL_ORIGIN]),
        digest=image.labels[LABEL_DIGEST],
        python=image.labels[LABEL_PYTHON],
    )


def digest_of(source: str, image: Image) -> str:
    """The digest in the registry of `source`, or else in another; of a base, its source's."""
    repository = source.partition("@")[0] if "@" in source else source.rpartition(":")[0]
    if repository == REPOSITORY:
        return image.labels.get(LABEL_DIGEST, "")
    own = [one for one in image.digests if one.startswith(f"{repository}@")]
    return next(iter([*own, *image.digests]), "")
