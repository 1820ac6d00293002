"""An image in the engine, and how the lab knows its own. Pure text.

An image built from one of the lab's has all of its labels and cannot lose them, whoever
builds it. So the lab puts the name that it gives an image into the image itself, and an
image is the lab's while it bears that very name. Only such tags are ever taken away, and
only the images without a tag that a build of the lab left below them, or that one which did
not come to its end told of (build_notes.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from experiments.docker.ownership import LABEL, LABEL_NAME

REPOSITORIES: Final = "c10k-lab/"
LABEL_RECIPE: Final = f"{LABEL}.base.recipe"
"""Hash of all that decides what comes out as a base."""
LABEL_SOURCE: Final = f"{LABEL}.base.source"
"""Id of the image that the base was made from, where what the lab built ends."""
LABEL_FETCHED: Final = f"{LABEL}.base.fetched"
"""`yes` if the lab itself pulled or imported that image, for the base alone."""
NO_REGISTRY: Final = "localhost/"
"""What podman puts before the name of an image that came from no registry."""
UNTAGGED: Final = "<none>:<none>"
BEFORE_NAMES: Final = re.compile(rf"{REPOSITORIES}[a-z-]+:[0-9a-f]{{12}}")
"""What the lab called its images before it put their names into them."""
RUN_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "386": ("i386", "i486", "i586", "i686", "x86_64"),
    "amd64": ("x86_64",),
    "arm": ("armv6l", "armv7l", "armv8l", "aarch64"),
    "arm64": ("aarch64",),
    "ppc64le": ("ppc64le",),
    "riscv64": ("riscv64",),
    "s390x": ("s390x",),
}
"""Machines, as `uname -m` has them, that may run an image for a processor, as Docker has that,
without an emulator."""
SHORT: Final = 12
"""Digits of an id in the output of a build."""
STEP: Final = re.compile(r"Step \d+/\d+ : (\w+)")
ARROW: Final = "--->"
RESULT: Final = re.compile(rf" {ARROW} ([0-9a-f]{{{SHORT}}})")
CACHED: Final = f" {ARROW} Using cache"


@dataclass(frozen=True, slots=True)
class Image:
    """`digests` is empty unless a registry had it; `parent` is an id, or empty; `architecture` is
    the processor that it is for by its own word, if that was looked at."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    labels: Mapping[str, str]
    parent: str = ""
    architecture: str = ""

    def is_for(self, machine: str) -> bool:
        """Whether it may run on such a machine (`uname -m`) without an emulator: not, where both
        are known and do not go together."""
        known = RUN_BY.get(self.architecture, ())
        return not machine or not known or machine in known


def repository(target: str) -> str:
    """The name, without a tag, of the lab's images of `target`: server, load, base and so on."""
    return f"{REPOSITORIES}{target}"


def read_image(answer: Mapping[str, Any]) -> Image:
    """Read the engine's answer to a list or to an inspection."""
    labels = (answer.get("Config") or answer).get("Labels") or {}
    return Image(
        id=answer["Id"],
        tags=tuple(
            tag.removeprefix(NO_REGISTRY) for tag in answer.get("RepoTags") or () if tag != UNTAGGED
        ),
        digests=tuple(one for one in answer.get("RepoDigests") or () if "<none>" not in one),
        labels=labels,
        parent=answer.get("Parent") or answer.get("ParentId") or "",
        architecture=answer.get("Architecture") or "",
    )


def own_tags(image: Image) -> tuple[str, ...]:
    """The tags that the lab gave it: its name, and `latest` beside that; none if it is not ours."""
    old = (tag for tag in image.tags if BEFORE_NAMES.fullmatch(tag))
    name = image.labels.get(LABEL_NAME) or next(old, "")
    if name not in image.tags or not name.startswith(REPOSITORIES):
        return ()
    latest = latest_of(name)
    return (name, latest) if latest in image.tags else (name,)


def of_one_recipe(one: Image, other: Image) -> bool:
    """Whether what is in both is a base of the lab, made of the same in the same way."""
    recipe = one.labels.get(LABEL_RECIPE)
    return recipe is not None and recipe == other.labels.get(LABEL_RECIPE)


def latest_of(name: str) -> str:
    """The tag `latest` in the repository of `name`."""
    return f"{name.rpartition(':')[0]}:latest"


def made_by(output: Iterable[str]) -> list[str]:
    """Ids (short) of the images that a build made, oldest first, by the lines of its output.

    What it started from and what it found in the cache was there before.
    """
    made: list[str] = []
    there = True
    for line in output:
        if step := STEP.match(line):
            there = step.group(1) == "FROM"
        elif line == CACHED:
            there = True
        elif (result := RESULT.fullmatch(line)) and not there:
            made.append(result.group(1))
    return made
