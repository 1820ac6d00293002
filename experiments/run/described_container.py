"""From the keys of somebody's container (container_keys.py) to its specification."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from experiments.docker.driver import USER, ContainerSpec
from experiments.plan.container_keys import IMAGE, ContainerKeys
from experiments.plan.given_files import KEPT

READS_ALL: Final = ("DAC_READ_SEARCH", "SYS_PTRACE")
"""With these root reads of every process what its own user can."""
STOPS_ALL: Final = ("KILL",)
"""With this root may send a signal to every process that it sees."""


def as_described(spec: ContainerSpec, keys: ContainerKeys, folder: Path) -> ContainerSpec:
    """The same container with what its entry gives it; `folder` is the run's, with its files."""
    return replace(
        spec,
        command=tuple(keys.command),
        entrypoint=None if keys.entrypoint is None else tuple(keys.entrypoint),
        environment=keys.environment,
        user=None if keys.user == IMAGE else keys.user or USER,
        writable=tuple(keys.writable),
        capabilities=tuple(keys.capabilities),
        memory_bytes=keys.memory_bytes,
        files={str(folder / KEPT / source): at for source, at in keys.files.items()},
    )


def beside(spec: ContainerSpec, other: ContainerSpec, *, stops: bool = False) -> ContainerSpec:
    """A container of the lab's that reads /proc of another one, and tells it to end if it `stops`
    it: as the same user it needs nothing for that. Of other users, who may even change in there,
    root reads it."""
    if other.user == USER:
        return spec
    return replace(spec, user="0:0", capabilities=(*READS_ALL, *(STOPS_ALL if stops else ())))
