"""The images of a run on the load's host: those of the server's, carried over once."""

from __future__ import annotations

from collections.abc import Callable

from experiments.docker.docker_driver import DockerDriver
from experiments.hosts.two_engines import TwoEngines
from experiments.images.build import Images
from experiments.images.store import ImageStore


def carry(driver: DockerDriver, images: Images, say: Callable[[str], None]) -> None:
    """What the load's host needs and has not: a name is the hash of all that enters an image, so it
    is the same on both. Nothing where there is one host. Raises DriverError."""
    if not isinstance(driver, TwoEngines):
        return
    here, there = ImageStore(driver), ImageStore(driver.load)
    for reference in (images.server, images.load):
        if there.find(reference) is None:
            say(f"{reference}: to the load's host")
            there.load(here.save(reference), reference)
