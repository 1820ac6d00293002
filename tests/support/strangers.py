"""Somebody else's things that carry every label of the lab's: nothing may happen to them."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from docker.errors import NotFound

from experiments.docker.ownership import labels

if TYPE_CHECKING:
    from collections.abc import Callable

    import docker

ROLES = ("master", "pod", "server", "load", "probe", "tool", "network", "image")
RUNS = (None, "a-test", "tool")


def context(dockerfile: str) -> io.BytesIO:
    """A build context of that file alone."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile.encode()))
    stream.seek(0)
    return stream


class Strangers:
    """What somebody has beside the lab of `owner`; `before` is how it was when it was made."""

    def __init__(self, engine: docker.DockerClient, owner: str) -> None:
        self._engine = engine
        self._api = engine.api
        self._owner = owner
        self._called = f"c10k-stranger-{owner}"
        self.containers: list[str] = []
        self.networks: list[str] = []
        self.volumes: list[str] = []
        self.images: list[str] = []
        self.tags: list[str] = []
        self.before: dict[str, Any] = {}

    def build(self, dockerfile: str, tag: str) -> str:
        """As `docker build` does it; returns the id. An image that had the tag loses it."""
        events = self._api.build(
            fileobj=context(dockerfile), custom_context=True, tag=tag, rm=True, decode=True
        )
        said = [str(event) for event in events]
        made = str(self._engine.images.get(tag).id)
        assert "Successfully built" in "".join(said), said
        self.images.append(made)
        return made

    def tag(self, image: str, tag: str) -> None:
        """One more tag on an image that is not theirs."""
        name, _, version = tag.partition(":")
        self._api.tag(image, name, version)
        self.tags.append(tag)

    def marks(self, role: str, run: str | None) -> dict[str, str]:
        """All labels that the lab would give, a name of its own among them."""
        return labels(self._owner, role, run, f"c10k-a-test-{role}")

    def settle(self, image: str) -> None:
        """Containers of every role and run, one of them running, networks and a volume."""
        for number, (role, run) in enumerate(product(ROLES, RUNS)):
            self.create(image, f"{self._called}-{number}", self.marks(role, run))
        self._api.start(self.containers[0])
        for run in RUNS:
            name = f"{self._called}-{run}"
            made = self._api.create_network(name, labels=self.marks("network", run))
            self.networks.append(str(made["Id"]))
        volume = self._api.create_volume(self._called, labels=self.marks("server", "a-test"))
        self.volumes.append(str(volume["Name"]))

    def create(self, image: str, name: str, marks: dict[str, str], network: str = "none") -> str:
        """A container that sleeps once it is started."""
        made = self._api.create_container(
            image,
            ["infinity"],
            entrypoint=["sleep"],
            name=name,
            labels=marks,
            host_config=self._api.create_host_config(network_mode=network),
        )
        self.containers.append(str(made["Id"]))
        return self.containers[-1]

    def remember(self) -> None:
        self.before = self.now()

    def now(self) -> dict[str, Any]:
        """Everything that the engine tells of it. NotFound when something is gone."""
        api = self._api
        return {
            **{one: api.inspect_container(one) for one in self.containers},
            **{one: api.inspect_network(one) for one in self.networks},
            **{one: api.inspect_volume(one) for one in self.volumes},
            **{one: self._engine.images.get(one).attrs for one in self.images},
        }

    def sweep(self) -> None:
        """Remove what a killed test left of them."""
        match = {"name": self._called}
        self.containers += [one["Id"] for one in self._api.containers(all=True, filters=match)]
        self.networks += [one["Id"] for one in self._api.networks(filters=match)]
        self.volumes += [one["Name"] for one in self._api.volumes(filters=match)["Volumes"] or ()]
        self.leave()

    def leave(self) -> None:
        """Remove it all, whatever is left of it."""
        images = (*self.tags, *reversed(self.images))
        removals: list[Callable[[], object]] = [
            *(partial(self._api.remove_container, one, force=True) for one in self.containers),
            *(partial(self._api.remove_network, one) for one in self.networks),
            *(partial(self._api.remove_volume, one) for one in self.volumes),
            *(partial(self._api.remove_image, one, force=True) for one in images),
        ]
        for remove in removals:
            with suppress(NotFound):  # by a test that failed, or an image with its last child
                remove()
        for kind in (self.containers, self.networks, self.volumes, self.images, self.tags):
            kind.clear()
