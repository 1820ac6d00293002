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
from experiments.hosts.tunnel import PortTunnel, Tunnel
from experiments.hosts.two_engines import TwoEngines
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
    where = f"{address.url} ({name})"
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
    load = load_host(hosts)
    server_address(hosts)  # told before anything is built
    with ExitStack() as opened:
        to_server = opened.enter_context(way_to(hosts.server, "the server's host"))
        to_load = opened.enter_context(way_to(load, "the load's host"))
        loading = DockerDriver(run, address=to_load.address, where=to_load.where)
        both = TwoEngines(run, to_server.address, to_server.where, loading, load.cores)
        yield opened.enter_context(both)


@contextmanager
def way_to_master(hosts: Hosts | None) -> Iterator[None]:
    """The master's page, on the loopback of the load's host, at the same port here."""
    address = named_address(load_host(hosts).docker) if hosts else None
    if address is None or not address.url.startswith(SSH):
        yield
        return
    with PortTunnel(address.url, WEB_PORT) as tunnel, blamed(tunnel):
        yield


def load_host(hosts: Hosts) -> Host:
    """The one that loads. Raises LabError for what cannot be used yet, or not at all."""
    if len(hosts.load) > 1:
        raise LabError(
            f"hosts: {len(hosts.load)} of them load: the windows of workers on several machines "
            "would need clocks that agree; name one, with as many `load_workers` as it has cores",
            Exit.BAD_INPUT,
        )
    (load,) = hosts.load
    address = named_address(load.docker)
    if address.elsewhere and not address.url.startswith(SSH):
        raise LabError(
            f"hosts: {load.docker} loads: the master's page is on that machine's loopback, where "
            "only ssh leads to; write ssh://USER@HOST",
            Exit.BAD_INPUT,
        )
    return load


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
