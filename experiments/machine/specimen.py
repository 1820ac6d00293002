"""Containers that ask for all that a run's containers ask, to see what the engine gives.

Once before the first trial, and for `make doctor`: an engine that does not keep cores would let
server and load share them in every trial.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from contract import granted
from contract.settings.trial import Settings
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec
from experiments.docker.tool import program, run_tool
from experiments.machine.cores import Placement
from experiments.machine.shortfalls import (
    CORES,
    MEMORY,
    PIDS,
    QUOTA,
    DiscardedError,
    Shortfall,
    compare,
)
from experiments.plan.trials import Point, Trial
from experiments.run.container_names import SERVER_POD
from experiments.run.trial_containers import Containers

WITHOUT: Final[dict[str, dict[str, Any]]] = {
    CORES: {"cpus": ""},
    QUOTA: {"cpu_quota": None},
    PIDS: {"pids_limit": None},
    MEMORY: {"memory_bytes": None},
}
"""How a spec no longer asks for a limit."""
MODEL: Final = Trial(Point("model", Settings(server_cpu_quota=0.5)), 1, 1, 1)
"""A trial with the limits and kernel settings of all, and a quota."""


@dataclass(frozen=True, slots=True)
class _NoImages:
    """A specimen is looked at in another image."""

    server: str = ""
    load: str = ""
    traced: str = ""


def specimens(trials: Sequence[Trial], placement: Placement, nofile: int) -> list[ContainerSpec]:
    """A server's container and a load worker's, of each host that loads, with all limits that any
    of the trials asks for.

    Of kernel settings they have those of every pod: one that a kernel does not know stops the
    containers that ask for it, and no others.
    """
    make = Containers(_NoImages(), placement, "none", nofile, "", defaultdict(str))
    alone = [trial for trial in trials if trial.point.settings.without_clients]
    loaded = [trial for trial in trials if not trial.point.settings.without_clients]
    pods = [make.pod(trial, SERVER_POD).sysctls for trial in loaded]
    sysctls = {
        name: value
        for pod in pods
        for name, value in pod.items()
        if all(name in other for other in pods)
    }
    servers = [make.microbenchmark(trial) for trial in alone]
    servers += [make.server(trial, "none") for trial in loaded]
    loads = [spec for trial in loaded for spec in make.loads(trial, "none").values()]
    by_side: defaultdict[str, list[ContainerSpec]] = defaultdict(list)
    for one in loads:
        by_side[one.side].append(one)
    return [replace(_greediest(servers), sysctls=sysctls), *map(_greediest, by_side.values())]


def unkept(driver: DockerDriver, image: str, specs: Sequence[ContainerSpec]) -> list[Shortfall]:
    """Limits that containers of these specs are not given, each once. Raises DriverError when
    none can be started.
    """
    found: dict[str, Shortfall] = {}
    for spec in specs:
        for one in _unkept(driver, image, spec):
            found.setdefault(one.limit, one)
    return list(found.values())


def _unkept(driver: DockerDriver, image: str, spec: ContainerSpec) -> list[Shortfall]:
    """What the engine says that it discards; of the rest, what a container sees."""
    try:
        seen = json.loads(run_tool(driver, image, program(granted, *spec.sysctls), like=spec))
    except DiscardedError as error:
        for one in error.found:
            spec = replace(spec, **WITHOUT[one.limit])
        return [*error.found, *_unkept(driver, image, spec)]
    return compare(spec, seen)


def _greediest(specs: list[ContainerSpec]) -> ContainerSpec:
    """The first of them, with the highest of each limit that any has."""
    limited = next((spec for spec in specs if spec.cpu_quota is not None), specs[0])
    highest: dict[str, Any] = {
        name: max((value for spec in specs if (value := getattr(spec, name))), default=None)
        for name in ("nofile", "pids_limit", "memory_bytes")
    }
    quota: dict[str, Any] = {"cpu_quota": limited.cpu_quota, "cpu_period_us": limited.cpu_period_us}
    return replace(specs[0], **quota, **highest)
