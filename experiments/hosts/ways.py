"""The ways to the hosts of a run: their engines, and the page of the Locust master."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from contract.exits import Exit, LabError
from contract.ports import WEB_PORT
from experiments.docker.address import Address, named_address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.hosts.host_engines import HostEngines, LoadEngine
from experiments.hosts.sides import SERVER, in_words
from experiments.hosts.tunnel import PortTunnel, Tunnel
from experiments.plan.hosts import Host, Hosts

SSH: Final = "ssh://"


@dataclass(frozen=True, slots=True)
class Way:
    """To an engine, through a tunnel if it has one; `where` tells it in messages."""

    address: Address
    where: str
    tunnel: Tunnel | None = None


@contextmanager
def way_to(host: Host, name: str) -> Iterator[Way]:
    """Open while it is needed. Raises LabError."""
    address = named_address(host.docker)
    where = f"{address.url} ({in_words(name)})"
    if not address.url.startswith(SSH):
        yield Way(address, where)
        return
    with Tunnel(address.url) as tunnel, blamed(tunnel):
        arguments = {"base_url": tunnel.url}
        yield Way(replace(address, url=tunnel.url, arguments=arguments), where, tunnel)


@contextmanager
def blamed(tunnel: Tunnel) -> Iterator[None]:
    """What fails when a connection is gone has failed for that."""
    try:
        yield
    except (LabError, DriverError) as error:
        if not (why := tunnel.broken()):
            raise
        gone = LabError(why, Exit.NO_DOCKER)
        for note in getattr(error, "__notes__", ()):
            gone.add_note(note)
        raise gone from error


@contextmanager
def engines(run: str, hosts: Hosts | None) -> Iterator[DockerDriver]:
    """The driver of a run: of the engine that `docker` finds, or of those of its hosts. Raises
    LabError."""
    if hosts is None:
        with DockerDriver(run) as driver:
            yield driver
        return
    check_loads(hosts)
    server_address(hosts)  # told before anything is built
    with ExitStack() as opened:
        to_server = opened.enter_context(way_to(hosts.server, SERVER))
        loads: dict[str, LoadEngine] = {}
        for name, host in hosts.loads.items():
            way = opened.enter_context(way_to(host, name))
            driver = DockerDriver(run, address=way.address, where=way.where)
            loads[name] = LoadEngine(driver, host.cores)
        yield opened.enter_context(HostEngines(run, to_server.address, to_server.where, loads))


@contextmanager
def way_to_master(hosts: Hosts | None) -> Iterator[None]:
    """The master's page, on the loopback of the first host that loads, at the same port here."""
    address = named_address(hosts.load[0].docker) if hosts else None
    if address is None or not address.url.startswith(SSH):
        yield
        return
    with PortTunnel(address.url, WEB_PORT) as tunnel, blamed(tunnel):
        yield


def check_loads(hosts: Hosts) -> None:
    """Raises LabError for a host that cannot load: between its workers and the Locust master, and
    from here to the master's page, only what ssh keeps to itself may lead."""
    for load in hosts.load:
        address = named_address(load.docker)
        if address.elsewhere and not address.url.startswith(SSH):
            raise LabError(
                f"hosts: {load.docker} loads: the Locust master has no password, and is reached "
                "by ssh alone; write ssh://USER@HOST",
                Exit.BAD_INPUT,
            )


def server_address(hosts: Hosts) -> str:
    """Where the load reaches the server: an IPv4 address of its host. Raises LabError."""
    named_address(hosts.server.docker)  # raises for one that has no host which can be made out
    name = hosts.server.reached_at
    if name is None:
        raise LabError(
            f"hosts: nothing tells where the load reaches {hosts.server.docker}; give the server's "
            "host an `address`, which the load's host can reach",
            Exit.BAD_INPUT,
        )
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter of what is no name, as 10.0.0..2
        raise LabError(
            f"hosts: {name}, where the load is to reach the server, has no IPv4 address: {error}; "
            "give the server's host an `address`",
            Exit.BAD_INPUT,
        ) from error
    return str(found[0][4][0])
