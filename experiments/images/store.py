"""The lab's images in the engine: find, pull, import, build, tag, remove."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from experiments.driver import DriverError
from experiments.exits import LabError
from experiments.images.messages import explain
from experiments.owner import LABEL, LABEL_OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from experiments.docker_driver import DockerDriver

OUTPUT_LINES: Final = 30
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
UNTAGGED: Final = "<none>:<none>"


class BuildFailedError(LabError):
    """A step of a build failed; the message ends with the last lines of its output."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image in the engine. `digests` is empty unless a registry had it."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    labels: Mapping[str, str]


class ImageStore:
    """Image work of one driver; builds are removed of all that they do not need."""

    def __init__(self, driver: DockerDriver) -> None:
        self._driver = driver

    def find(self, reference: str) -> Image | None:
        """The image that `reference` (NAME:TAG) names, or None."""
        api = self._driver.api
        with self._driver.guard(f"looking for image {reference}"):
            found = api.images(name=reference)
        return _image(found[0]) if found else None

    def owned(self, *, everyone: bool = False) -> list[Image]:
        """Images labelled as the lab's, of this owner or of everyone on this engine."""
        wanted = [f"{LABEL}=1"]
        if not everyone:
            wanted.append(f"{LABEL_OWNER}={self._driver.owner}")
        api = self._driver.api
        with self._driver.guard("listing the lab's images"):
            return [_image(one) for one in api.images(filters={"label": wanted})]

    def pull(self, reference: str) -> Image:
        """From its registry. DriverError when none answers or it has no such image."""
        api = self._driver.api
        with self._driver.guard(f"pulling {reference}"):
            for event in api.pull(reference, stream=True, decode=True):
                if "error" in event:
                    raise DriverError(f"pulling {reference}: {event['error']}")
        image = self.find(reference)
        if image is None:
            raise DriverError(f"pulling {reference}: the engine does not have it after the pull")
        return image

    def import_tar(self, stream: IO[bytes], reference: str, labels: Mapping[str, str]) -> Image:
        """A root file system as an image of one layer."""
        name, _, tag = reference.rpartition(":")
        changes = ['CMD ["python3"]', label_step(labels)]
        with self._driver.patient() as api, self._driver.guard(f"importing {reference}"):
            answer = str(api.import_image_from_stream(stream, name, tag, changes))
        image = self.find(reference)
        if image is None:
            raise DriverError(explain(f"importing {reference}", answer))
        return image

    def build(
        self,
        context: IO[bytes],
        reference: str,
        *,
        target: str | None = None,
        arguments: Mapping[str, str] | None = None,
    ) -> Image:
        """Build from a tar with its own Dockerfile, and tag it."""
        output: list[str] = []
        with self._driver.patient() as api, self._driver.guard(f"building {reference}"):
            events: Iterator[dict[str, Any]] = api.build(
                fileobj=context,
                custom_context=True,
                tag=reference,
                target=target,
                buildargs=dict(arguments or {}),
                rm=True,
                forcerm=True,
                decode=True,
            )
            for event in events:
                text = COLOUR.sub("", str(event.get("stream", "")))
                output += [line for line in text.splitlines() if line.strip()]
                if "error" in event:
                    raise _failed(reference, output, str(event["error"]))
        image = self.find(reference)
        if image is None:
            raise _failed(reference, output, "no image came out of it")
        return image

    def tag(self, image: str, reference: str) -> None:
        name, _, tag = reference.rpartition(":")
        api = self._driver.api
        with self._driver.guard(f"tagging {reference}"):
            api.tag(image, name, tag)

    def untag(self, reference: str) -> None:
        """Take the tag away, and the image with it when nothing else needs it."""
        api = self._driver.api
        with self._driver.guard(f"removing image {reference}"):
            api.remove_image(reference, force=True)

    def supersede(self, repository: str, keep: str) -> None:
        """Remove this owner's other tags of `repository`, and what hung on them.

        One that a container still uses stays until the next time.
        """
        for image in self.owned():
            for tag in image.tags:
                if tag.startswith(f"{repository}:") and tag not in (keep, f"{repository}:latest"):
                    with suppress(DriverError):
                        self.untag(tag)
        self.prune()

    def prune(self) -> None:
        """Remove this owner's images without a tag that no other image is built on."""
        wanted = {"dangling": True, "label": [f"{LABEL}=1", f"{LABEL_OWNER}={self._driver.owner}"]}
        api = self._driver.api
        with self._driver.guard("removing images without a tag"):
            prune: Callable[..., object] = api.prune_images  # the stubs leave it untyped
            prune(filters=wanted)

    def remove_all(self) -> list[str]:
        """Remove every image of this owner; returns their tags."""
        gone = [tag for image in self.owned() for tag in image.tags]
        for tag in gone:
            self.untag(tag)
        self.prune()
        return gone


def label_step(labels: Mapping[str, str]) -> str:
    """All labels in one instruction: each step of a build costs."""
    return " ".join(["LABEL", *(f'"{name}"="{value}"' for name, value in labels.items())])


def _image(answer: dict[str, Any]) -> Image:
    return Image(
        id=answer["Id"],
        tags=tuple(tag for tag in answer.get("RepoTags") or () if tag != UNTAGGED),
        digests=tuple(one for one in answer.get("RepoDigests") or () if "<none>" not in one),
        labels=answer.get("Labels") or {},
    )


def _failed(reference: str, output: list[str], error: str) -> BuildFailedError:
    tail = "\n".join(f"  | {line}" for line in output[-OUTPUT_LINES:])
    return BuildFailedError(f"{explain(f'building {reference}', error)}. Its last output:\n{tail}")
