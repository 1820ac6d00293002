"""The containers of a run: what each one is, on which cores, in which namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from experiments.driver import ContainerSpec
from experiments.exits import LabError
from experiments.plan import Trial
from experiments.settings import SERVER_FLAGS, Settings

SERVER_PORT, PROBE_PORT, WEB_PORT = 8080, 8079, 8089
PORT_RANGE = "10240 65535"
"""Room for 55,000 connections per address; the lab's own ports lie below."""
PRIVILEGED = 1_024
PIDS = 32_768
LISTEN_S = 10.0
"""A server of the lab listens within this, or not at all."""
LOCUST = ("python3", "-m", "locust", "-f", "/opt/lab/loadgen/locustfile.py")


@dataclass(frozen=True, slots=True)
class Placement:
    """Which cores do what: the server has its own, the load another."""

    server: str
    load: str
    others: str

    @property
    def measured(self) -> tuple[str, str]:
        """The cores whose disturbance spoils a trial."""
        return self.server, self.load


def place(cores: int) -> Placement:
    """The first core serves and the last one loads: as far apart as the numbers allow.

    On two virtual processors these may still be two threads of one core.
    """
    if cores < 2:
        raise LabError("the lab needs two cores: one for the server, one for the load")
    return Placement("0", str(cores - 1), str(cores - 2) if cores > 2 else "1")


class Images(Protocol):
    """References of the images that a trial uses; the probe is in the server's."""

    @property
    def server(self) -> str: ...

    @property
    def load(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Containers:
    """Makes the specifications of a run's containers, whose names begin with `prefix`.

    `foreign` has the image id of each foreign server: its tag may move while a run goes on.
    """

    images: Images
    placement: Placement
    network: str
    nofile: int
    prefix: str
    foreign: Mapping[str, str] = field(default_factory=dict)

    def master(self) -> ContainerSpec:
        """The one container that lives through the whole run, so that it can be watched."""
        return ContainerSpec(
            role="master",
            name=f"{self.prefix}-master",
            image=self.images.load,
            command=(
                *LOCUST,
                *("--master", "--web-port", str(WEB_PORT), "--exit-code-on-error", "0"),
            ),
            network=self.network,
            aliases=("master",),
            cpus=self.placement.others,
            publish={WEB_PORT: WEB_PORT},
            environment={"C10K_SERVERS": "server"},
        )

    def pod(self, trial: Trial, name: str) -> ContainerSpec:
        """Owns a network namespace and the kernel settings of the trial."""
        sysctls = {
            "net.ipv4.ip_local_port_range": PORT_RANGE,
            "net.ipv4.tcp_tw_reuse": "1",
            "net.core.somaxconn": str(trial.point.settings.somaxconn),
        }
        if server_port(trial) < PRIVILEGED:
            # Without capabilities it could not have its port; the namespace is the trial's own.
            sysctls["net.ipv4.ip_unprivileged_port_start"] = "0"
        return ContainerSpec(
            role="pod",
            name=self._name(trial, name),
            image=self.images.server,
            command=("sleep", "infinity"),
            network=self.network,
            hostname=hostname(trial),
            aliases=("server",) if name == "pod" else (),
            cpus=self.placement.others,
            sysctls=sysctls,
        )

    def server(self, trial: Trial, pod: str) -> ContainerSpec:
        """One of the lab's own, or a foreign one under the same limits."""
        settings, foreign = trial.point.settings, trial.point.foreign
        if foreign:
            image, command = self.foreign[foreign.name], tuple(foreign.command)
        else:
            image = self.images.server
            command = (
                *("python3", "-m", "servers", settings.server),
                *("--port", str(SERVER_PORT), "--backlog", str(settings.backlog)),
                *_flags(settings),
            )
        return ContainerSpec(
            role="server",
            name=self._name(trial, "server"),
            image=image,
            command=command,
            network=f"container:{pod}",
            cpus=self.placement.server,
            cpu_quota=settings.server_cpu_quota,
            nofile=self.nofile,
            pids_limit=PIDS,
            environment=foreign.environment if foreign else {},
        )

    def probe(self, trial: Trial, pod: str, server: str) -> ContainerSpec:
        """Reads /proc beside the server, in its pid and network namespaces."""
        port = str(server_port(trial))
        return ContainerSpec(
            role="probe",
            name=self._name(trial, "probe"),
            image=self.images.server,
            command=("python3", "/opt/lab/probe.py", port, *self.placement.measured),
            network=f"container:{pod}",
            pid_of=server,
            cpus=self.placement.others,
        )

    def load(self, trial: Trial, pod: str) -> ContainerSpec:
        """The Locust worker with the engine."""
        return ContainerSpec(
            role="load",
            name=self._name(trial, "load"),
            image=self.images.load,
            command=(*LOCUST, "--worker", "--master-host", "master", "--exit-code-on-error", "0"),
            network=f"container:{pod}",
            cpus=self.placement.load,
            nofile=self.nofile,
            environment={"C10K_SERVERS": "server"},
        )

    def _name(self, trial: Trial, role: str) -> str:
        return f"{self.prefix}-{hostname(trial)}-{role}"


def hostname(trial: Trial) -> str:
    """Of the trial's pod, and so the name of its load worker."""
    return f"t{trial.position:03d}"


def server_port(trial: Trial) -> int:
    """Where the trial's server listens."""
    return trial.point.foreign.port if trial.point.foreign else SERVER_PORT


def _flags(settings: Settings) -> Iterator[str]:
    """What the trial sets of the server, as `python -m servers` takes it."""
    for name in SERVER_FLAGS:
        value = getattr(settings, name)
        if value is not None:
            shown = ("off", "on")[value] if isinstance(value, bool) else str(value)
            yield from ("--" + name.replace("_", "-"), shown)
