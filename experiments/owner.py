"""Who made a container.

Everything the lab makes in the engine carries the owner, so that a sweep after
a killed run and `make clean` touch the lab's own things and nothing else.
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.run_lock import user

if TYPE_CHECKING:
    from experiments.docker_driver import DockerDriver

ROOT: Final = Path(__file__).resolve().parents[1]
MACHINE_ID: Final = Path("/etc/machine-id")

LABEL: Final = "c10k-lab"
LABEL_OWNER: Final = "c10k-lab.owner"
LABEL_RUN: Final = "c10k-lab.run"
LABEL_ROLE: Final = "c10k-lab.role"
ROLE_IMAGE: Final = "image"


def owner_id(checkout: Path = ROOT) -> str:
    """Twelve hex digits, the same for one user, host and checkout at all times."""
    try:
        host = MACHINE_ID.read_text(encoding="ascii").strip() or platform.node()
    except OSError:
        host = platform.node()
    identity = "\0".join((user(), host, str(checkout.resolve())))
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def labels(owner: str, role: str, run: str | None = None) -> dict[str, str]:
    """The labels of everything that the lab makes in the engine."""
    found = {LABEL: "1", LABEL_OWNER: owner, LABEL_ROLE: role}
    if run:
        found[LABEL_RUN] = run
    return found


def found(driver: DockerDriver, *, of_runs: bool) -> dict[str, list[tuple[str, str]]]:
    """(id, name) of this owner's `containers`, `networks` and `volumes` in the engine.

    With `of_runs`, only what a run started: what carries the label of a run. A
    container inherits the labels of its image, so one that somebody started by
    hand from an image of the lab has the role of an image, and is left alone.
    """
    wanted = [f"{LABEL}=1", f"{LABEL_OWNER}={driver.owner}", *([LABEL_RUN] if of_runs else [])]
    api, match = driver.api, {"label": wanted}
    with driver.guard("listing what the lab left"):
        containers = api.containers(all=True, filters=match)
        networks = api.networks(filters=match)
        volumes = [] if of_runs else api.volumes(filters=match)["Volumes"] or []
    return {
        "containers": [
            (one["Id"], _name(one))
            for one in containers
            if one["Labels"].get(LABEL_ROLE) != ROLE_IMAGE
        ],
        "networks": [(one["Id"], one["Name"]) for one in networks],
        "volumes": [(one["Name"], one["Name"]) for one in volumes],
    }


def sweep(driver: DockerDriver, *, of_runs: bool) -> list[str]:
    """Remove what `found` lists; returns the names. Only for who holds the run lock."""
    left = found(driver, of_runs=of_runs)
    driver.remove(container for container, _ in left["containers"])
    for network, _ in left["networks"]:
        driver.remove_network(network)
    for volume, _ in left["volumes"]:
        with driver.guard(f"removing volume {volume}"):
            driver.api.remove_volume(volume)
    return [name for group in left.values() for _, name in group]


def _name(container: dict[str, Any]) -> str:
    """A container that is being removed may have lost its names already."""
    names = container.get("Names") or [container["Id"][:12]]
    return str(names[0]).lstrip("/")
