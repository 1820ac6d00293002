"""The engines, with what is tried on each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PACKAGES: Final = (
    *("docker.io", "docker-cli", "docker-buildx", "docker-compose", "docker-registry", "iptables"),
    *("python3", "python3-venv", "make", "git", "ca-certificates", "iproute2", "procps", "kmod"),
    *("gpgv", "wget", "rootlesskit", "slirp4netns", "uidmap", "podman"),
    *("aardvark-dns", "netavark", "nftables"),
)
"""What a person there would have installed, with all kinds of engines."""
EVERYDAY: Final = ("doctor", "smoke", "second_start", "stranger", "ui", "clean")
Kind = Literal["docker", "rootless", "podman"]


@dataclass(frozen=True, slots=True)
class Engine:
    """`checkout` is the folder that the lab lies in, below the user's home; `settings` are those of
    the daemon. Where `bare`, its control groups are a version 2 without controllers. An engine that
    is refused is so with the words `refused`."""

    name: str
    suite: str
    cases: Sequence[str]
    about: str
    checkout: str = "lab"
    kind: Kind = "docker"
    settings: Mapping[str, object] = field(default_factory=dict)
    bare: bool = False
    refused: str = ""

    def __post_init__(self) -> None:
        assert bool(self.refused) == ("refusal" in self.cases), self.name


ENGINES: Final = (
    Engine(
        "trixie",
        "trixie",
        EVERYDAY,
        "no registry; the checkout in a folder with a space and an unusual letter",
        checkout="my lab \u00fc",
    ),
    Engine(
        "forky",
        "forky",
        EVERYDAY,
        "the containerd image store",
        settings={"features": {"containerd-snapshotter": True}},
    ),
    Engine(
        "registry",
        "trixie",
        ("from_registry",),
        "a mirror of a registry on the loopback",
        settings={"registry-mirrors": ["http://127.0.0.1:5000"]},
    ),
    Engine(
        "vfs",
        "trixie",
        ("measure", "clean"),
        "the storage driver vfs",
        settings={"storage-driver": "vfs"},
    ),
    Engine(
        "userns",
        "trixie",
        ("doctor", "measure", "clean"),
        "user namespaces (userns-remap)",
        settings={"userns-remap": "default"},
    ),
    Engine(
        "no-cpusets",
        "trixie",
        ("refusal",),
        "control groups without cpusets",
        bare=True,
        refused="cpuset",
    ),
    Engine(
        "rootless",
        "trixie",
        ("refusal",),
        "the user's own engine, without root",
        kind="rootless",
        refused="an engine without root keeps limits only with cgroup v2 and systemd",
    ),
    Engine(
        "podman",
        "trixie",
        ("refusal",),
        "podman's service for Docker's API",
        kind="podman",
        refused="podman's service",
    ),
)
