"""After its plan a run goes on with the trials of what is open, until it can tell.

That may be a claim, a threshold, or a comparison of two servers. Each block beyond the plan has the
trials of one such question, between the reference trials; before it begins the manifest names it,
so that a run which was stopped ends it first. The question that would take the fewest blocks comes
first, with all that are missing until its next look; then the analysis judges again. It ends when
nothing is open that more blocks may decide, or when the budget has no time for any that is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contract.checkup.description import ALL_ASKED, CHECK_UP
from contract.exits import LabError
from contract.more_blocks import BLOCKS, BUDGET, ENDED, MoreBlock, OpenQuestion
from experiments.plan.capacity import Limits
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, expected_s, more_block, plan
from experiments.records.attempts import unsettled
from experiments.records.run_folder import Store
from experiments.run.analysis import open_questions
from experiments.run.progress import minutes


def all_trials(experiment: Experiment, limits: Limits, manifest: Mapping[str, Any]) -> list[Trial]:
    """The trials of the plan, and of the blocks beyond it so far. Raises LabError."""
    trials = plan(experiment, limits)
    for one in manifest.get(BLOCKS, ()):
        trials += more_block(experiment, limits, one["block"], one["points"], len(trials))
    return trials


def left(store: Store, trials: list[Trial]) -> list[Trial]:
    """Those that have no row yet which settles them."""
    recorded = store.recorded()
    return [trial for trial in trials if unsettled(trial, recorded)]


def is_complete(store: Store, experiment: Experiment, limits: Limits) -> bool:
    """Whether nothing more is to be measured in this run."""
    manifest = store.manifest()
    decided = not manifest.get(BUDGET) or ENDED in manifest
    asked = CHECK_UP not in manifest or ALL_ASKED in manifest
    return decided and asked and not left(store, all_trials(experiment, limits, manifest))


@dataclass(frozen=True, slots=True)
class Continuation:
    """A run whose plan is done; `trials` are all so far, which grow. `measure` runs those of a
    block, for what the words say; `tell` says a line between blocks."""

    experiment: Experiment
    limits: Limits
    store: Store
    trials: list[Trial]
    measure: Callable[[list[Trial], str], object]
    tell: Callable[[str], None]
    ask: Callable[[Path], Sequence[OpenQuestion]] = open_questions
    clock: Callable[[], float] = time.monotonic

    def until_decided(self) -> None:
        """Raises LabError where the analysis cannot judge, and nothing more is measured then; and
        where a block cannot be measured, with which the run goes on another time."""
        manifest = self.store.manifest()
        if not manifest.get(BUDGET) or ENDED in manifest:
            return
        spent_s = sum(one["took_s"] for one in self._timed(manifest))
        until = self.clock() + manifest[BUDGET] - spent_s
        while chosen := self._chosen(until):
            self._measure(chosen, until - self.clock())
        self._end()

    def _chosen(self, until: float) -> OpenQuestion | None:
        """The first open question for which the budget has time; without one a line says why."""
        try:
            found = self.ask(self.store.folder)
            left_s = until - self.clock()
            affordable = (one for one in found if self._batch_s(one) <= left_s)
            chosen = next(affordable, None)
        except LabError:
            self._end()
            raise
        if not found:
            self.tell("nothing is open that more blocks would decide")
        elif chosen is None:
            self.tell(f"{_named(found)} open: no time of the budget is left for more")
        return chosen

    def _measure(self, question: OpenQuestion, left_s: float) -> None:
        """As many blocks as are missing until its next look."""
        some = (
            "nobody can say how many" if question.needed is None else f"about {question.needed:,}"
        )
        words = f"deciding {question.name}"
        told = f"{words}, {question.title}: {some} more blocks"
        self.tell(f"{told}; {minutes(left_s)} min of the budget left")
        for _ in range(question.next_look):
            began = self.clock()
            trials = self._next(question)
            self.trials.extend(trials)
            block = MoreBlock(trials[0].block, question.name, question.points)
            manifest = self.store.manifest()
            before = manifest.get(BLOCKS, [])
            manifest["trials"] += len(trials)
            self.store.write_manifest({**manifest, BLOCKS: [*before, asdict(block)]})
            self.measure(trials, words)
            ended = {**asdict(block), "took_s": round(self.clock() - began, 1)}
            self.store.write_manifest({**manifest, BLOCKS: [*before, ended]})

    def _next(self, question: OpenQuestion) -> list[Trial]:
        """The trials of the next block, for this question."""
        block = self.trials[-1].block + 1
        return more_block(self.experiment, self.limits, block, question.points, len(self.trials))

    def _batch_s(self, question: OpenQuestion) -> float:
        """How long its blocks until the next look will probably take."""
        return expected_s(self._next(question)) * question.next_look

    def _timed(self, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The blocks so far. One that was stopped is whole by now and has no time yet: it is
        given the one that was expected, here and in the manifest."""
        blocks = [
            {**one, "took_s": round(self._expected_s(one["block"]), 1)}
            if one["took_s"] is None
            else one
            for one in manifest.get(BLOCKS, ())
        ]
        if blocks:
            self.store.write_manifest({**manifest, BLOCKS: blocks})
        return blocks

    def _expected_s(self, block: int) -> float:
        return expected_s([trial for trial in self.trials if trial.block == block])

    def _end(self) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.store.write_manifest({**self.store.manifest(), ENDED: now})


def _named(questions: Sequence[OpenQuestion]) -> str:
    names = list(dict.fromkeys(one.name for one in questions))
    if len(names) == 1:
        return f"{names[0]} stays"
    return f"{', '.join(names[:-1])} and {names[-1]} stay"
