"""A run whose plan is done, and who answers what of it is open, without Docker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.columns import FORMAT_VERSION
from contract.more_blocks import BLOCKS, BUDGET, OpenQuestion, claim_name
from experiments.plan.capacity import Limits
from experiments.plan.overrides import read_source
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, plan, points
from experiments.records.manifest import usual
from experiments.records.run_folder import Store
from experiments.run.analysis import open_questions
from experiments.run.loop import execute
from experiments.run.until_decided import Continuation, all_trials
from tests.support.planned_run import Conductor, Quiet

TEXT = """
question: Is it decided?
repeats: 2
settings: {window_s: 1.0, active_connections: 8}
sweeps: [{name: s, axes: {server: [poll, epoll_level], idle_connections: [0, 10000]}}]
claims: [2, 3]
"""
LIMITS = Limits()
BLOCK_S = 15.2
"""A block of two points between two reference trials, as expected."""


@dataclass
class Analysis:
    """Answers which claims are open, one answer after the other; then none is."""

    answers: list[list[OpenQuestion]]
    asked: int = 0

    def __call__(self, _folder: Path) -> Sequence[OpenQuestion]:
        self.asked += 1
        return self.answers.pop(0) if self.answers else []


@dataclass
class Lab:
    """A run whose plan is done, on a clock by which a trial takes as long as expected."""

    store: Store
    experiment: Experiment
    now: float = 0.0
    said: list[str] = field(default_factory=list)
    conductor: Conductor = field(default_factory=Conductor)
    doing: list[str] = field(default_factory=list)

    def run_plan(self) -> None:
        execute(self.trials(), self.store, self.conductor, Quiet())

    def trials(self) -> list[Trial]:
        return all_trials(self.experiment, LIMITS, self.store.manifest())

    def measure(self, trials: list[Trial], doing: str) -> None:
        self.doing.append(doing)
        for trial in trials:
            self.now += trial.expected_s
            execute([trial], self.store, self.conductor, Quiet())

    def go_on(self, *answers: list[OpenQuestion]) -> Analysis:
        analysis = Analysis(list(answers))
        self.continuation(analysis).until_decided()
        return analysis

    def continuation(self, ask: Any = open_questions) -> Continuation:
        return Continuation(
            *(self.experiment, LIMITS, self.store, self.trials(), self.measure, self.said.append),
            ask=ask,
            clock=lambda: self.now,
        )

    @property
    def blocks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.store.manifest()[BLOCKS]
        return found


def planned(tmp_path: Path) -> Lab:
    """A lab in a folder, with a run whose plan is done and whose budget is 200 s."""
    path = tmp_path / "mine.yaml"
    path.write_text(TEXT)
    source = read_source(path, "mine")
    store = Store.create(tmp_path / "results", source, "run-1")
    manifest = {"format_version": FORMAT_VERSION, BUDGET: 200.0, "repeats": 2, "claims": [2, 3]}
    manifest |= {"trials": len(plan(source.experiment)), "usual": usual(source.experiment)}
    store.write_manifest(manifest)
    found = Lab(store, source.experiment)
    found.run_plan()
    return found


def claim(number: int, lab: Lab, next_look: int = 1, needed: int | None = 1) -> OpenQuestion:
    """Claim 2 is about epoll alone, claim 3 about both."""
    names = [
        one.name
        for one in points(lab.experiment)
        if (one.settings.server == "epoll_level") == (number == 2)
    ]
    return OpenQuestion(claim_name(number), f"title {number}", next_look, needed, tuple(names))
