"""What spoiled a trial, and was not its server, is given up to three tries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.void_causes import BY_SERVER
from experiments.records.attempts import MOST, to_repeat, unsettled
from tests.support.fakes import some_trials


def row(spoiled_by: str, attempt: int = 1, outcome: str = "completed") -> dict[str, Any]:
    return {"spoiled_by": spoiled_by, "attempt": attempt, "outcome": outcome}


@pytest.mark.parametrize("by", ["surroundings", "load", "probe"])
def test_what_was_not_the_server_is_measured_again(by: str) -> None:
    assert to_repeat(row(by))
    assert to_repeat({**row(by), "attempt": "2"}), "a cell of trials.csv"
    assert not to_repeat(row(by, MOST))


@pytest.mark.parametrize("by", ["", "lab", *BY_SERVER])
def test_what_the_server_did_stands_and_so_does_a_fault_of_ours(by: str) -> None:
    assert not to_repeat(row(by))


def test_what_the_engine_refused_it_would_refuse_again() -> None:
    assert not to_repeat(row("surroundings", outcome="failed"))
    assert to_repeat(row("probe", outcome="failed"))


def test_the_next_attempt_is_the_first_without_a_row() -> None:
    trial = some_trials()[0]
    second = replace(trial, attempt=2)
    assert second.id == f"{trial.id}-a2"
    assert unsettled(trial, {}) == trial
    assert unsettled(trial, {trial.id: False}) == second
    assert unsettled(trial, {trial.id: True}) is None
    assert unsettled(trial, {trial.id: False, second.id: True}) is None
    assert unsettled(trial, {trial.id: False, second.id: False}) == replace(trial, attempt=3)
