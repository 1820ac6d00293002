"""The images of a run on the hosts that load: those of the server's, carried over once."""

from __future__ import annotations

from collections.abc import Callable

from experiments.docker.docker_driver import DockerDriver
from experiments.hosts.host_engines import HostEngines
from experiments.hosts.sides import in_words
from experiments.images.build import Images
from experiments.images.store import ImageStore


def carry(driver: DockerDriver, images: Images, say: Callable[[str], None]) -> None:
    """What a host that loads needs and has not: a name is the hash of all that enters an image, so
    it is the same on all. Nothing where there is one host. Raises DriverError."""
    if not isinstance(driver, HostEngines):
        return
    here = ImageStore(driver)
    for side, engine in driver.loads.items():
        there = ImageStore(engine)
        for reference in (images.server, images.load):
            if there.find(reference) is None:
                say(f"{reference}: to {in_words(side)}")
                there.load(here.save(reference), reference)
