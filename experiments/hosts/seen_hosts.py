"""What a run's manifest says of each of its hosts, and of the paths between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from contract.ports import SERVER_PORT
from experiments.docker.docker_driver import DockerDriver
from experiments.hosts.clock import offset_of
from experiments.hosts.host_engines import HostEngines
from experiments.hosts.sides import SERVER
from experiments.hosts.ways import server_address
from experiments.hosts.wire import see_wire
from experiments.plan.hosts import Host, Hosts
from experiments.plan.trials import Trial

KEY = "hosts"


def see_hosts(
    driver: DockerDriver, hosts: Hosts | None, image: str, trials: Iterable[Trial]
) -> dict[str, Any]:
    """By what they are called; nothing where all is on one machine. Raises DriverError; LabError
    where a host that loads does not reach a port of the trials on the server's."""
    if hosts is None or not isinstance(driver, HostEngines):
        return {}
    address = server_address(hosts)
    ports = sorted({one.point.foreign.port if one.point.foreign else SERVER_PORT for one in trials})
    found = {SERVER: {**_of(hosts.server, driver), "address": address}}
    for side, host in hosts.loads.items():
        wire = see_wire(driver, image, address, ports, side)
        found[side] = {**_of(host, driver.loads[side]), "path": asdict(wire)}
    return {KEY: found}


def _of(host: Host, driver: DockerDriver) -> dict[str, Any]:
    version, info = driver.version(), driver.info()
    clock = offset_of(lambda: str(driver.info()["SystemTime"]))
    return {
        "docker": host.docker,
        "engine": version.get("Version"),
        "kernel": info.get("KernelVersion"),
        "cores": info.get("NCPU"),
        "memory_bytes": info.get("MemTotal"),
        "architecture": info.get("Architecture"),
        "clock_offset_s": clock.offset_s,
        "clock_bound_s": clock.bound_s,
    }
