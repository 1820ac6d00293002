"""A trial that was not measured counts by its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.outcomes.causes import Causes, causes, failed, no_evidence
from contract.void_causes import BY_SERVER, SPOILED_BY
from tests.support import made_up_run as made
from tests.support.spoiled_trials import GONE, chosen_of, spoil

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.mark.parametrize("cause", [*SPOILED_BY, None])
def test_each_cause_counts_as_what_it_is(tmp_path: Path, cause: str | None) -> None:
    frame = made.trials(5)
    frame = frame[frame["outcome"] == "completed"]
    spoil(frame, cause, 2, **GONE)
    found = causes(analysis.load(made.write_run(tmp_path, frame)).trials)
    if cause == "server_starved":
        assert found == Causes(len(frame), starved=2)
        return
    place = {"server_limit": "limit", None: "unknown"}.get(
        cause, "failed" if cause in BY_SERVER else "spoiled"
    )
    lost = 2 if cause == "lab" else 0
    assert found == Causes(len(frame) - 2, **{place: 2}, lost=lost)
    assert ("no evidence" in no_evidence(found)) is (cause not in BY_SERVER)


@pytest.mark.parametrize("name", ["steal_share", "foreign_cpu_share"])
@pytest.mark.parametrize(("cause", "fails"), [("server_starved", False), ("server_wrong", True)])
def test_who_starved_while_others_had_the_machine_did_not_fail(
    tmp_path: Path, name: str, cause: str, fails: bool
) -> None:
    frame = made.trials(5)
    spoil(frame, cause, 2, **GONE)
    frame.loc[chosen_of(frame, 2, **GONE), name] = 0.95
    trials = analysis.load(made.write_run(tmp_path, frame)).trials
    assert failed(trials[chosen_of(trials, 2, **GONE)]).any() == fails
