"""Who made a container.

Everything the lab makes in the engine carries the owner and has a name that the
lab gave, so that a sweep after a killed run and `make clean` touch the lab's own
things and nothing else. A label alone tells nothing: an image inherits those of
the image that it is built from, a container those of its image, and anybody can
set any.
"""

from __future__ import annotations

import hashlib
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from experiments.docker.driver import InUseError
from experiments.paths import ROOT
from experiments.run.run_lock import user

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver

MACHINE_ID: Final = Path("/etc/machine-id")

LABEL: Final = "c10k-lab"
LABEL_OWNER: Final = "c10k-lab.owner"
LABEL_RUN: Final = "c10k-lab.run"
LABEL_ROLE: Final = "c10k-lab.role"
LABEL_NAME: Final = "c10k-lab.name"
"""What the lab called it: what bears another name is not the lab's."""
ROLE_IMAGE: Final = "image"
ATTEMPTS: Final = 5
AGAIN_S: Final = 0.2


def owner_id(checkout: Path = ROOT) -> str:
    """Twelve hex digits, the same for one user, host and checkout at all times."""
    try:
        host = MACHINE_ID.read_text(encoding="ascii").strip() or platform.node()
    except OSError:
        host = platform.node()
    identity = "\0".join((user(), host, str(checkout.resolve())))
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def project(owner: str) -> str:
    """The Compose project of `make ui`, which begins the names of all that it starts."""
    return f"c10k-lab-{owner}"


def labels(owner: str, role: str, run: str | None, name: str) -> dict[str, str]:
    """The labels of everything that the lab makes in the engine; an image has no run."""
    found = {LABEL: "1", LABEL_OWNER: owner, LABEL_ROLE: role, LABEL_NAME: name}
    if run:
        found[LABEL_RUN] = run
    return found


def found(driver: DockerDriver, *, of_runs: bool) -> dict[str, list[tuple[str, str]]]:
    """(id, name) of this owner's `containers` and `networks` in the engine; it makes no volumes.

    What carries the labels without the name that the lab gave is somebody else's.
    With `of_runs`, only what a run or a tool started, and nothing of `make ui`.
    """
    wanted = [f"{LABEL}=1", f"{LABEL_OWNER}={driver.owner}", *([LABEL_RUN] if of_runs else [])]
    api, match = driver.api, {"label": wanted}
    with driver.guard("listing what the lab left"):
        containers = api.containers(all=True, filters=match)
        networks = api.networks(filters=match)
    return {
        "containers": [
            (one["Id"], _name(one)) for one in containers if _is_own(driver.owner, one, _name(one))
        ],
        "networks": [
            (one["Id"], one["Name"]) for one in networks if _is_own(driver.owner, one, one["Name"])
        ],
    }


def sweep(driver: DockerDriver, *, of_runs: bool) -> list[str]:
    """Remove what `found` lists; returns the names. Only for who holds the run lock.

    A network that a container of somebody else's has joined stays.
    """
    left = found(driver, of_runs=of_runs)
    driver.remove(container for container, _ in left["containers"])
    gone = [name for _, name in left["containers"]]
    for network, name in left["networks"]:
        if _removed(driver, network):
            gone.append(name)
    return gone


def _removed(driver: DockerDriver, network: str) -> bool:
    """Whether it could be; a container that is just ending may leave it a moment later."""
    for _ in range(ATTEMPTS):
        try:
            driver.remove_network(network)
        except InUseError:
            time.sleep(AGAIN_S)
        else:
            return True
    return False


def _is_own(owner: str, one: dict[str, Any], name: str) -> bool:
    """Whether the lab called it so, by itself or through Compose (1 joins words by _, 2 by -)."""
    through_compose = name.startswith((f"{project(owner)}_", f"{project(owner)}-"))
    return through_compose or name == one["Labels"].get(LABEL_NAME)


def _name(container: dict[str, Any]) -> str:
    """A container that is being removed may have lost its name already; what the lab called it
    stands for it, since what hangs on it can only go after it."""
    names = container.get("Names") or [container["Labels"].get(LABEL_NAME, container["Id"][:12])]
    return str(names[0]).lstrip("/")
