"""How the engine of a machine is started, and how its user reaches it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tests.engines.machine import USER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.engines.catalogue import Engine, Kind
    from tests.engines.machine import Machine

LOG: Final = "/var/log/engine.log"
SETTINGS: Final = "/etc/docker/daemon.json"
PODMAN: Final = "/etc/containers/containers.conf"
LIMITS: Final = ("nofile", "nproc")
RUNTIME: Final = "/run/user"
ROOTLESS: Final = "/usr/share/docker.io/contrib/dockerd-rootless.sh"
SUBORDINATE: Final = "100000-165535"


def begin(engine: Engine, machine: Machine) -> None:
    """Start it, and wait until it answers the user. Raises MachineError."""
    machine.write(SETTINGS, json.dumps(dict(engine.settings)))
    KINDS[engine.kind](machine)
    machine.wait_for("the engine", "docker", "version", user=USER)


def _docker(machine: Machine) -> None:
    machine.must("useradd", "--create-home", "--groups", "docker", "--shell", "/bin/sh", USER)
    machine.begin("dockerd", log=LOG)


def _rootless(machine: Machine) -> None:
    """As its users have it: a daemon of their own, whose socket lies in their runtime folder."""
    machine.must("useradd", "--create-home", "--shell", "/bin/sh", USER)
    for kind in ("uids", "gids"):
        machine.must("usermod", f"--add-sub{kind}", SUBORDINATE, USER)
    folder = _runtime_folder(machine)
    machine.environment["XDG_RUNTIME_DIR"] = folder
    machine.must("touch", LOG)
    machine.must("chown", USER, LOG)
    machine.begin(ROOTLESS, log=LOG, user=USER)
    machine.environment["DOCKER_HOST"] = f"unix://{folder}/docker.sock"


def _podman(machine: Machine) -> None:
    """Its service as root, whose socket the user may use."""
    machine.must("useradd", "--create-home", "--shell", "/bin/sh", USER)
    socket = f"{_runtime_folder(machine)}/podman.sock"
    # It asks for more than a machine within a container may be allowed to give.
    limits = [f"{name}={most}:{most}" for name in LIMITS if (most := _most(machine, name))]
    machine.write(PODMAN, f"[containers]\ndefault_ulimits = {json.dumps(limits)}\n")
    machine.begin("podman", "system", "service", "--time=0", f"unix://{socket}", log=LOG)
    machine.wait_for("the service", "chown", USER, socket)
    machine.environment["DOCKER_HOST"] = f"unix://{socket}"


def _most(machine: Machine, limit: str) -> str:
    said = machine.must("prlimit", f"--{limit}", "--output=HARD", "--noheadings").strip()
    return "" if said == "unlimited" else said


def _runtime_folder(machine: Machine) -> str:
    folder = f"{RUNTIME}/{machine.must('id', '--user', USER).strip()}"
    machine.must("install", "--directory", "--mode=0700", f"--owner={USER}", folder)
    return folder


KINDS: Final[Mapping[Kind, Callable[[Machine], None]]] = {
    "docker": _docker,
    "rootless": _rootless,
    "podman": _podman,
}
