"""Images by content: a tag is the hash of everything that enters the image.

So a second start finds every tag and builds nothing, a change of one file
rebuilds what it enters, and two checkouts of the same content share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.images.base import REPOSITORY as BASE_REPOSITORY
from experiments.images.base import Base, ensure_base
from experiments.images.context import build_context, wheels_in
from experiments.images.image import latest_of, repository
from experiments.images.store import ImageStore
from experiments.images.wheelhouse import ensure_wheels
from experiments.paths import ROOT

DOCKERFILE: Final = "experiments/images/Dockerfile"
TRACING: Final = "experiments/probe/tracing.py"
PROBE: Final = (
    "experiments/probe/probe.py",
    "experiments/probe/deepest.py",
    "experiments/probe/pressure.py",
    "experiments/probe/processes.py",
    "experiments/probe/machine.py",
    "experiments/probe/server_core.py",
    "experiments/probe/netlink.py",
    "experiments/probe/sock_diag.py",
    "experiments/probe/link.py",
    "experiments/probe/listeners.py",
    "experiments/probe/need_watch.py",
)
CONTENT: Final[Mapping[str, tuple[str, ...]]] = {
    "server": (DOCKERFILE, "servers", "contract", *PROBE),
    "load": (DOCKERFILE, "loadgen", "contract"),
    "peers": (DOCKERFILE, "loadgen", "contract"),
    "traced": (DOCKERFILE, "servers", "contract", *PROBE, TRACING),
    "browser": (DOCKERFILE,),
}
"""What enters each target, in the order of the Dockerfile: the classic builder
builds all stages above its target, so those are built and tagged first."""
LOCKS: Final[Mapping[str, str]] = {
    "server": "servers/requirements.lock",
    "load": "loadgen/requirements.lock",
}
"""The Python packages that a target brings, in a stage of their own above it."""


@dataclass(frozen=True, slots=True)
class Images:
    """References (NAME:HASH) and ids by target, for the trials and the manifest."""

    base: Base
    references: Mapping[str, str]
    ids: Mapping[str, str]

    @property
    def server(self) -> str:
        return self.references["server"]

    @property
    def load(self) -> str:
        return self.references["load"]

    @property
    def peers(self) -> str:
        return self.references["peers"]

    @property
    def traced(self) -> str:
        return self.references["traced"]

    @property
    def browser(self) -> str:
        return self.references["browser"]


def ensure_images(
    driver: DockerDriver,
    targets: Collection[str] = ("server", "load"),
    say: Callable[[str], None] = print,
) -> Images:
    """Build what is not there; `say` gets one line per thing built. Raises LabError."""
    unknown = set(targets) - set(CONTENT)
    if unknown:
        raise LabError(
            f"no such image: {', '.join(sorted(unknown))}; there are {', '.join(CONTENT)}"
        )
    try:
        return _ensure(driver, targets, say)
    except DriverError as error:
        raise LabError(f"images: {error}", Exit.NOT_READY) from error


def _ensure(driver: DockerDriver, targets: Collection[str], say: Callable[[str], None]) -> Images:
    store = ImageStore(driver)
    base = ensure_base(driver, store, say)
    files = {
        path: path.read_bytes()
        for path in _files(ROOT, [part for parts in CONTENT.values() for part in parts])
    }
    last = max(targets, key=list(CONTENT).index, default="server")
    references = {
        target: f"{repository(target)}:{target_hash(target, base.image_id, files)}"
        for target in _from_the_top(last)
    }
    there = {tag: image.id for image in store.owned(everyone=True) for tag in image.tags}
    built = False
    for target, reference in references.items():
        if reference not in there:
            say(f"image {target}: building {reference}")
            content: dict[str, bytes | Path] = {
                place: files[path] for path in sorted(files) for place in _places(path)
            }
            for above, lock in locks(target).items():
                wheels = ensure_wheels(_architecture(driver), lock, say)
                content |= wheels_in(wheels, f"wheels/{above}")
            with build_context(content) as context:
                image = store.build(
                    context, reference, target=target, arguments={"BASE": base.reference}
                )
            there[reference] = image.id
            built = True
        latest = latest_of(reference)
        if there.get(latest) != there[reference]:
            if not store.point_latest(reference):
                say(f"{latest} names an image of somebody's own; it is left as it is")
            store.supersede(repository(target), keep=reference)
    if built:
        store.supersede(BASE_REPOSITORY, keep=base.reference)
    store.clear_unfinished()  # after the builds, which may have found some of it in the cache
    return Images(base, references, {target: there[name] for target, name in references.items()})


def _from_the_top(target: str) -> list[str]:
    """The targets that the classic builder builds on its way to this one, which comes last."""
    names = list(CONTENT)
    return names[: names.index(target) + 1]


def locks(target: str) -> dict[str, Path]:
    """The locks of the packages that enter this target and those above it, by target."""
    return {above: ROOT / LOCKS[above] for above in _from_the_top(target) if above in LOCKS}


def target_hash(target: str, base_id: str, files: Mapping[Path, bytes]) -> str:
    """Twelve hex digits over the target, the base, and each file's path and bytes."""
    digest = hashlib.sha256(f"{target}\0{base_id}\0".encode())
    for path in sorted(files):
        name = path.as_posix()
        if any(name == part or name.startswith(f"{part}/") for part in CONTENT[target]):
            digest.update(f"{name}\0{len(files[path])}\0".encode() + files[path])
    return digest.hexdigest()[:12]


def _files(root: Path, parts: Collection[str]) -> Iterator[Path]:
    """Relative paths of all files of `parts`, without byte code and hidden files."""
    for part in dict.fromkeys(parts):
        path = root / part
        if path.is_file():
            yield Path(part)
            continue
        if not path.is_dir():
            raise LabError(f"{path}: missing; the images need it. Is the checkout complete?")
        for file in path.rglob("*"):
            inside = file.relative_to(root)
            hidden = any(name.startswith((".", "__pycache__")) for name in inside.parts)
            if file.is_file() and not hidden and file.suffix != ".pyc":
                yield inside


def _places(path: Path) -> list[str]:
    """Where a file of the checkout stands in the context: a folder per target."""
    name = path.as_posix()
    if name == DOCKERFILE:
        return ["Dockerfile"]
    if name == TRACING:
        return [f"trace/{path.name}"]
    if name.startswith("contract/"):
        return [f"server/{name}", f"load/{name}"]
    return [f"load/{name}" if name.startswith("loadgen/") else f"server/{name}"]


def _architecture(driver: DockerDriver) -> str:
    return str(driver.info()["Architecture"])
