"""What this owner's lab has in the engine, by its labels and its names.

`sweep` of docker_driver.py removes it, and `swept` of experiments/run/loop.py has that done around
a run, also where Ctrl-C ends it.
"""

from __future__ import annotations

from typing import Any

from experiments.docker.engine import Engine
from experiments.docker.ownership import LABEL, LABEL_NAME, LABEL_OWNER, LABEL_RUN, project


def found(engine: Engine, *, of_runs: bool) -> dict[str, list[tuple[str, str]]]:
    """(id, name) of this owner's `containers` and `networks` in the engine; volumes
    have no name, and go with their container.

    What carries the labels without the name that the lab gave is somebody else's.
    With `of_runs`, only what a run or a tool started, and nothing of `make ui`.
    """
    wanted = [f"{LABEL}=1", f"{LABEL_OWNER}={engine.owner}", *([LABEL_RUN] if of_runs else [])]
    api, match = engine.api, {"label": wanted}
    with engine.guard("listing what the lab left"):
        containers = api.containers(all=True, filters=match)
        networks = api.networks(filters=match)
    return {
        "containers": [
            (one["Id"], _name(one)) for one in containers if _is_own(engine.owner, one, _name(one))
        ],
        "networks": [
            (one["Id"], one["Name"]) for one in networks if _is_own(engine.owner, one, one["Name"])
        ],
    }


def _is_own(owner: str, one: dict[str, Any], name: str) -> bool:
    """Whether the lab called it so, by itself or through Compose (1 joins words by _, 2 by -)."""
    through_compose = name.startswith((f"{project(owner)}_", f"{project(owner)}-"))
    return through_compose or name == one["Labels"].get(LABEL_NAME)


def _name(container: dict[str, Any]) -> str:
    """A container that is being removed may have lost its name already; what the lab called it
    stands for it, since what hangs on it can only go after it."""
    names = container.get("Names") or [container["Labels"].get(LABEL_NAME, container["Id"][:12])]
    return str(names[0]).lstrip("/")
