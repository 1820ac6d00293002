"""A driver without Docker, a master without Locust, and a result like a worker's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from experiments.docker.driver import AbsentError, ContainerSpec, ContainerState, DriverError
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, plan


def some_trials(repeats: int = 2) -> list[Trial]:
    """Two points and the reference, in each of `repeats` blocks."""
    return plan(
        Experiment.model_validate(
            {
                "question": "?",
                "repeats": repeats,
                "settings": {"window_s": 1.0, "active_connections": 4},
                "sweeps": [{"name": "s", "axes": {"server": ["poll", "epoll_level"]}}],
            }
        )
    )


@dataclass
class FakeDriver:
    """Remembers what is up; `broken` roles do not start, `dead` ones end at once."""

    broken: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    up: dict[str, ContainerSpec] = field(default_factory=dict)
    started: list[ContainerSpec] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def create_network(self, name: str) -> str:
        return name

    def start(self, spec: ContainerSpec) -> str:
        if spec.role in self.broken:
            raise DriverError(f"no {spec.role} today")
        container = f"{spec.name}#{len(self.started)}"
        self.started.append(spec)
        self.up[container] = spec
        return container

    def _spec(self, container: str) -> ContainerSpec:
        if container not in self.up:
            raise AbsentError(f"no such container: {container}")
        return self.up[container]

    def state(self, container: str) -> ContainerState:
        spec = self._spec(container)
        if spec.role in self.dead or any(spec.name.endswith(f"-{name}") for name in self.dead):
            return ContainerState(running=False, exit_code=9, oom_killed=False)
        return ContainerState(running=True, exit_code=None, oom_killed=False)

    def logs(self, container: str) -> str:
        return f"log of {self._spec(container).role}"

    def stop(self, container: str, grace_s: float) -> None:
        del grace_s
        self.stopped.append(self._spec(container).role)

    def wait(self, container: str, timeout_s: float) -> int:
        del timeout_s
        return self.state(container).exit_code or 0

    def remove(self, containers: Iterable[str]) -> None:
        for container in list(containers):
            self.up.pop(container, None)

    def sweep(self) -> list[str]:
        left = [spec.name for spec in self.up.values()]
        self.up.clear()
        return left


@dataclass
class FakeMaster:
    """A master and its container: answers each trial at once; `silent` never does."""

    silent: bool = False
    forms: list[dict[str, Any]] = field(default_factory=list)
    made_ready: int = 0

    @property
    def client(self) -> FakeMaster:
        return self

    def make_ready(self) -> str:
        self.made_ready += 1
        return ""

    def ending(self) -> str:
        return ""

    def log(self) -> str:
        return "log of master"

    def wait_for_workers(self, _name: str, _count: int) -> bool:
        return True

    def swarm(self, users: int, form: dict[str, Any]) -> None:
        self.forms.append({"users": users, **form})

    def result(self, trial: str) -> dict[str, Any] | None:
        return (
            None if self.silent else {"trial": trial, "reason": "", "spoiled_by": "", **a_result()}
        )


@dataclass(frozen=True)
class FakeImages:
    server: str = "server:1"
    load: str = "load:1"
    traced: str = "traced:1"


def a_sample(label: str, at_s: float, cpu_s: float, **changes: Any) -> dict[str, Any]:
    sample = {
        "label": label,
        "at_ns": int(at_s * 1e9),
        "cpu_ns": int(cpu_s * 1e9),
        "processes": 1,
        "threads": 1,
        "rss_bytes": 10_000_000,
        "fds": 10,
        "context_switches": 100,
        "voluntary_switches": 60,
        "worker_cpu_ns": {},
        "kernel_slab_bytes": 90_000_000,
        "listen_overflows": 0,
        "listen_drops": 0,
        "retransmits": 0,
        "resets": 0,
        "segments_out": 0,
        "accept_queue": 0,
        "accept_queue_max": 3,
        "kernel_socket_bytes": 4_096,
        "idle_ticks": int(at_s * 100),
        "steal_ticks": 0,
        "measured_cores": ["0", "1"],
        "cpuset": [0],
        "affinity": [0],
        "quota_us": None,
        "period_us": 100_000,
        "throttled_periods": 0,
        "throttled_ns": 0,
    }
    return sample | changes


def a_worker(name: str = "load worker 1", cores: tuple[int, ...] = (1,)) -> dict[str, Any]:
    """What a load worker says of itself."""
    confined = {"cpu_quota": None, "throttled_periods": 0, "throttled_ns": 0}
    return {"name": name, "reason": "", "cores": list(cores), **confined}


def a_result(requests: int = 10_000, cpu_s: float = 0.95) -> dict[str, Any]:
    """A window of one second with four connections, true to Little's law."""
    return {
        "phases_s": {"connect_idle": 0.01},
        "gauges": {"active_established": 4, "idle_established": 0},
        "environment": {"clock_ticks": 100, "cores": 2},
        "asked": {
            "server": {"cores": [0], "cpu_quota": None},
            "loads": {"load worker 1": {"cores": [1], "cpu_quota": None}},
        },
        "workers": [a_worker()],
        "samples": [
            a_sample("start", 0.0, 0.0),
            a_sample("gate", 0.5, 0.1, server_established=4, worker_connections={}),
            a_sample("open", 1.0, 0.2),
            a_sample("close", 2.0, 0.2 + cpu_s),
        ],
        "window": {
            "started_ns": int(1e9),
            "ended_ns": int(2e9),
            "window_s": 1.0,
            "skew_us": 0.0,
            "cpu_ns": int(0.5e9),
            "cpu_share": 0.5,
            "requests": requests,
            "connects": 0,
            "errors": {},
            "covered": 4,
            "segments_in": requests,
            "histograms": {},
            "lower_bounds": [],
            "response_p50_us": 400.0,
            "response_p99_us": 900.0,
            "response_max_us": 2_000.0,
            "response_mean_us": 4 / requests * 1e6 if requests else 0.0,
        },
    }
