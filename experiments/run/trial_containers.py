"""The containers of a run: what each one is, on which cores, in which namespace."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from contract.loads import POD, WIRE
from contract.ports import PROBE_PORT, WEB_PORT
from contract.probe_question import KEY
from experiments.docker.driver import ContainerSpec
from experiments.hosts.sides import LOAD
from experiments.link.container import shaper
from experiments.machine.cores import Placement
from experiments.plan.trials import Trial
from experiments.run.container_names import (
    MASTER,
    SERVER_HOST,
    SERVER_POD,
    client_name,
    hostname,
    load_name,
)
from experiments.run.described_container import as_described, beside
from experiments.run.habits_command import NAME as HABITS
from experiments.run.habits_command import command as habits_command
from experiments.run.load_form import load_form
from experiments.run.pods import kernel_settings, on_wire
from experiments.run.server_under_test import Images as ServerImages
from experiments.run.server_under_test import ServerUnderTest, server_under_test

PIDS = 32_768
LOAD_PERIOD_US = 4_000
"""Period of a load worker's quota, where it has one: the kernel grants no less than 1 ms of it."""
PROBE = ("python3", "/opt/lab/experiments/probe/probe.py")
WATCH = ("python3", "-m", "loadgen.tools.start_watch")
LOCUST = ("python3", "-m", "locust", "-f", "/opt/lab/loadgen/locustfile.py")


class Images(ServerImages, Protocol):
    """References of the images that a trial uses; the probe is in the server's."""

    @property
    def load(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Containers:
    """Makes the specifications of a run's containers, whose names begin with `prefix`.

    `foreign` has the image id of each foreign server, and as `SERVER/NEED` of what it needs: a
    tag may move while a run goes on. `folder` is the run's, with the files that they are given.
    """

    images: Images
    placement: Placement
    network: str
    nofile: int
    prefix: str
    foreign: Mapping[str, str] = field(default_factory=dict)
    load_cpu_quota: float | None = None
    """Cores that a load worker may use; a benchmark of workers sets it."""
    folder: Path = Path()
    check: str = ""
    """How answers are checked, where not as the server's usually are; a benchmark sets it."""
    link_image: str = ""
    """Image of what shapes a path; needed if a trial has a shaped one."""
    address: str = ""
    """Address of the server's host, if not the load's; its ports are open there, and the load
    finds it there."""
    secret: str = field(default="", repr=False)
    """The run's calls to the master carry it: the server under test can reach the master too."""
    probe_key: str = field(default_factory=secrets.token_urlsafe, repr=False)
    """Questions to the probe are signed with it: the wire is not the lab's alone."""

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
            aliases=(MASTER,),
            cpus=self.placement.beside_load,
            publish={WEB_PORT: WEB_PORT},
            environment={"C10K_SERVERS": "server", "C10K_SECRET": self.secret},
            side=self._load_side(0),
        )

    def _load_side(self, place: int) -> str:
        """The name of the host in this place among those that load."""
        hosts = self.placement.load_hosts
        return hosts[place].side if hosts else LOAD

    def server_under_test(self, trial: Trial) -> ServerUnderTest:
        """The server of the trial, in this run's images."""
        tested = server_under_test(trial, self.images, self.foreign)
        return tested.checked(self.check) if self.check else tested

    def clients(self, trial: Trial) -> dict[str, ContainerSpec]:
        """The pods of the load workers, where those are not in the server's, by name: `client`, and
        on further hosts `client-2` and so on."""
        settings = trial.point.settings
        if settings.network == POD:
            return {}
        places = dict.fromkeys(self.placement.hosts_of(settings.load_workers))
        return {(name := client_name(place + 1)): self.pod(trial, name) for place in places}

    def pod(
        self, trial: Trial, name: str, hosts: Mapping[str, str] = MappingProxyType({})
    ) -> ContainerSpec:
        """Owns a network namespace and the kernel settings of the trial; `hosts` are addresses by
        the names under which they are known in it."""
        wire: dict[str, Any] = {}
        if trial.point.settings.network == WIRE:
            port = self.server_under_test(trial).port
            wire = on_wire(name, self.placement, self.address, port)
        return ContainerSpec(
            role="pod",
            name=self.name(trial, name),
            image=self.images.server,
            command=("sleep", "infinity"),
            network=self.network,
            hostname=hostname(trial),
            aliases=(SERVER_HOST,) if name == SERVER_POD else (),
            sysctls=kernel_settings(trial, name),
            **{"cpus": self.placement.others, "hosts": hosts, **wire},
        )

    def link(self, trial: Trial, pod: str, name: str) -> ContainerSpec:
        """Shapes the path in the network namespace of the pod of this name, and ends."""
        return shaper(
            trial.point.settings,
            self.server_under_test(trial).port,
            image=self.link_image,
            name=self.name(trial, f"{name}-link"),
            network=f"container:{pod}",
            cpus=self.placement.others,
        )

    def server(self, trial: Trial, pod: str) -> ContainerSpec:
        """All servers are under the same limits."""
        settings, tested = trial.point.settings, self.server_under_test(trial)
        spec = ContainerSpec(
            role="server",
            name=self.name(trial, "server"),
            image=tested.image,
            command=tested.command,
            network=f"container:{pod}",
            cpus=self.placement.server,
            cpu_quota=settings.server_cpu_quota,
            nofile=settings.server_nofile or self.nofile,
            sigpending=settings.sigpending,
            pids_limit=PIDS,
        )
        return as_described(spec, tested.described, self.folder) if tested.described else spec

    def microbenchmark(self, trial: Trial) -> ContainerSpec:
        """A server's interface of readiness by itself, confined and pinned like the server."""
        settings = trial.point.settings
        return ContainerSpec(
            role="server",
            name=self.name(trial, "server"),
            image=self.images.server,
            command=(
                *("python3", "-m", "servers.microbench.readiness_bench"),
                *(settings.load, settings.server),
                *("--watched", str(settings.watched)),
                *("--warm-up", str(settings.warm_up_s), "--window", str(settings.window_s)),
            ),
            network="none",
            cpus=self.placement.server,
            nofile=self.nofile,
            pids_limit=PIDS,
        )

    def probe(self, trial: Trial, pod: str, server: str) -> ContainerSpec:
        """Reads /proc beside the server, in its pid and network namespaces."""
        stops = trial.point.settings.stop_s > 0
        return beside(self._probe(trial, pod, server), self.server(trial, pod), stops=stops)

    def _probe(self, trial: Trial, pod: str, server: str) -> ContainerSpec:
        port = str(self.server_under_test(trial).port)
        cores = self.placement.measured(trial.point.settings.load_workers)
        return ContainerSpec(
            role="probe",
            name=self.name(trial, "probe"),
            image=self.images.server,
            command=(*PROBE, port, *cores),
            network=f"container:{pod}",
            pid_of=server,
            cpus=self.placement.probing,
            environment=self._probe_key(trial),
        )

    def _probe_key(self, trial: Trial) -> dict[str, str]:
        """The environment of the probe and of who asks it; each trial has a key of its own, so
        that no question of another one can be sent again."""
        return {KEY: f"{self.probe_key} {hostname(trial)}"}

    def watch(self, trial: Trial, pod: str) -> ContainerSpec:
        """Watches the server start, in its pod."""
        tested, here = self.server_under_test(trial), "127.0.0.1"
        beside = {"host": f"http://{here}:{tested.port}", "probe": f"{here}:{PROBE_PORT}"}
        return ContainerSpec(
            role="load",
            name=self.name(trial, "watch"),
            image=self.images.load,
            command=(*WATCH, json.dumps(load_form(trial, tested) | beside)),
            network=f"container:{pod}",
            cpus=self.placement.others,
            environment=self._probe_key(trial),
        )

    def loads(self, trial: Trial, *pods: str) -> dict[str, ContainerSpec]:
        """The Locust workers with their engines, by name: `load`, `load-2` and so on; `pods` are
        the containers whose network they join, one on each host that loads, or one for all."""
        workers, made = trial.point.settings.load_workers, {}
        cores, places = self.placement.loading(workers), self.placement.hosts_of(workers)
        for number, (core, place) in enumerate(zip(cores, places, strict=True), 1):
            pod = pods[place] if len(pods) > 1 else pods[0]
            made[load_name(number)] = self._load(trial, pod, number, core, place)
        return made

    def _load(self, trial: Trial, pod: str, number: int, core: str, place: int) -> ContainerSpec:
        return ContainerSpec(
            role="load",
            name=self.name(trial, load_name(number)),
            image=self.images.load,
            command=(*LOCUST, "--worker", "--master-host", MASTER, "--exit-code-on-error", "0"),
            network=f"container:{pod}",
            cpus=core,
            cpu_quota=self.load_cpu_quota,
            cpu_period_us=LOAD_PERIOD_US,
            nofile=self.nofile,
            environment={
                "C10K_SERVERS": "server",
                "C10K_WORKER": str(number),
                **self._probe_key(trial),
            },
            side=self._load_side(place),
        )

    def habits(self, trial: Trial, pod: str) -> ContainerSpec:
        """The client that sees the server's habits, where the load is; it comes when that rests."""
        return ContainerSpec(
            role="load",
            name=self.name(trial, HABITS),
            image=self.images.load,
            command=habits_command(trial, self.server_under_test(trial)),
            network=f"container:{pod}",
            cpus=self.placement.load,
            side=self._load_side(0),
        )

    def name(self, trial: Trial, role: str) -> str:
        """What one of the trial's containers is called."""
        return f"{self.prefix}-{hostname(trial)}-{role}"
