"""A server by itself, for a client that is not the lab's load worker.

The hostile campaign and the benchmarks use it: the same confinement as in a trial, but no Locust
master, and a server with flags and cores of the caller's choice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from contract.exits import LabError
from experiments.docker.driver import ContainerSpec, Driver, Ended
from experiments.docker.tool import run_to_end, running
from experiments.machine.cores import Placement
from experiments.records.server_log import told
from experiments.run.pods import POD_SYSCTLS
from experiments.run.server_under_test import LISTEN_S, own_command
from experiments.run.trial_containers import PIDS, Images

GUEST_S = 60.0


class NotListeningError(LabError):
    """The server did not come up; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class StandaloneServer:
    """A server that listens: the ids of its pod and of its container."""

    driver: Driver
    prefix: str
    pod: str
    container: str

    def guest(
        self,
        role: str,
        image: str,
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
            network=f"container:{self.pod}",
            pid_of=self.container if sees_processes else None,
            cpus=cpus,
            nofile=nofile,
        )

    def run(self, guest: ContainerSpec, timeout_s: float = GUEST_S) -> Ended:
        """Run a guest to its end. Raises DriverError when it goes on."""
        return run_to_end(self.driver, guest, timeout_s)


@dataclass(frozen=True, slots=True)
class StandaloneServers:
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
    ) -> Iterator[StandaloneServer]:
        """A server that listens in a pod of its own; both are removed at the end.

        Raises NotListeningError.
        """
        with running(self.driver, self._pod()) as pod:
            spec = self._server(server, pod, nofile, cpus or self.placement.server, flags)
            with running(self.driver, spec) as container:
                self._wait_until_listening(container)
                yield StandaloneServer(self.driver, self.prefix, pod, container)

    def _wait_until_listening(self, server: str) -> None:
        deadline = time.monotonic() + LISTEN_S
        while not told(log := self.driver.logs(server), "listening"):
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
            sysctls=POD_SYSCTLS,
        )

    def _server(
        self, server: str, pod: str, nofile: int | None, cpus: str, flags: tuple[str, ...]
    ) -> ContainerSpec:
        return ContainerSpec(
            role="server",
            name=f"{self.prefix}-server",
            image=self.images.server,
            command=(*own_command(server), *flags),
            network=f"container:{pod}",
            cpus=cpus,
            nofile=nofile,
            pids_limit=PIDS,
        )
