"""The lab's images for tests, which one process makes at a time, as tests run side by side."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from experiments.images.build import DOCKERFILE, Images, ensure_images
from experiments.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from experiments.docker.docker_driver import DockerDriver

TRIAL_TARGETS = ("server", "load")


@contextmanager
def alone() -> Iterator[None]:
    """While no other process of this checkout's tests makes images; a killed one makes none."""
    with (ROOT / DOCKERFILE).open() as made:
        fcntl.flock(made, fcntl.LOCK_EX)
        yield


def images_of(
    engine: DockerDriver,
    targets: Collection[str] = TRIAL_TARGETS,
    say: Callable[[str], None] = print,
) -> Images:
    """Those of these targets, once another process that makes some is done."""
    with alone():
        return ensure_images(engine, targets, say)
