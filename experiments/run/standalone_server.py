"""A server apart from any trial, for a client that is not the lab's load worker.

The hostile campaign and the benchmark of workers use it: the same confinement as in a
trial, but no Locust master, and a server with flags and cores of the caller's choice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contract.exits import LabError
from contract.ports import SERVER_PORT
from experiments.docker.driver import ContainerSpec, Driver
from experiments.run.trial_containers import LISTEN_S, PIDS, PORT_RANGE, Images, Placement


class NotListeningError(LabError):
    """The server did not come up; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Served:
    """The ids of a pod and of the server in it."""

    pod: str
    server: str


@dataclass(frozen=True, slots=True)
class Apart:
    """Starts servers, one after the other. `prefix` begins the names of their containers."""

    driver: Driver
    images: Images
    placement: Placement
    network: str
    prefix: str

    @contextmanager
    def serving(
        self,
        server: str,
        *,
        nofile: int | None = None,
        cpus: str = "",
        flags: tuple[str, ...] = (),
    ) -> Iterator[Served]:
        """A server that listens in a pod of its own; both are removed at the end.

        Raises NotListeningError.
        """
        started: list[str] = []
        try:
            started.append(pod := self.driver.start(self._pod()))
            spec = self._server(server, pod, nofile, cpus or self.placement.server, flags)
            started.append(container := self.driver.start(spec))
            self._wait_until_listening(container)
            yield Served(pod, container)
        finally:
            self.driver.remove(started)

    def guest(
        self,
        role: str,
        image: str,
        served: Served,
        command: tuple[str, ...],
        *,
        cpus: str,
        sees_processes: bool = False,
        nofile: int | None = None,
    ) -> ContainerSpec:
        """A container in the pod's network, on request also in the server's pid namespace."""
        return ContainerSpec(
            role=role,
            name=f"{self.prefix}-{role}",
            image=image,
            command=command,
            network=f"container:{served.pod}",
            pid_of=served.server if sees_processes else None,
            cpus=cpus,
            nofile=nofile,
        )

    def _wait_until_listening(self, server: str) -> None:
        deadline = time.monotonic() + LISTEN_S
        while '"listening"' not in (log := self.driver.logs(server)):
            if not self.driver.state(server).running or time.monotonic() > deadline:
                raise NotListeningError(f"the server does not listen: {log[-500:]}")
            time.sleep(0.05)

    def _pod(self) -> ContainerSpec:
        return ContainerSpec(
            role="pod",
            name=f"{self.prefix}-pod",
            image=self.images.server,
            command=("sleep", "infinity"),
            network=self.network,
            cpus=self.placement.others,
            sysctls={
                "net.ipv4.ip_local_port_range": PORT_RANGE,
                "net.ipv4.tcp_tw_reuse": "1",
            },
        )

    def _server(
        self, server: str, pod: str, nofile: int | None, cpus: str, flags: tuple[str, ...]
    ) -> ContainerSpec:
        return ContainerSpec(
            role="server",
            name=f"{self.prefix}-server",
            image=self.images.server,
            command=("python3", "-m", "servers", server, "--port", str(SERVER_PORT), *flags),
            network=f"container:{pod}",
            cpus=cpus,
            nofile=nofile,
            pids_limit=PIDS,
        )
