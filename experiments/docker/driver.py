"""What a run asks of a container engine, and nothing more.

`docker_driver.py` answers it with the Docker SDK; the tests answer it with a
fake, so that planning, running, resuming and failing are tested without Docker
and without clocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from contract.stop_signal import USUAL_SIGNAL
from experiments.hosts.sides import SERVER

USER: Final = "10001:10001"
"""User and group of every container of the lab."""


class DriverError(Exception):
    """The engine refused or failed; the message says what to do about it."""


class AbsentError(DriverError):
    """The engine has no such thing."""


class InUseError(DriverError):
    """Something else in the engine has it, or still needs it."""


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container, non-root, read-only and without capabilities where it does not say otherwise.

    `role` is one of master, relay, pod, link, server, need, load, probe, tool. `name` is never
    empty: by it the lab knows its own again. `network` is the name of a lab network, or
    `container:ID` to join another container's network namespace; likewise `pid_of` joins a
    container's pid namespace.
    """

    role: str
    name: str
    image: str
    command: tuple[str, ...]
    network: str
    pid_of: str | None = None
    hostname: str | None = None
    aliases: tuple[str, ...] = ()
    cpus: str = ""
    cpu_quota: float | None = None
    cpu_period_us: int = 2_000
    nofile: int | None = None
    sigpending: int | None = None
    pids_limit: int | None = None
    memory_bytes: int | None = None
    """Beyond it the kernel ends a process; nothing is swapped out."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    publish: Mapping[int, int] = field(default_factory=dict)
    """Container port of TCP to host port, at `publish_at`."""
    publish_at: str = "127.0.0.1"
    """Another only where the server's host is not that of its load."""
    publish_udp: tuple[int, ...] = ()
    """Ports of UDP, each to that of its own number."""
    stop_signal: str = USUAL_SIGNAL
    entrypoint: tuple[str, ...] | None = ()
    """What the command follows; None: the image's own. The lab's own containers have none."""
    user: str | None = USER
    """None: the image's own."""
    writable: tuple[str, ...] = ()
    """Folders in memory, from which it may also execute; or `WHOLE_FILE_SYSTEM`."""
    capabilities: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Whole paths on the engine's machine to those in the container, where they are read only."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Addresses by host name, for all that share its network namespace."""
    side: str = SERVER
    """Whose host it is for, by its name (experiments/hosts/sides.py), where there are several."""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError(f"a container of role {self.role} needs a name")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and all that it printed."""

    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class ContainerState:
    """The state of a container."""

    running: bool
    exit_code: int | None
    oom_killed: bool
    started_s: float | None = None
    """Since when it runs or ran, in s of the engine's calendar."""
    ended_s: float | None = None
    """When it ended."""

    @property
    def ending(self) -> str:
        """The exit of a container that has ended, in words."""
        cause = ", out of memory" if self.oom_killed else ""
        return f"exit code {self.exit_code}{cause}"


class Talk(Protocol):
    """With a command that runs in a container, which has its end when it is closed."""

    def say(self, data: bytes) -> None:
        """To its input. Raises OSError."""
        ...

    def hear(self, within_s: float | None = None) -> bytes:
        """What it printed next, within this time; empty once it has ended, or was lost. Raises
        OSError."""
        ...

    @property
    def complaint(self) -> str:
        """What it said of errors so far."""
        ...

    def close(self) -> None: ...


class Driver(Protocol):
    """Implementations are thread-safe: a trial starts its containers side by side."""

    def create_network(self, name: str) -> str: ...

    def start(self, spec: ContainerSpec) -> str:
        """Start the container and return its id. Raises DriverError.

        One that the engine would start without a limit that was asked for is not started.
        """
        ...

    @property
    def warnings(self) -> list[str]:
        """Other warnings of the engine as it created containers, each once."""
        ...

    def state(self, container: str) -> ContainerState: ...

    def address(self, container: str) -> str:
        """Its IPv4 address in the one network that it has joined."""
        ...

    def execute(self, container: str, command: tuple[str, ...]) -> Ended:
        """Run a command in a container that runs, as its user, to its end. No window is open."""
        ...

    def talk_to(self, container: str, command: tuple[str, ...]) -> Talk:
        """Run a command in a container that runs, as its user, and talk to it."""
        ...

    def logs(self, container: str) -> str:
        """All that it printed, both streams, of a long log its end."""
        ...

    def log_rate(self, container: str, since_s: float, until_s: float) -> float:
        """Bytes a second that it printed between two moments of the engine's calendar."""
        ...

    def mounted_at(self, container: str) -> str:
        """The folder of the engine's machine where its files are; '' where there is none."""
        ...

    def stop_signal(self, image: str) -> str:
        """By which the image asks to be ended, a name or a number; SIGTERM where it names none."""
        ...

    def stop(self, container: str, grace_s: float) -> None:
        """Send the stop signal and wait; kill after `grace_s`."""
        ...

    def wait(self, container: str, timeout_s: float) -> int:
        """Wait for its end; returns the exit code. DriverError when it goes on running."""
        ...

    def remove(self, containers: Iterable[str]) -> None:
        """Kill and remove, side by side; one that is gone already is no error."""
        ...

    def sweep(self) -> list[str]:
        """Remove every container and network of this owner's runs; return their names."""
        ...
