"""Containers and networks in the Docker engine: the `Driver` that runs use.

A start is one create and one start request, where the object layer of the SDK inspects in between.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from contract.stop_signal import USUAL as STOP_SIGNAL
from experiments.docker.address import Address
from experiments.docker.container_options import host_settings, settings
from experiments.docker.driver import (
    AbsentError,
    ContainerSpec,
    ContainerState,
    DriverError,
    Ended,
    InUseError,
)
from experiments.docker.engine import Engine
from experiments.docker.leftovers import found
from experiments.docker.messages import told_of
from experiments.docker.ownership import labels
from experiments.docker.talk import Talk
from experiments.docker.tool import nofile_limit
from experiments.images.store import ImageStore
from experiments.machine.cores import Core, Placement, place, see_cores
from experiments.machine.shortfalls import DiscardedError, discarded, is_told_of

LOG_BYTES: Final = 256 * 1024
WHOLE_BYTES: Final = 2**20
"""Of a log that gives more than this, the engine may have dropped the beginning."""
SHORTEST_S: Final = 1e-3
REMOVERS: Final = 8
REMOVAL_S: Final = 30.0
"""A busy engine whose file system is a program has taken more than three."""
ATTEMPTS: Final = 5
"""To remove a network that a container which is just ending may leave a moment later."""
AGAIN_S: Final = 0.2


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
        self._removers: ThreadPoolExecutor | None = None
        self._own_lock = threading.Lock()

    def close(self) -> None:
        """Close the connections of all threads; the driver may not be used after it."""
        with self._own_lock:
            removers, self._removers = self._removers, None
        if removers is not None:
            removers.shutdown()
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
            raise DiscardedError(told_of(self.where, f"creating container {spec.name}"), found)
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
        """The last LOG_BYTES of both streams."""
        api = self.api
        kept: deque[bytes] = deque()
        size = 0
        with self.guard(f"reading the log of container {container[:12]}"):
            for chunk in api.logs(container, stdout=True, stderr=True, stream=True, follow=False):
                kept.append(chunk)
                size += len(chunk)
                while size - len(kept[0]) >= LOG_BYTES:
                    size -= len(kept.popleft())
        return b"".join(kept)[-LOG_BYTES:].decode(errors="replace")

    def log_rate(self, container: str, since_s: float, until_s: float) -> float:
        """Bytes a second that it printed between two moments of the engine's calendar; of a log
        that was longer than an engine keeps, those of the part that is there."""
        api = self.api
        size, first = 0, b""
        with self.guard(f"reading the log of container {container[:12]}"):
            for line in api.logs(
                container, stream=True, follow=False, timestamps=True, since=since_s, until=until_s
            ):
                stamp, _, text = line.partition(b" ")
                first = first or stamp
                size += len(text)
        if size > WHOLE_BYTES:
            since_s = datetime.fromisoformat(first.decode()).timestamp()
        return size / max(until_s - since_s, SHORTEST_S)

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
        return str(found.get("StopSignal") or STOP_SIGNAL)

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
        doomed = list(containers)
        if len(doomed) == 1:
            return self._remove_one(doomed[0])
        with self._own_lock:
            if self._removers is None:
                self._removers = ThreadPoolExecutor(REMOVERS, thread_name_prefix="remove")
            pending = [self._removers.submit(self._remove_one, one) for one in doomed]
        failed = [error for future in pending if (error := future.exception()) is not None]
        if failed:
            raise failed[0]
        return None

    def _remove_one(self, container: str) -> None:
        api = self.api
        with suppress(AbsentError):
            try:
                with self.guard(f"removing container {container[:12]}"):
                    api.remove_container(container, v=True, force=True)
            except InUseError as error:
                if "already in progress" not in str(error):
                    raise
                self._await_removal(container)

    def _await_removal(self, container: str) -> None:
        """Somebody removes it already: what hangs on it can only go after it."""
        deadline = time.monotonic() + REMOVAL_S
        while time.monotonic() < deadline:  # ends by AbsentError
            self._inspect(container)
            time.sleep(0.05)
        late = f"container {container[:12]} is still being removed after {REMOVAL_S:.0f} s"
        raise DriverError(told_of(self.where, late))

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
        api = self.api
        with suppress(AbsentError), self.guard(f"removing network {name}"):
            api.remove_network(name)

    def sweep(self, *, of_runs: bool = True) -> list[str]:
        """Remove every container and network of this owner's runs, or all that this owner has;
        returns their names. Call it only while holding the run lock.

        A network that a container of somebody else's has joined stays.
        """
        left = found(self, of_runs=of_runs)
        self.remove(container for container, _ in left["containers"])
        gone = [name for _, name in left["containers"]]
        return gone + [name for network, name in left["networks"] if self._could_remove(network)]

    def _could_remove(self, network: str) -> bool:
        """Remove it; whether that could be done."""
        for _ in range(ATTEMPTS):
            try:
                self.remove_network(network)
            except InUseError:
                time.sleep(AGAIN_S)
            else:
                return True
        return False

    def remove_all(self) -> list[str]:
        """All that this owner's lab has in the engine, images included; their names."""
        return [*self.sweep(of_runs=False), *ImageStore(self).remove_all()]

    def left(self) -> list[str]:
        """The names of all that this owner's lab has in the engine."""
        things = [name for group in found(self, of_runs=False).values() for _, name in group]
        return [*things, *(tag for image in ImageStore(self).owned() for tag in image.tags)]
