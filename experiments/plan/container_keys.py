"""What somebody's container may be given: the keys that a server and what it needs have in common.

Without them a container is confined like the lab's own (experiments/docker/container_options.py).
"""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

from contract.given import WHOLE_FILE_SYSTEM
from experiments.plan.given_files import fault_of
from experiments.plan.http_request import Word
from experiments.plan.strict import Shaped, Strict

IMAGE: Final = "image"
"""Stands in `user` for the image's own."""
MIB: Final = 2**20
LEAST_BYTES: Final = 6 * MIB
"""Docker grants no less memory."""
UNITS: Final = {"k": 2**10, "m": MIB, "g": 2**30}
_HOST = r"(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REFERENCE: Final = (
    rf"^(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    r"(?:@[A-Za-z0-9_+.-]+:[0-9A-Fa-f]+)?$"
)
"""What Docker takes for an image's (distribution/reference); an id is of the same form."""

Capability = Literal[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
]
"""Those that `docker run` gives to everybody; more would be given for nobody's server."""


def _everything(value: object) -> object:
    return [WHOLE_FILE_SYSTEM] if value == "all" else value


def _place(path: str) -> str:
    """A path in a container. Raises ValueError."""
    if not path.startswith("/") or posixpath.normpath(path) != path or ":" in path:
        raise ValueError("has to be a whole path in the container, such as /var/lib/shop")
    if path.split("/")[1] in ("proc", "sys", "dev"):
        raise ValueError("/proc, /sys and /dev are the kernel's")
    return path


def _target(path: str) -> str:
    if _place(path) == WHOLE_FILE_SYSTEM:
        raise ValueError("a file cannot lie over the whole file system")
    return path


def _enough(text: str) -> str:
    if bytes_of(text) < LEAST_BYTES:
        raise ValueError(f"Docker grants no less than {LEAST_BYTES // MIB}m")
    return text


def bytes_of(text: str) -> int:
    """`512m` in bytes."""
    return int(text[:-1]) * UNITS[text[-1]]


def _variables(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError('has to be names and values, such as `DEBUG: "1"`')
    return value


Image = Annotated[
    str,
    Shaped(
        REFERENCE,
        "the reference of an image: NAME:TAG, NAME@DIGEST or an id, NAME in small letters and "
        "without https://, such as shop:1 or registry.example:5000/team/shop:1",
    ),
]
Variable = Annotated[str, Shaped(r"^[^=\0]+$", "the name of a variable, not empty and without =")]
Writable = Annotated[
    list[Annotated[str, AfterValidator(_place)]],
    BeforeValidator(_everything, json_schema_input_type=list[str] | Literal["all"]),
]
Memory = Annotated[
    str,
    Shaped(r"^[1-9][0-9]{0,9}[kmg]$", "a whole number with k, m or g, such as 512m"),
    AfterValidator(_enough),
]
User = Annotated[
    str,
    Shaped(
        r"^[A-Za-z0-9_][\w.-]*(:[A-Za-z0-9_][\w.-]*)?$",
        'a name or a number, or two of them, as in "1000:1000"',
    ),
]


class ContainerKeys(Strict):
    """Only `image` is needed."""

    image: Image = Field(
        description="NAME:TAG, NAME@DIGEST or an image's id, in the engine or in a registry"
    )
    command: list[Word] = Field(
        default_factory=list, description="Words after the image's entry point; its own if absent"
    )
    entrypoint: list[Word] | None = Field(
        None, description="In the place of the image's entry point; [] is none"
    )
    environment: Annotated[dict[Variable, Word], BeforeValidator(_variables)] = Field(
        default_factory=dict, description="Variables for it"
    )
    user: User | None = Field(
        None, description='`image`: the image\'s own; or "UID", "UID:GID"; 10001 if absent'
    )
    writable: Writable = Field(
        default_factory=list,
        description="Folders that it may write to and execute from, each empty and in memory; or "
        "`all`: the whole file system as the image has it. Only /tmp, without execution, if absent",
    )
    capabilities: list[Capability] = Field(
        default_factory=list, description="Capabilities of Linux, of those that Docker gives"
    )
    memory: Memory | None = Field(
        None, description="Beyond it the kernel ends it: 512m, 2g; no limit if absent"
    )
    files: dict[str, Annotated[str, AfterValidator(_target)]] = Field(
        default_factory=dict,
        description="Files and folders beside this file, each with its path in the container, "
        "where it can be read only",
    )
    _folder: Path | None = PrivateAttr(None)

    @property
    def folder(self) -> Path | None:
        """Where its `files` are; None of an entry that was read from no file."""
        return self._folder

    @property
    def memory_bytes(self) -> int | None:
        return None if self.memory is None else bytes_of(self.memory)

    @model_validator(mode="after")
    def _within_its_folder(self, info: ValidationInfo) -> Self:
        """The context has the folder of the file that is read."""
        folder = (info.context or {}).get("folder")
        if folder is not None:
            self._folder = folder
            faults = [fault for source in self.files if (fault := fault_of(folder, source))]
            if faults:
                raise ValueError(f"files: {'; '.join(faults)}")
        return self
