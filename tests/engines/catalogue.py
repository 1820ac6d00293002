"""The engines, with what is tried on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES: Final = (
    *("docker.io", "docker-cli", "docker-buildx", "docker-compose", "docker-registry", "iptables"),
    *("python3", "python3-venv", "make", "git", "ca-certificates", "iproute2", "procps", "kmod"),
    *("gpgv", "wget", "rootlesskit", "slirp4netns", "uidmap", "podman"),
)
"""What a person there would have installed, with all kinds of engines."""


@dataclass(frozen=True, slots=True)
class Engine:
    """`checkout` is the folder that the lab lies in, below the user's home."""

    name: str
    suite: str
    cases: Sequence[str]
    about: str
    checkout: str


ENGINES: Final = (
    Engine(
        "trixie",
        "trixie",
        ("doctor", "smoke", "second_start", "ui", "clean"),
        "no registry; the checkout in a folder with a space and an unusual letter",
        "my lab \u00fc",
    ),
)
