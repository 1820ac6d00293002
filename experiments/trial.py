"""One trial, everything in it fresh: pod, server, probe and load worker.

The pod owns the network namespace and its kernel settings. With `network: pod`
the load joins it; with `network: bridge` the load has a pod of its own across
the lab's bridge. A trial always ends with a record: what cannot be measured is
void with its reason, and the run goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import requests

from experiments.driver import ContainerSpec, ContainerState, Driver, DriverError
from experiments.exits import LabError
from experiments.master import Master
from experiments.plan import Trial

SERVER_PORT, PROBE_PORT, WEB_PORT = 8080, 8079, 8089
PORT_RANGE = "10240 65535"
"""Room for 55,000 connections per address; the lab's own ports lie below."""
PIDS = 32_768
MOST_IN_FLIGHT = 256
LOST_S = 60.0
"""Beside warm-up and window; connecting gives up by itself long before."""
WORKER_S = 30.0
LISTEN_S = 10.0
T = TypeVar("T")


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


@dataclass(slots=True)
class Outcome:
    """What a trial left: the worker's result if any, the reason if none, and the logs."""

    result: dict[str, Any] | None = None
    reason: str = ""
    server_ending: str = ""
    logs: dict[str, str] = field(default_factory=dict)
    elapsed_s: float = 0.0


class TrialError(Exception):
    """This trial cannot be measured, the next one may; the message is the reason."""


class TrialRunner:
    """Runs trials one after the other on one driver, network and master.

    A trial's containers are removed while the next one's start: half a second saved.
    """

    def __init__(
        self,
        driver: Driver,
        master: Master,
        images: Images,
        placement: Placement,
        network: str,
        nofile: int,
        prefix: str,
        master_container: str,
    ) -> None:
        self._driver = driver
        self._master = master
        self._images = images
        self.placement = placement
        self._network = network
        self._nofile = nofile
        self.prefix = prefix
        self._master_container = master_container
        self._remover = ThreadPoolExecutor(1, thread_name_prefix="remover")
        self._removal: Future[None] | None = None

    def run(self, trial: Trial) -> Outcome:
        """Never raises for what a server or a worker does; its reason is in the outcome.

        Raises LabError when nothing could be measured any more.
        """
        outcome = Outcome()
        started = time.monotonic()
        containers: dict[str, str] = {}
        try:
            self._start(trial, containers)
            outcome.result = self._measure(trial, containers)
        except (DriverError, TrialError, requests.RequestException) as error:
            outcome.reason = str(error)
        finally:
            self._finish(containers, outcome)
        if outcome.reason and not self._driver.state(self._master_container).running:
            raise LabError("the Locust master ended, and the trial in flight with it")
        outcome.elapsed_s = time.monotonic() - started
        return outcome

    def settle(self) -> None:
        """Wait until the trial before is removed, so that no removal runs in a window."""
        if self._removal is not None:
            self._removal.result()
            self._removal = None

    @contextmanager
    def serving(self, trial: Trial) -> Iterator[str]:
        """A pod with its server and nothing else, for a generator of somebody else's."""
        self.settle()
        pod = self._driver.start(self._pod(trial, "pod"))
        server = self._driver.start(self._server(trial, pod))
        try:
            deadline = time.monotonic() + LISTEN_S
            while '"listening"' not in self._driver.logs(server):
                ended = not self._driver.state(server).running
                if ended or time.monotonic() > deadline:
                    raise LabError(f"the server does not listen: {self._driver.logs(server)}")
                time.sleep(0.05)
            yield pod
        finally:
            self._driver.remove([server, pod])

    def _start(self, trial: Trial, containers: dict[str, str]) -> None:
        bridged = trial.point.settings.network == "bridge"
        containers["pod"] = self._driver.start(self._pod(trial, "pod"))
        if bridged:
            containers["client"] = self._driver.start(self._pod(trial, "client"))
        load_pod = containers["client" if bridged else "pod"]
        with ThreadPoolExecutor(1) as pool:
            load = pool.submit(self._driver.start, self._load(trial, load_pod))
            try:
                containers["server"] = self._driver.start(self._server(trial, containers["pod"]))
                containers["probe"] = self._driver.start(self._probe(trial, containers))
            finally:
                containers["load"] = load.result()

    def _measure(self, trial: Trial, containers: dict[str, str]) -> dict[str, Any]:
        settings = trial.point.settings
        self.settle()
        self._until(
            lambda: self._master.wait_for_worker(_hostname(trial)) or None,
            containers,
            WORKER_S,
            "the load worker did not reach the Locust master",
        )
        host = "server" if settings.network == "bridge" else "127.0.0.1"
        self._master.swarm(
            settings.active_connections,
            {
                "host": f"http://{host}:{SERVER_PORT}",
                "server": "",
                "load": settings.load,
                "idle_connections": settings.idle_connections,
                "in_flight": max(1, min(settings.backlog // 2, MOST_IN_FLIGHT)),
                "warm_up_s": settings.warm_up_s,
                "window_s": settings.window_s,
                "trial": trial.id,
                "probe": f"{host}:{PROBE_PORT}",
            },
        )
        limit = settings.warm_up_s + settings.window_s + LOST_S
        return self._until(
            lambda: self._master.result(trial.id), containers, limit, "the load did not end"
        )

    def _until(
        self,
        ask: Callable[[], T | None],
        containers: dict[str, str],
        limit_s: float,
        reason: str,
    ) -> T:
        """Ask until there is an answer; give up when the load died, or after `limit_s`."""
        deadline = time.monotonic() + limit_s
        while (answer := ask()) is None:
            state = self._driver.state(containers["load"])
            if not state.running:
                raise TrialError(f"the load worker ended with {_ending(state)}")
            if time.monotonic() > deadline:
                raise TrialError(f"{reason} within {limit_s:.0f} s")
        return answer

    def _finish(self, containers: dict[str, str], outcome: Outcome) -> None:
        try:
            for role in ("server", "load", "probe"):
                if role in containers:
                    outcome.logs[role] = self._driver.logs(containers[role])
            if "server" in containers:
                state = self._driver.state(containers["server"])
                if not state.running:
                    outcome.server_ending = _ending(state)
        except DriverError as error:
            outcome.reason = outcome.reason or str(error)
        self._removal = self._remover.submit(self._driver.remove, list(containers.values()))

    def _name(self, trial: Trial, role: str) -> str:
        return f"{self.prefix}-{_hostname(trial)}-{role}"

    def _pod(self, trial: Trial, name: str) -> ContainerSpec:
        settings = trial.point.settings
        sysctls = {
            "net.ipv4.ip_local_port_range": PORT_RANGE,
            "net.ipv4.tcp_tw_reuse": "1",
            "net.core.somaxconn": str(settings.somaxconn),
        }
        return ContainerSpec(
            role="pod",
            name=self._name(trial, name),
            image=self._images.server,
            command=("sleep", "infinity"),
            network=self._network,
            hostname=_hostname(trial),
            aliases=("server",) if name == "pod" else (),
            cpus=self.placement.others,
            sysctls=sysctls,
        )

    def _server(self, trial: Trial, pod: str) -> ContainerSpec:
        settings = trial.point.settings
        return ContainerSpec(
            role="server",
            name=self._name(trial, "server"),
            image=self._images.server,
            command=(
                *("python3", "-m", "servers", settings.server),
                *("--port", str(SERVER_PORT), "--backlog", str(settings.backlog)),
            ),
            network=f"container:{pod}",
            cpus=self.placement.server,
            cpu_quota=settings.server_cpu_quota,
            nofile=self._nofile,
            pids_limit=PIDS,
        )

    def _probe(self, trial: Trial, containers: dict[str, str]) -> ContainerSpec:
        return ContainerSpec(
            role="probe",
            name=self._name(trial, "probe"),
            image=self._images.server,
            command=("python3", "/opt/lab/probe.py", str(SERVER_PORT), *self.placement.measured),
            network=f"container:{containers['pod']}",
            pid_of=containers["server"],
            cpus=self.placement.others,
        )

    def _load(self, trial: Trial, pod: str) -> ContainerSpec:
        return ContainerSpec(
            role="load",
            name=self._name(trial, "load"),
            image=self._images.load,
            command=(
                *("python3", "-m", "locust", "-f", "/opt/lab/loadgen/locustfile.py"),
                *("--worker", "--master-host", "master", "--exit-code-on-error", "0"),
            ),
            network=f"container:{pod}",
            cpus=self.placement.load,
            nofile=self._nofile,
            environment={"C10K_SERVERS": "server"},
        )


def master_spec(images: Images, placement: Placement, network: str, prefix: str) -> ContainerSpec:
    """The one container that lives through the whole run, so that it can be watched."""
    return ContainerSpec(
        role="master",
        name=f"{prefix}-master",
        image=images.load,
        command=(
            *("python3", "-m", "locust", "-f", "/opt/lab/loadgen/locustfile.py"),
            *("--master", "--web-port", str(WEB_PORT), "--exit-code-on-error", "0"),
        ),
        network=network,
        aliases=("master",),
        cpus=placement.others,
        publish={WEB_PORT: WEB_PORT},
        environment={"C10K_SERVERS": "server"},
    )


def _ending(state: ContainerState) -> str:
    cause = ", out of memory" if state.oom_killed else ""
    return f"exit code {state.exit_code}{cause}"


def _hostname(trial: Trial) -> str:
    return f"t{trial.position:03d}"
