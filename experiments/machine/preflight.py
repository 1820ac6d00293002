"""What a run wants of the machine, checked before its first trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError
from contract.ports import WEB_PORT
from experiments.docker.address import engine_address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.hosts.sides import in_words
from experiments.machine.checks import (
    CORES,
    Check,
    check_cores,
    check_engine,
    check_nofile,
    check_place,
    check_port,
    check_space,
)
from experiments.machine.cores import Placement
from experiments.machine.host import free_space, look, port_is_free
from experiments.machine.kept import NAME, check_kept, see_unkept
from experiments.machine.specimen import MODEL
from experiments.paths import RESULTS
from experiments.plan.trials import Trial

NOFILE: Final = 10_300
"""10,000 connections and a reserve: server and load are two processes, so each
needs its own, and not the sum."""
WORKERS: Final = "load workers"
RESULT_BYTES: Final = 512 * 1024**2


@dataclass(frozen=True, slots=True)
class MachineNeeds:
    """Descriptors of a run's greediest process, space, a free port, and the limits and kernel
    settings of its trials.

    `image` is one that exists, to look from inside; `port` None asks for none.
    """

    nofile: int
    image: str
    disk_bytes: int = RESULT_BYTES
    port: int | None = WEB_PORT
    results: Path = RESULTS
    trials: Sequence[Trial] = (MODEL,)


def preflight(driver: DockerDriver, needs: MachineNeeds) -> None:
    """Raises LabError(Exit.NOT_READY) with every failure that would stop the run."""
    done = [
        *(check for side in driver.sides for check in _of_side(driver, side, needs)),
        *_place_of(driver),
        check_nofile(driver.nofile_limit(needs.image), needs.nofile),
        check_space(
            "disk for results", free_space(needs.results), needs.disk_bytes, str(needs.results)
        ),
    ]
    if all(len(one.cores(needs.image)) >= CORES for one in driver.sides.values()):
        placed = driver.placement(needs.image)
        done += [_kept(driver, side, needs, placed) for side in driver.sides]
        done.append(_workers(placed, needs.trials))
    if needs.port is not None:
        done.append(check_port(needs.port, port_is_free(needs.port), None))
    failed = [f"{one.name}: {one.seen}; {one.advice}" for one in done if one.status == "fail"]
    if failed:
        whose = "the hosts are" if driver.of_hosts else "this machine is"
        raise LabError(f"{whose} not ready:\n  " + "\n  ".join(failed), Exit.NOT_READY)


def _of_side(driver: DockerDriver, side: str, needs: MachineNeeds) -> list[Check]:
    """What the engine of the side is, and its machine has."""
    engine = driver.sides[side]
    disk_bytes = look(engine, needs.image)["disk_bytes"]
    done = [
        check_engine(engine.version(), engine.info()),
        check_cores(len(engine.cores(needs.image))),
        check_space("disk of the engine", disk_bytes, needs.disk_bytes, "its disk"),
    ]
    return [_named(one, side) for one in done]


def _kept(driver: DockerDriver, side: str, needs: MachineNeeds, placed: Placement) -> Check:
    """Whether the engine of the side gives its containers their limits."""
    try:
        seen = see_unkept(driver, needs.image, needs.trials, placed, side=side)
        found = check_kept(seen, driver.sides[side].info())
    except DriverError as error:
        found = Check(NAME, "fail", "refused", str(error))
    return _named(found, side)


def _workers(placed: Placement, trials: Sequence[Trial]) -> Check:
    """Whether each load worker has a core. On one machine they may share some."""
    most = max((one.point.settings.load_workers for one in trials), default=1)
    cores = len(placed.loads)
    if not placed.on_several_hosts or most <= cores:
        return Check(WORKERS, "ok", str(most))
    return Check(
        WORKERS,
        "fail",
        f"{most} asked for, and the hosts have {cores} cores for them",
        f"ask for {cores} `load_workers` at most, or give the hosts more `cores`",
    )


def _named(check: Check, side: str) -> Check:
    """With the host of its side."""
    return replace(check, name=f"{in_words(side)}: {check.name}") if side else check


def _place_of(driver: DockerDriver) -> list[Check]:
    """Whether the lab's ports are reached; those of hosts have ways of their own."""
    if driver.of_hosts:
        return []
    address = engine_address()
    return [check_place(address.url, address.said_by, address.elsewhere)]
