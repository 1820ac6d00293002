"""`make doctor HOSTS=hosts.yaml`: each host by itself, and what has to be the same on all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from contract.exits import Exit, LabError
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.docker.engine import Engine
from experiments.hosts.clock import Offset, offset_of
from experiments.hosts.host_engines import HostEngines
from experiments.hosts.ways import way_to
from experiments.machine.checks import Check, check_engine
from experiments.plan.hosts import Host, Hosts

ENGINE: Final = ("ID", "Name", "DockerRootDir")
"""What tells engines apart: the first alone is one for all that were copied, or share a key."""
MUCH_S: Final = 0.02
"""A bound of the clocks beyond which a window of 2 s would be void: a hundredth of it."""


@dataclass(frozen=True, slots=True)
class HostSeen:
    """What a host's engine says of itself and its machine."""

    version: Mapping[str, Any]
    info: Mapping[str, Any]
    clock: Offset


@contextmanager
def connected(host: Host, name: str) -> Iterator[Engine]:
    """The engine of a host, while it is needed. Raises LabError, DriverError."""
    with way_to(host, name) as way, Engine(address=way.address, where=way.where) as engine:
        try:
            yield engine
        except LabError as error:
            tunnel = way.tunnel
            refused = tunnel.broken() or tunnel.refused() if tunnel else ""
            if refused:
                raise LabError(
                    f"{way.where}: {refused}; see whether `docker version` works there for the "
                    "user who logs in",
                    error.exit,
                ) from error
            raise


def look(host: Host, name: str) -> HostSeen:
    """Raises LabError, DriverError."""
    with connected(host, name) as engine:
        version = engine.version()
        clock = offset_of(lambda: str(engine.info()["SystemTime"]))
        return HostSeen(version, engine.info(), clock)


def checks(hosts: Hosts, see: Callable[[Host, str], HostSeen] = look) -> list[Check]:
    """All hosts; one that cannot be reached is a failure among the others."""
    seen: dict[str, HostSeen] = {}
    done: list[Check] = []
    for name, host in hosts.named.items():
        try:
            seen[name] = see(host, name)
        except (LabError, DriverError) as error:
            done.append(Check(f"{name}: engine", "fail", "no answer", str(error)))
            continue
        done += _of_one(name, host, seen[name])
    return [*done, *_of_all({name: one.info for name, one in seen.items()})]


def _of_one(name: str, host: Host, seen: HostSeen) -> Iterator[Check]:
    engine = check_engine(dict(seen.version), dict(seen.info))
    yield replace(engine, name=f"{name}: engine")
    yield Check(f"{name}: kernel", "ok", str(seen.info.get("KernelVersion", "unknown")))
    yield _cores(name, host, int(seen.info["NCPU"]))
    yield _clock(name, seen.clock)


def _cores(name: str, host: Host, there: int) -> Check:
    wanted = f"; {host.cores} asked for" if host.cores else ""
    if host.cores and host.cores > there:
        advice = f"ask for {there} at most, or leave `cores` out"
        return Check(f"{name}: cores", "fail", f"{there}{wanted}", advice)
    return Check(f"{name}: cores", "ok", f"{there}{wanted}")


def _clock(name: str, clock: Offset) -> Check:
    """A clock may be off as far as it likes, as long as it is known how far."""
    seen = f"{clock.offset_s * 1e3:+,.1f} ms beside this one's, to {clock.bound_s * 1e3:,.1f} ms"
    if clock.bound_s > MUCH_S:
        advice = (
            f"a window has to be known to a hundredth of its length: use windows of "
            f"{clock.bound_s * 100:,.1f} s or more, or a host that is nearer"
        )
        return Check(f"{name}: clock", "warn", seen, advice)
    return Check(f"{name}: clock", "ok", seen)


def refuse_unlike(driver: DockerDriver) -> None:
    """Before images are carried from one to the others. Raises LabError(NOT_READY)."""
    if not isinstance(driver, HostEngines):
        return
    infos = {name: engine.info() for name, engine in driver.sides.items()}
    failed = [
        f"{one.name}: {one.seen}; {one.advice}" for one in _of_all(infos) if one.status == "fail"
    ]
    if failed:
        raise LabError("the hosts are not ready:\n  " + "\n  ".join(failed), Exit.NOT_READY)


def _of_all(infos: Mapping[str, Mapping[str, Any]]) -> Iterator[Check]:
    """What all have to have in common, or must not, by what each one's engine says."""
    engines: dict[tuple[Any, ...], str] = {}
    for name, one in infos.items():
        engine = tuple(one.get(key) for key in ENGINE) if one.get("ID") else (name,)
        if engine in engines:
            yield Check(
                f"{name}: machine",
                "fail",
                f"the engine of {engines[engine]}",
                "two addresses lead to one engine; name it once (machines that are copies of one "
                "need host names of their own)",
            )
        engines.setdefault(engine, name)
    machines = {name: str(one.get("Architecture")) for name, one in infos.items()}
    if len(set(machines.values())) > 1:
        told = ", ".join(f"{name} {machine}" for name, machine in machines.items())
        yield Check(
            "architecture",
            "fail",
            told,
            "images are built once for all: use hosts of one architecture",
        )
    elif machines:
        yield Check("architecture", "ok", next(iter(machines.values())))
