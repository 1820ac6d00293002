"""What a server needs, such as its database: a container for each, fresh for every trial.

They are started one after the other, in the order of the experiment, and before the server; each
is waited for. They are on the lab's network, under their names and without published ports, and on
none of the measured cores where there are others. A container beside each watches it: by that the
run knows who listens, and the CPU time that is no other program's.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Final

from contract.void_causes import SpoiledBy
from experiments.docker.driver import ContainerSpec, Driver, DriverError
from experiments.plan.foreign_server import Need
from experiments.plan.trials import Trial
from experiments.probe.need_watch import READY
from experiments.probe.sock_diag import Listener
from experiments.records.container_hints import key_that_may_help
from experiments.records.server_log import last_lines
from experiments.run.described_container import as_described, beside
from experiments.run.pods import ANY_PORT
from experiments.run.trial_containers import PIDS, Containers
from experiments.run.trial_kind import TrialError
from experiments.run.unreached import why_unreached

READY_S: Final = 60.0
"""For a database to make its files; one that has ended is not waited for."""
LOOK_S: Final = 0.05
END_S: Final = 1.0
WATCH: Final = ("python3", "/opt/lab/experiments/probe/need_watch.py")
SPOILED: Final[SpoiledBy] = "surroundings"


@dataclass(frozen=True, slots=True)
class RunningNeeds:
    """What the trial's server needs; `started` gets the ids of the containers, by name."""

    trial: Trial
    driver: Driver
    containers: Containers
    started: dict[str, str]

    def names(self) -> list[str]:
        return list(self._described())

    def _described(self) -> dict[str, Need]:
        foreign = self.trial.point.foreign
        return foreign.needs if foreign else {}

    def start(self) -> dict[str, str]:
        """Start them; returns their addresses by name. Raises TrialError, DriverError."""
        for name, need in self._described().items():
            spec = self.specification(name, need)
            own = self.started[name] = self.driver.start(spec)
            try:
                self.started[watcher(name)] = self.driver.start(self._watcher(name, need, spec))
            except DriverError:
                # Nothing can join the namespaces of one that has ended at once.
                self._check(END_S)
                raise
            self._await(name, need, own)
        return {name: self.driver.address(self.started[name]) for name in self.names()}

    def ended(self) -> str:
        """The first that has ended, in words; empty if none has."""
        for name in self.names():
            if name in self.started:
                state = self.driver.state(self.started[name])
                if not state.running:
                    said = self.driver.logs(self.started[name])
                    told = f"its {name} ended with {state.ending} {last_lines(said)}".strip()
                    hint = key_that_may_help(said, self._described()[name], told)
                    return "; ".join(filter(None, (told, hint)))
        return ""

    @property
    def shared_cores(self) -> bool:
        """Whether they are on a core that is measured."""
        placement = self.containers.placement
        workers = self.trial.point.settings.load_workers
        return bool({*placement.needs(workers).split(",")} & {*placement.measured(workers)})

    def readings(self) -> dict[str, str]:
        """What each one's watcher has said, by name."""
        return {
            name: self.driver.logs(self.started[watcher(name)])
            for name in self.names()
            if watcher(name) in self.started
        }

    def specification(self, name: str, need: Need) -> ContainerSpec:
        """Confined like a server, but for its cores."""
        make, settings = self.containers, self.trial.point.settings
        spec = ContainerSpec(
            role="need",
            name=make.name(self.trial, name),
            image=make.foreign[f"{settings.server}/{name}"],
            command=(),
            network=make.network,
            hostname=name,
            aliases=(name,),
            cpus=make.placement.needs(settings.load_workers),
            nofile=make.nofile,
            pids_limit=PIDS,
            sysctls=ANY_PORT,
        )
        return as_described(spec, need, make.folder)

    def _watcher(self, name: str, need: Need, spec: ContainerSpec) -> ContainerSpec:
        make, own = self.containers, self.started[name]
        watch = ContainerSpec(
            role="probe",
            name=make.name(self.trial, f"{name}-watch"),
            image=make.images.server,
            command=(*WATCH, str(need.port)) if need.port else WATCH,
            network=f"container:{own}",
            pid_of=own,
            cpus=make.placement.others,
        )
        return beside(watch, spec)

    def _await(self, name: str, need: Need, own: str) -> None:
        """Until its port can be reached, and its command of health ends with 0."""
        deadline = time.monotonic() + READY_S
        said = ""
        while READY not in (log := self.driver.logs(self.started[watcher(name)])).split():
            said = _unreached(log, need)
            self._check_watcher(name)
            self._wait(name, deadline, said)
        while need.health:
            try:
                health = self.driver.execute(own, tuple(need.health))
                if not health.exit_code:
                    return
                said = f"{' '.join(need.health)!r} ended with {health.exit_code} {health.output}"
            except DriverError as error:
                said = str(error)
            self._wait(name, deadline, said.strip())

    def _wait(self, name: str, deadline: float, said: str) -> None:
        self._check()
        if time.monotonic() > deadline:
            raise TrialError(f"its {name} was not ready within {READY_S:.0f} s: {said}", SPOILED)
        time.sleep(LOOK_S)

    def _check_watcher(self, name: str) -> None:
        """Raises TrialError if it has ended, which tells nothing of what it watched: not where that
        has ended and took it along."""
        watch = self.started[watcher(name)]
        if not (state := self.driver.state(watch)).running:
            self._check(END_S)
            said = last_lines(self.driver.logs(watch))
            raise TrialError(f"what watches its {name} ended with {state.ending}: {said}", SPOILED)

    def _check(self, within_s: float = 0.0) -> None:
        """Raises TrialError if one has ended, of which the engine may learn a moment later."""
        deadline = time.monotonic() + within_s
        while not (ended := self.ended()) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        if ended:
            raise TrialError(ended, SPOILED)


def watcher(name: str) -> str:
    """What watches a need is called so among the containers of a trial."""
    return f"{name} watch"


def _unreached(log: str, need: Need) -> str:
    """Who listened last, in words."""
    seen: list[Listener] = []
    for line in log.splitlines():
        if line.startswith("["):
            seen = [Listener(*one) for one in json.loads(line)]
    return why_unreached(seen, need.port or 0, "") or "it does not answer"
