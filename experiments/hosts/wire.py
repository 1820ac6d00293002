"""The path between two hosts, looked at before the first trial: is it there, how long, how wide?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

from contract.exits import Exit, LabError
from contract.ports import PROBE_PORT, SERVER_PORT
from experiments.docker.driver import ContainerSpec, Ended
from experiments.docker.tool import run_to_end, running
from experiments.hosts import wire_echo, wire_look
from experiments.hosts.two_engines import TwoEngines
from experiments.records.server_log import last_lines

NETWORK: Final = "bridge"
"""The engines' own, as for any container with a published port."""


@dataclass(frozen=True, slots=True)
class Wire:
    """As seen from a container on the load's host: round trips over both ports, and what came in a
    second over the server's."""

    round_trip_us: float
    probe_round_trip_us: float
    probe_lost: int
    """Of `wire_look.LOOKS` datagrams."""
    mbit_per_s: float


def see_wire(driver: TwoEngines, image: str, address: str) -> Wire:
    """Raises LabError(NOT_READY) where the load does not reach what listens at the address."""
    with running(driver, _server(image, address)):
        ended = run_to_end(driver, _client(image, address))
    return read(ended, address)


def read(ended: Ended, address: str) -> Wire:
    """What the client saw. Raises LabError."""
    if ended.exit_code == wire_look.UNREACHED:
        raise LabError(
            f"hosts: from the load's host {last_lines(ended.output)}; have the firewalls between "
            f"them let TCP port {SERVER_PORT} and UDP port {PROBE_PORT} of {address} through, or "
            "give the server's host another `address`",
            Exit.NOT_READY,
        )
    if ended.exit_code:
        raise LabError(f"hosts: the path could not be looked at: {last_lines(ended.output)}")
    return Wire(**json.loads(ended.output))


def source(module: ModuleType) -> str:
    """Of a program that runs in any image of the lab, an older one too."""
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def _server(image: str, address: str) -> ContainerSpec:
    ports = (SERVER_PORT, PROBE_PORT)
    return ContainerSpec(
        role="tool",
        name="c10k-wire-server",
        image=image,
        command=("python3", "-c", source(wire_echo), *map(str, ports)),
        network=NETWORK,
        publish={port: port for port in ports},
        publish_at=address,
        publish_udp=(PROBE_PORT,),
    )


def _client(image: str, address: str) -> ContainerSpec:
    return ContainerSpec(
        role="tool",
        name="c10k-wire-client",
        image=image,
        command=("python3", "-c", source(wire_look), address, str(SERVER_PORT), str(PROBE_PORT)),
        network=NETWORK,
        side="load",
    )
