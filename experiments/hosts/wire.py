"""The path from a host that loads to the server's, looked at before the first trial: is it there,
how long, how wide?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.exits import Exit, LabError
from contract.ports import PROBE_PORT
from experiments.docker.driver import ContainerSpec, Ended
from experiments.docker.tool import program, run_to_end, running
from experiments.hosts import wire_echo, wire_look
from experiments.hosts.host_engines import HostEngines
from experiments.hosts.sides import in_words
from experiments.records.server_log import last_lines
from experiments.run.pods import ANY_PORT

NETWORK: Final = "bridge"
"""The engines' own, as for any container with a published port."""


@dataclass(frozen=True, slots=True)
class Wire:
    """As seen from a container on the host that loads: round trips over the ports of servers and
    probe, and what came in a second over a server's."""

    round_trip_us: float
    probe_round_trip_us: float
    probe_lost: int
    """How many of `wire_look.LOOKS` datagrams were lost."""
    mbit_per_s: float


def see_wire(
    driver: HostEngines, image: str, address: str, ports: Sequence[int], side: str
) -> Wire:
    """From the host of this name; `ports` are those of the servers. Raises LabError(NOT_READY)
    where the load does not reach what listens at one of them: a trial could not tell that from a
    server that does not answer."""
    with running(driver, _server(image, address, ports)):
        ended = run_to_end(driver, _client(image, address, ports, side))
    return read(ended, address, ports, in_words(side))


def read(ended: Ended, address: str, ports: Sequence[int], host: str) -> Wire:
    """What the client on that host saw. Raises LabError."""
    if ended.exit_code == wire_look.UNREACHED:
        raise LabError(
            f"hosts: from {host} {last_lines(ended.output)}; have the firewalls between "
            f"them let {_named(ports)} and UDP port {PROBE_PORT} of {address} through, or "
            "give the server's host another `address`",
            Exit.NOT_READY,
        )
    if ended.exit_code:
        raise LabError(
            f"hosts: the path from {host} could not be looked at: {last_lines(ended.output)}"
        )
    return Wire(**json.loads(ended.output))


def _named(ports: Sequence[int]) -> str:
    return f"TCP port{'s' if len(ports) > 1 else ''} {', '.join(map(str, ports))}"


def _server(image: str, address: str, ports: Sequence[int]) -> ContainerSpec:
    return ContainerSpec(
        role="tool",
        name="c10k-wire-server",
        image=image,
        command=program(wire_echo, *map(str, (PROBE_PORT, *ports))),
        network=NETWORK,
        sysctls=ANY_PORT,
        publish={port: port for port in ports},
        publish_at=address,
        publish_udp=(PROBE_PORT,),
    )


def _client(image: str, address: str, ports: Sequence[int], side: str) -> ContainerSpec:
    asked = (address, *map(str, (PROBE_PORT, *ports)))
    return ContainerSpec(
        role="tool",
        name="c10k-wire-client",
        image=image,
        command=program(wire_look, *asked),
        network=NETWORK,
        side=side,
    )
