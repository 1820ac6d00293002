"""Containers and networks in the Docker engine: the `Driver` that runs use.

A start is one create and one start request, where the object layer of the SDK inspects in between.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from contract.stop_signal import USUAL_SIGNAL
from experiments.docker import container_logs
from experiments.docker.address import Address
from experiments.docker.container_options import host_settings, settings
from experiments.docker.driver import ContainerSpec, ContainerState, Ended
from experiments.docker.engine import Engine
from experiments.docker.leftovers import found
from experiments.docker.messages import with_engine
from experiments.docker.ownership import labels
from experiments.docker.removal import Removal
from experiments.docker.talk import Talk
from experiments.docker.tool import nofile_limit
from experiments.images.store import ImageStore
from experiments.machine.cores import Core, Placement, place, see_cores
from experiments.machine.shortfalls import DiscardedError, discarded, is_told_of


class DockerDriver(Engine):
    """Thread-safe. `run` labels what it starts."""

    of_hosts = False
    """Whether it is of machines that the experiment names."""

    def __init__(
        self,
        run: str | None = None,
        owner: str | None = None,
        address: Address | None = None,
        where: str = "",
    ) -> None:
        super().__init__(owner, address, where)
        self._run = run or "tool"
        self._warnings: dict[str, None] = {}
        self._nofile: int | None = None
        self._cores: tuple[Core, ...] = ()
        self._removal = Removal(self)
        self._own_lock = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads; the driver may not be used after it."""
        self._removal.close()
        super().close()

    @property
    def sides(self) -> Mapping[str, DockerDriver]:
        """The drivers of its engines, by what they are for."""
        return {"": self}

    def nofile_limit(self, image: str) -> int:
        """Descriptors per process that the engine can grant; asked once."""
        if self._nofile is None:
            self._nofile = nofile_limit(self, image)
        return self._nofile

    def cores(self, image: str) -> tuple[Core, ...]:
        """Those that a container may use; asked once."""
        self._cores = self._cores or see_cores(self, image)
        return self._cores

    def placement(self, image: str) -> Placement:
        """Which cores do what. Raises LabError below two."""
        return place(self.cores(image))

    def start(self, spec: ContainerSpec) -> str:
        """Create and start; returns the id. A container that does not start is removed.

        Raises DiscardedError when the engine would leave out a limit that was asked for.
        """
        api = self.api
        with self.guard(f"creating container {spec.name}"):
            made = api.create_container(
                host_config=api.create_host_config(**host_settings(spec)),
                labels=labels(self.owner, spec.role, self._run, spec.name),
                **settings(spec),
            )
        container = str(made["Id"])
        try:
            self._heed(spec, made.get("Warnings") or [])
            with self.guard(f"starting container {spec.name}"):
                api.start(container)
        except BaseException:
            self.remove([container])
            raise
        return container

    @property
    def warnings(self) -> list[str]:
        """What else the engine warned of when it created containers, each once."""
        with self._own_lock:
            return list(self._warnings)

    def _heed(self, spec: ContainerSpec, warnings: list[str]) -> None:
        if found := discarded(spec, warnings):
            raise DiscardedError(with_engine(self.where, f"creating container {spec.name}"), found)
        with self._own_lock:
            self._warnings.update(dict.fromkeys(one for one in warnings if not is_told_of(one)))

    def state(self, container: str) -> ContainerState:
        """Whether it runs, and if not, how it ended."""
        state = self._inspect(container)["State"]
        running = bool(state["Running"])
        begun = state.get("Status") != "created"
        ended = begun and not running
        return ContainerState(
            running=running,
            exit_code=int(state["ExitCode"]) if ended else None,
            oom_killed=bool(state["OOMKilled"]),
            started_s=datetime.fromisoformat(state["StartedAt"]).timestamp() if begun else None,
            ended_s=datetime.fromisoformat(state["FinishedAt"]).timestamp() if ended else None,
        )

    def _inspect(self, container: str) -> dict[str, Any]:
        api = self.api
        with self.guard(f"looking at container {container[:12]}"):
            return dict(api.inspect_container(container))

    def address(self, container: str) -> str:
        """Its IPv4 address in the one network that it has joined."""
        (network,) = self._inspect(container)["NetworkSettings"]["Networks"].values()
        return str(network["IPAddress"])

    def execute(self, container: str, command: tuple[str, ...]) -> Ended:
        """Run a command in a container, as its user, to its end."""
        api = self.api
        with self.guard(f"running {command[0]} in container {container[:12]}"):
            made = str(api.exec_create(container, list(command))["Id"])
            output: bytes = api.exec_start(made)
            return Ended(int(api.exec_inspect(made)["ExitCode"]), output.decode(errors="replace"))

    def talk_to(self, container: str, command: tuple[str, ...]) -> Talk:
        """Run a command in a container, as its user, and talk to it."""
        api = self.api
        with self.guard(f"running {command[0]} in container {container[:12]}"):
            made = str(api.exec_create(container, list(command), stdin=True)["Id"])
            return Talk(api.exec_start(made, socket=True))

    def logs(self, container: str) -> str:
        """The last of both streams, at most container_logs.LOG_BYTES."""
        return container_logs.tail(self, container)

    def log_rate(self, container: str, since_s: float, until_s: float) -> float:
        """Bytes a second that it printed between two moments of the engine's calendar; of a log
        that was longer than an engine keeps, those of the part that is there."""
        return container_logs.rate(self, container, since_s, until_s)

    def mounted_at(self, container: str) -> str:
        """The folder of the engine's machine where its files are; '' where there is none."""
        with self.guard(f"looking at container {container[:12]}"):
            driver = self.api.inspect_container(container).get("GraphDriver") or {}
        return str((driver.get("Data") or {}).get("MergedDir") or "")

    def stop_signal(self, image: str) -> str:
        """By which the image asks to be ended, a name or a number; SIGTERM where it names none."""
        api = self.api
        with self.guard(f"looking at image {image}"):
            inspect: Callable[[str], Mapping[str, Any]] = api.inspect_image  # untyped there
            found = inspect(image).get("Config") or {}
        return str(found.get("StopSignal") or USUAL_SIGNAL)

    def stop(self, container: str, grace_s: float) -> None:
        """Send the stop signal; kill after `grace_s`."""
        api = self.api
        with self.guard(f"stopping container {container[:12]}"):
            api.stop(container, timeout=math.ceil(grace_s))

    def wait(self, container: str, timeout_s: float) -> int:
        """Wait for its end; returns the exit code. DriverError when it goes on running."""
        api = self.api
        with self.guard(f"waiting for container {container[:12]}"):
            return int(api.wait(container, timeout=math.ceil(timeout_s))["StatusCode"])

    def remove(self, containers: Iterable[str]) -> None:
        """Kill and remove, side by side; one that is gone already is no error."""
        self._removal.containers(containers)

    def create_network(self, name: str) -> str:
        """A bridge of this name; returns its id."""
        api = self.api
        with self.guard(f"creating network {name}"):
            made = api.create_network(
                name, driver="bridge", labels=labels(self.owner, "network", self._run, name)
            )
        return str(made["Id"])

    def remove_network(self, name: str) -> None:
        """By name or id; one that is gone already is no error."""
        self._removal.network(name)

    def sweep(self, *, of_runs: bool = True) -> list[str]:
        """Remove every container and network of this owner's runs, or all that this owner has;
        returns their names. Call it only while holding the run lock.

        A network that a container of somebody else's has joined stays.
        """
        left = found(self, of_runs=of_runs)
        self.remove(container for container, _ in left["containers"])
        gone = [name for _, name in left["containers"]]
        could_remove = self._removal.could_remove_network
        return gone + [name for network, name in left["networks"] if could_remove(network)]

    def remove_all(self) -> list[str]:
        """All that this owner's lab has in the engine, images included; their names."""
        return [*self.sweep(of_runs=False), *ImageStore(self).remove_all()]

    def left(self) -> list[str]:
        """The names of all that this owner's lab has in the engine."""
        things = [name for group in found(self, of_runs=False).values() for _, name in group]
        return [*things, *(tag for image in ImageStore(self).owned() for tag in image.tags)]
