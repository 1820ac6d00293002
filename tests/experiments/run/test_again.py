"""A run measures again what was spoiled, and not by the server, before it goes on."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import pytest

from contract.void_causes import SpoiledBy
from experiments.plan.trials import Trial
from experiments.records.attempts import MOST
from experiments.records.outcome import Outcome
from experiments.records.run_folder import Store
from experiments.run.loop import Interrupted, execute
from tests.support.fakes import some_trials
from tests.support.results import valid_result


class Spoiled:
    """Spoils the first `times` measurements of the trial `first`; hears of each step."""

    def __init__(self, first: Trial, times: int, by: SpoiledBy = "probe") -> None:
        self.first, self.times, self.by = first, times, by
        self.steps: list[str] = []

    def run(self, trial: Trial) -> Outcome:
        self.steps.append(trial.id)
        if trial.point == self.first.point and trial.repeat == self.first.repeat and self.times:
            self.times -= 1
            return Outcome(reason="it is gone", spoiled_by=self.by, elapsed_s=1.0)
        return Outcome(result=valid_result(trial), elapsed_s=4.0)

    def rest(self) -> None:
        self.steps.append("rest")

    def begin(self, trial: Trial) -> None:
        self.steps.append(f"begin {trial.attempt}")

    def again(self, trial: Trial, row: dict[str, Any]) -> None:
        assert row["validity"] == "void"
        assert row["trial"] == trial.id
        self.steps.append("again")

    def end(self, trial: Trial, row: dict[str, Any]) -> None:
        assert row["trial"] == trial.id
        self.steps.append(f"end {row['attempt']}")


def measure(
    store: Store, trials: list[Trial], seen: Spoiled, rest: Callable[[], None] | None = None
) -> int:
    return execute(trials, store, seen, seen, rest or seen.rest)


def attempts(store: Store) -> list[str]:
    with (store.folder / "trials.csv").open() as file:
        return [row["attempt"] for row in csv.DictReader(file)]


def test_it_is_measured_again_at_once_after_a_rest(store: Store) -> None:
    first, second, *_ = trials = some_trials()[:2]
    seen = Spoiled(first, 1)
    assert measure(store, trials, seen) == 2
    again = f"{first.id}-a2"
    assert seen.steps == [
        *("begin 1", first.id, "again", "rest", again, "end 2"),
        *("begin 1", second.id, "end 1"),
    ]
    assert attempts(store) == ["1", "2", "1"]
    assert store.recorded() == {first.id: False, again: True, second.id: True}
    assert (store.folder / "trials" / again / "result.json").is_file()


def test_it_is_given_up_after_the_last_attempt(store: Store) -> None:
    trials = some_trials()[:1]
    seen = Spoiled(trials[0], 99)
    measure(store, trials, seen)
    assert attempts(store) == [str(number) for number in range(1, MOST + 1)]
    assert seen.steps[-1] == f"end {MOST}"
    assert measure(store, trials, Spoiled(trials[0], 99)) == 0, "it is settled"


def test_what_the_server_did_stands(store: Store) -> None:
    trials = some_trials()[:1]
    seen = Spoiled(trials[0], 1, "server_gone")
    measure(store, trials, seen)
    assert seen.steps == ["begin 1", trials[0].id, "end 1"]


def test_a_run_that_ends_while_it_waits_goes_on_with_the_next_attempt(store: Store) -> None:
    def interrupted() -> None:
        raise Interrupted

    trials = some_trials()[:2]
    with pytest.raises(Interrupted):
        measure(store, trials, Spoiled(trials[0], 1), interrupted)
    seen = Spoiled(trials[0], 0)
    assert measure(Store.open(store.folder), trials, seen) == 2
    assert seen.steps[:3] == ["begin 2", f"{trials[0].id}-a2", "end 2"]
