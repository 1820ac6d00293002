"""The engines of a run on several machines, as one driver: the server's, and those of the load.

What a container is for says where it belongs; the containers of a trial need not know more of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from experiments.docker.address import Address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec, ContainerState, Ended
from experiments.docker.talk import Talk
from experiments.hosts.sides import SERVER
from experiments.machine.cores import Placement, place_apart


@dataclass(frozen=True, slots=True)
class LoadEngine:
    """The driver of a host that loads, and the most cores that the load may have there; None: all
    but the one beside it."""

    driver: DockerDriver
    cores: int | None = None


class HostEngines(DockerDriver):
    """The driver of the server's host. What is for a host that loads, by its name, is started by
    the driver of that one; a network is made on all."""

    of_hosts = True

    def __init__(
        self, run: str, address: Address, where: str, loads: Mapping[str, LoadEngine]
    ) -> None:
        super().__init__(run, address=address, where=where)
        self.loads = {side: one.driver for side, one in loads.items()}
        self._most = {side: one.cores for side, one in loads.items()}
        self._far: dict[str, DockerDriver] = {}
        """Which of them has a container."""
        self._known = threading.Lock()

    def close(self) -> None:
        """The connections to all."""
        for one in self.loads.values():
            one.close()
        super().close()

    @property
    def sides(self) -> Mapping[str, DockerDriver]:
        return {SERVER: self, **self.loads}

    def create_network(self, name: str) -> str:
        """On each host one of its own, of this name; returns that of the server's."""
        for one in self.loads.values():
            one.create_network(name)
        return super().create_network(name)

    def start(self, spec: ContainerSpec) -> str:
        if spec.side == SERVER:
            return super().start(spec)
        there = self.loads[spec.side]
        container = there.start(spec)
        with self._known:
            self._far[container] = there
        return container

    @property
    def warnings(self) -> list[str]:
        of_loads = (text for one in self.loads.values() for text in one.warnings)
        return list(dict.fromkeys((*super().warnings, *of_loads)))

    def state(self, container: str) -> ContainerState:
        far = self._far_of(container)
        return far.state(container) if far else super().state(container)

    def address(self, container: str) -> str:
        far = self._far_of(container)
        return far.address(container) if far else super().address(container)

    def execute(self, container: str, command: tuple[str, ...]) -> Ended:
        far = self._far_of(container)
        return far.execute(container, command) if far else super().execute(container, command)

    def talk_to(self, container: str, command: tuple[str, ...]) -> Talk:
        far = self._far_of(container)
        return far.talk_to(container, command) if far else super().talk_to(container, command)

    def logs(self, container: str) -> str:
        far = self._far_of(container)
        return far.logs(container) if far else super().logs(container)

    def mounted_at(self, container: str) -> str:
        """Nowhere: the files of the server's host cannot be looked at from here."""
        del container
        return ""

    def stop(self, container: str, grace_s: float) -> None:
        far = self._far_of(container)
        if far:
            far.stop(container, grace_s)
        else:
            super().stop(container, grace_s)

    def wait(self, container: str, timeout_s: float) -> int:
        far = self._far_of(container)
        return far.wait(container, timeout_s) if far else super().wait(container, timeout_s)

    def remove(self, containers: Iterable[str]) -> None:
        """On all hosts side by side: what one of them keeps does not keep the others."""
        wanted = [(one, self._far_of(one)) for one in containers]
        with ThreadPoolExecutor(len(self.loads)) as pool:
            others = [
                pool.submit(far.remove, [one for one, at in wanted if at is far])
                for far in self.loads.values()
            ]
            super().remove([one for one, far in wanted if far is None])
        for removal in others:
            removal.result()
        with self._known:
            for one, _ in wanted:
                self._far.pop(one, None)

    def sweep(self, *, of_runs: bool = True) -> list[str]:
        """On all; raises only after it has been tried on all."""
        swept: list[str] = []

        def sweep(far: DockerDriver) -> None:
            swept.extend(far.sweep(of_runs=of_runs))

        with ExitStack() as stack:
            for far in reversed(self.loads.values()):
                stack.callback(sweep, far)
            swept += super().sweep(of_runs=of_runs)
        return swept

    def nofile_limit(self, image: str) -> int:
        """That all can grant."""
        limits = (one.nofile_limit(image) for one in self.loads.values())
        return min(super().nofile_limit(image), *limits)

    def placement(self, image: str) -> Placement:
        """The server's cores on its host, and those of the load on the others."""
        loads = {side: (one.cores(image), self._most[side]) for side, one in self.loads.items()}
        return place_apart(self.cores(image), loads)

    def _far_of(self, container: str) -> DockerDriver | None:
        """The driver of the host that loads, if the container is on one."""
        with self._known:
            return self._far.get(container)
