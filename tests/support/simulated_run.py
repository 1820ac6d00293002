"""A check-up of simulated servers: what it asks, and what it has recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from contract.checkup.description import CLOSED, CROWD, IDLE, described
from contract.columns import FORMAT_VERSION
from contract.exits import LabError
from experiments.checkup.choice import Choice, choose_checkup, choose_two_checkups
from experiments.checkup.questions import CheckUp
from experiments.checkup.rules_file import read_rules
from experiments.plan.foreign_server import Foreign
from experiments.plan.overrides import with_hosts
from experiments.plan.trials import Trial, plan
from experiments.records.manifest import usual
from experiments.records.run_folder import Store
from tests.support.simulated_server import SimulatedServer


@dataclass
class SimulatedRun:
    """A check-up of simulated servers, by name; it stops before the trial numbered `stops_at`."""

    servers: dict[str, SimulatedServer]
    store: Store
    choice: Choice
    stops_at: int = 0
    measured: list[Trial] = field(default_factory=list)
    doing: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def go_on(self) -> None:
        """Run what is left."""
        planned = plan(self.choice.source.experiment)
        recorded = self.store.recorded()
        self.measure([one for one in planned if one.id not in recorded], "the plan")
        about = described(self.store.manifest())
        assert about
        hosts = self.choice.source.experiment.hosts
        known = dict[str, Foreign]()
        CheckUp(
            about, known, hosts, self.store, recorded, len(planned), self.measure, self.said.append
        ).ask_all()

    def measure(self, trials: list[Trial], doing: str) -> None:
        for trial in trials:
            if self.stops_at and len(self.measured) + 1 >= self.stops_at:
                raise LabError("stopped")
            self.measured.append(trial)
            self.doing.append(doing)
            server = self.servers[trial.point.settings.server]
            self.store.append(server.row(trial), server.result(trial), {})


def simulated_run(
    folder: Path,
    subject: SimulatedServer,
    rules: str = "",
    quick: bool = False,
    beside: Sequence[str] = ("epoll_level",),
    asked: str = "",
    hosts: Path | None = None,
) -> SimulatedRun:
    """A check-up of `poll` beside others, not begun; all questions, if none are named. `hosts` is a
    file with machines."""
    path = None
    if rules:
        path = folder / "rules.yaml"
        path.write_text(rules)
    choice = choose_checkup("poll", None, read_rules(path, asked), beside, quick)
    choice = replace(choice, source=with_hosts(choice.source, hosts))
    servers = {"poll": subject, "epoll_level": SimulatedServer(40_000.0, load_per_s=30_000.0)}
    return SimulatedRun(servers, _begun(folder, choice), choice)


def simulated_pair(
    folder: Path, base: SimulatedServer, other: SimulatedServer, rules: str = ""
) -> SimulatedRun:
    """A check-up of `poll`, which is as the `other` says, beside `epoll_level`; not begun."""
    path = None
    if rules:
        path = folder / "rules.yaml"
        path.write_text(rules)
    choice = choose_two_checkups("epoll_level", "poll", None, read_rules(path), quick=False)
    servers = {"epoll_level": base, "poll": other}
    return SimulatedRun(servers, _begun(folder, choice), choice)


def _begun(folder: Path, choice: Choice) -> Store:
    store = Store.create(folder, choice.source, "run-1")
    experiment = choice.source.experiment
    manifest: dict[str, Any] = {"format_version": FORMAT_VERSION, "claims": []}
    manifest |= {"trials": len(plan(experiment)), "run": "run-1", "repeats": experiment.repeats}
    manifest |= {"started_at": "2026-01-01T12:00:00+00:00", **choice.known}
    store.write_manifest({**manifest, "usual": usual(experiment)})
    return store


PLANNED = (CLOSED, IDLE, CROWD)
