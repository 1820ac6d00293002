"""The engines of a run on two machines, as one driver: the server's, and that of the load.

What a container is for says where it belongs; the containers of a trial need not know more of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from experiments.docker.address import Address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec, ContainerState, Ended, Side
from experiments.machine.cores import Placement, place_apart


class TwoEngines(DockerDriver):
    """The driver of the server's host. What is the load's is started by `load`, its host's driver,
    on `load_cores` of its cores; a network is made on both."""

    of_hosts = True

    def __init__(
        self,
        run: str,
        address: Address,
        where: str,
        load: DockerDriver,
        load_cores: int | None = None,
    ) -> None:
        super().__init__(run, address=address, where=where)
        self.load = load
        self._load_cores = load_cores
        self._of_load: set[str] = set()
        self._known = threading.Lock()

    def close(self) -> None:
        """The connections to both."""
        self.load.close()
        super().close()

    @property
    def sides(self) -> Mapping[Side, DockerDriver]:
        return {"server": self, "load": self.load}

    def create_network(self, name: str) -> str:
        """On each host one of its own, of this name; returns that of the server's."""
        self.load.create_network(name)
        return super().create_network(name)

    def start(self, spec: ContainerSpec) -> str:
        if spec.side == "server":
            return super().start(spec)
        container = self.load.start(spec)
        with self._known:
            self._of_load.add(container)
        return container

    @property
    def warnings(self) -> list[str]:
        return list(dict.fromkeys((*super().warnings, *self.load.warnings)))

    def state(self, container: str) -> ContainerState:
        return self.load.state(container) if self._far(container) else super().state(container)

    def address(self, container: str) -> str:
        return self.load.address(container) if self._far(container) else super().address(container)

    def execute(self, container: str, command: tuple[str, ...]) -> Ended:
        if self._far(container):
            return self.load.execute(container, command)
        return super().execute(container, command)

    def logs(self, container: str) -> str:
        return self.load.logs(container) if self._far(container) else super().logs(container)

    def mounted_at(self, container: str) -> str:
        """Nowhere: the files of the server's host cannot be looked at from here."""
        del container
        return ""

    def stop(self, container: str, grace_s: float) -> None:
        if self._far(container):
            self.load.stop(container, grace_s)
        else:
            super().stop(container, grace_s)

    def wait(self, container: str, timeout_s: float) -> int:
        if self._far(container):
            return self.load.wait(container, timeout_s)
        return super().wait(container, timeout_s)

    def remove(self, containers: Iterable[str]) -> None:
        """On both hosts side by side: what one of them keeps does not keep the other."""
        wanted = list(containers)
        far = [one for one in wanted if self._far(one)]
        near = [one for one in wanted if one not in far]
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(self.load.remove, far)
            super().remove(near)
            other.result()
        with self._known:
            self._of_load.difference_update(far)

    def sweep(self, *, of_runs: bool = True) -> list[str]:
        """On both; raises only after it has been tried on both."""
        try:
            near = super().sweep(of_runs=of_runs)
        finally:
            far = self.load.sweep(of_runs=of_runs)
        return [*near, *far]

    def nofile_limit(self, image: str) -> int:
        """That both can grant."""
        return min(super().nofile_limit(image), self.load.nofile_limit(image))

    def placement(self, image: str) -> Placement:
        """The server's cores on its host, and those of the load on the other."""
        server, load = self.cores(image), self.load.cores(image)
        return place_apart(server, load, self._load_cores)

    def _far(self, container: str) -> bool:
        with self._known:
            return container in self._of_load
