"""A driver without Docker, and a master without Locust."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from contract.result.trial_result import TrialResult
from experiments.docker.driver import (
    AbsentError,
    ContainerSpec,
    ContainerState,
    DriverError,
    Ended,
    Talk,
)
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, plan
from tests.support.results import a_result

T = TypeVar("T")


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
    """Remembers what is up; `broken` roles do not start, `dead` ones end at once. What ends with a
    name of `said` has that log, and a command executed in it has that `answers`."""

    broken: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    up: dict[str, ContainerSpec] = field(default_factory=dict)
    started: list[ContainerSpec] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Ended] = field(default_factory=dict)
    executed: list[tuple[str, ...]] = field(default_factory=list)
    stop_signals: dict[str, str] = field(default_factory=dict)
    """By image, where it names one."""

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

    def address(self, container: str) -> str:
        return f"10.0.0.{list(self.up).index(container)}"

    def execute(self, container: str, command: tuple[str, ...]) -> Ended:
        self.executed.append(command)
        answer = self._of(self.answers, container)
        if answer is None:
            raise DriverError(f"nothing can be executed in {container}")
        return answer

    def talk_to(self, container: str, command: tuple[str, ...]) -> Talk:
        raise DriverError(f"nobody answers {command[0]} in {self._spec(container).name}")

    def logs(self, container: str) -> str:
        return self._of(self.said, container) or f"log of {self._spec(container).role}"

    def _of(self, by_name: dict[str, T], container: str) -> T | None:
        name = self._spec(container).name
        return next((one for end, one in by_name.items() if name.endswith(f"-{end}")), None)

    def log_rate(self, container: str, since_s: float, until_s: float) -> float:
        assert self._spec(container).role == "server"
        return 1_000.0 * (until_s - since_s)

    def mounted_at(self, container: str) -> str:
        assert self._spec(container).role == "server"
        return "/none"

    def stop_signal(self, image: str) -> str:
        return self.stop_signals.get(image, "SIGTERM")

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
    lost: str = ""
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

    def lost_way(self) -> str:
        return self.lost

    def log(self) -> str:
        return "log of master"

    def wait_for_workers(self, _name: str, _count: int) -> bool:
        return True

    def swarm(self, users: int, form: dict[str, Any]) -> None:
        self.forms.append({"users": users, **form})

    def result(self, trial: str) -> TrialResult | None:
        return None if self.silent else a_result(trial=trial)


@dataclass(frozen=True)
class FakeImages:
    server: str = "server:1"
    load: str = "load:1"
    traced: str = "traced:1"
