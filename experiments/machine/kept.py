"""Whether this engine gives a container what is asked for it, seen from inside such containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from experiments.docker.docker_driver import DockerDriver
from experiments.machine import shortfalls
from experiments.machine.checks import Check, Status
from experiments.machine.cores import Placement
from experiments.machine.shortfalls import Shortfall
from experiments.machine.specimen import specimens, unkept
from experiments.plan.trials import Trial
from experiments.run.trial_environment import MOST_NOFILE

NAME: Final = "limits in containers"
OF_SOME: Final = (shortfalls.QUOTA, shortfalls.MEMORY, shortfalls.SWAP)
"""Limits that only some trials ask for."""


def see_unkept(
    driver: DockerDriver,
    image: str,
    trials: Sequence[Trial],
    placement: Placement,
    memory_bytes: int | None = None,
    side: str = "",
) -> list[Shortfall]:
    """Limits of the trials, and this much memory, that containers are not given; of several hosts,
    on that of this side.

    Raises DriverError.
    """
    nofile = min(driver.nofile_limit(image), MOST_NOFILE)
    server, *others = specimens(trials, placement, nofile)
    if memory_bytes is not None:
        server = replace(server, memory_bytes=memory_bytes)
    return unkept(driver, image, [one for one in (server, *others) if side in ("", one.side)])


def check_kept(
    found: Sequence[Shortfall],
    info: Mapping[str, Any],
    of_some: Sequence[str] = (),
    fine: str = "given as asked",
) -> Check:
    """Whether a container is given its limits. Without those that only some trials have,
    `of_some`, the others can still be run. `fine` is told when nothing is short.
    """
    if not found:
        return Check(NAME, "ok", fine)
    limits = [one.limit for one in found]
    status: Status = "warn" if set(limits) <= set(of_some) else "fail"
    told = "; ".join(map(str, found))
    return Check(NAME, status, told, shortfalls.advice(limits, info))
