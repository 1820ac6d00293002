"""An engine that has images in memory."""

from __future__ import annotations

import shlex
import tarfile
from typing import IO, TYPE_CHECKING

from experiments.docker.driver import DriverError
from experiments.images.image import Image, own_tags

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakeDriver:
    owner = "me"

    def info(self) -> dict[str, str]:
        return {"Architecture": "x86_64"}


class FakeStore:
    """Images by tag; a registry that has `registry`, or does not answer."""

    def __init__(self, *, registry: bool = False) -> None:
        self.images: dict[str, Image] = {}
        self.registry = registry
        self.done: list[str] = []
        self.dockerfile: list[str] = []

    def find(self, reference: str) -> Image | None:
        return self.images.get(reference)

    def owned(self, *, everyone: bool = False) -> list[Image]:
        assert everyone
        return [one for one in self.images.values() if own_tags(one)]

    def pull(self, reference: str) -> Image:
        self.done.append("pull")
        if not self.registry:
            raise DriverError("no such host")
        return self._add(reference, {}, ("python@sha256:abc",))

    def import_tar(self, stream: IO[bytes], reference: str, labels: Mapping[str, str]) -> Image:
        self.done.append("import")
        assert stream.read() == b"root"
        return self._add(reference, labels)

    def build(self, context: IO[bytes], reference: str) -> Image:
        self.done.append("build")
        with tarfile.open(fileobj=context) as tar:
            dockerfile = tar.extractfile("Dockerfile")
            assert dockerfile is not None
            self.dockerfile = dockerfile.read().decode().splitlines()
        pairs = [word.partition("=") for word in shlex.split(self.dockerfile[1])[1:]]
        return self._add(reference, {name: value for name, _, value in pairs})

    def untag(self, reference: str) -> None:
        del self.images[reference]

    def _add(
        self, reference: str, labels: Mapping[str, str], digests: tuple[str, ...] = ()
    ) -> Image:
        image = Image(f"sha256:{reference}", (reference,), digests, dict(labels))
        self.images[reference] = image
        return image
