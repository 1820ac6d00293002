"""What became of the first trial, by which a server is loaded, is not lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.checkup.questions import READ_ON
from contract.checkup.description import CLOSED, CROWD, HOLDS
from contract.exits import Exit
from contract.outcomes import not_measured
from contract.reasons import CLOSES_EACH
from contract.void_causes import SpoiledBy
from experiments.plan.trials import Trial
from experiments.records.row_contract import Row
from tests.analysis.checkup.test_report import question, report
from tests.support import changed_rounds
from tests.support.changed_rounds import SERVER, spoil
from tests.support.failing_check_ups import SPOILED
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")


@dataclass
class SpoiledIn(SimulatedServer):
    """Its trials of one sweep are not measured, for this cause."""

    sweep: str = CLOSED
    cause: SpoiledBy = "server_gone"
    reason: str = SPOILED

    def row(self, trial: Trial) -> Row:
        found = super().row(trial)
        if trial.point.sweep != self.sweep:
            return found
        return found | {"reason": self.reason, **not_measured(self.cause)}


@pytest.mark.parametrize("cause", ["server_gone", "server_wrong"])
def test_what_a_server_fails_over_connections_that_stay_breaks(
    tmp_path: Path, cause: SpoiledBy
) -> None:
    limits = "thresholds: ['holds_per_s > 1', 'holds_cpu_share > 0']"
    made = report(tmp_path, SpoiledIn(2_000, cause=cause), limits)
    mark, words = question(made, HOLDS)
    assert SPOILED in words
    assert mark == "breaks"
    assert made.found.questions[0].do == READ_ON
    assert [one.word for one in made.found.thresholds] == ["not kept"] * 2


def test_one_that_ends_as_it_closes_a_connection_did_not_merely_close_it(tmp_path: Path) -> None:
    reason = f"verification failed: {CLOSES_EACH[0]}; the server ended with exit code 139"
    made = report(tmp_path, SpoiledIn(2_000, reason=reason))
    mark, words = question(made, HOLDS)
    assert "the server ended with exit code 139" in words
    assert mark == "breaks"


@pytest.mark.parametrize("closing", CLOSES_EACH)
def test_one_that_closes_each_connection_fails_nothing_by_that(
    tmp_path: Path, closing: str
) -> None:
    reason = f"verification failed: {closing}; only `load: connection_per_request` can be asked"
    made = report(tmp_path, SpoiledIn(2_000, cause="server_wrong", reason=reason))
    mark, words = question(made, HOLDS)
    assert words.startswith("It closes each connection after its answer. ")
    assert mark == "good"


@pytest.mark.parametrize("cause", ["server_limit", "server_starved"])
def test_a_pool_fails_nothing_by_serving_as_many_as_it_has_workers(
    tmp_path: Path, cause: SpoiledBy
) -> None:
    made = report(tmp_path, SpoiledIn(2_000, cause=cause), "thresholds: ['holds_per_s > 1000']")
    assert question(made, HOLDS)[0] == "good"
    assert [one.word for one in made.found.thresholds] == ["kept"]


@pytest.mark.parametrize("cause", ["surroundings", "load", "lab"])
def test_a_first_trial_that_others_spoiled_breaks_no_threshold(
    tmp_path: Path, cause: SpoiledBy
) -> None:
    """It is asked with a connection for each request, and nobody knows whether it has to be."""
    spoiled = SpoiledIn(2_000, cause=cause)
    made = report(tmp_path, spoiled, "thresholds: ['holds_per_s > 2500', 'holds_cpu_share < 0.1']")
    assert [one.word for one in made.found.thresholds] == ["cannot tell"] * 2
    mark, words = question(made, HOLDS)
    assert words.startswith(f"Over 64 connections that stay: {SPOILED}. ")
    assert mark == "not told"
    assert made.exit is Exit.CANNOT_TELL


def test_one_that_closes_each_connection_did_not_fail_a_crowd_that_others_spoiled(
    tmp_path: Path,
) -> None:
    spoiled = SpoiledIn(2_000, stays=False, sweep=CROWD, cause="surroundings")
    made = report(tmp_path, spoiled, "thresholds: ['holds_per_s > 1000']")
    assert question(made, HOLDS) == ("not told", f"Not known: {SPOILED}.")
    assert [one.word for one in made.found.thresholds] == ["cannot tell"]
    assert made.exit is Exit.CANNOT_TELL


@dataclass
class Gone(SpoiledIn):
    """Others spoil its crowd, beside what it does."""

    def row(self, trial: Trial) -> Row:
        found = super().row(trial)
        if trial.point.sweep != CROWD:
            return found
        return found | {"reason": "other programs", **not_measured("surroundings")}


def test_one_that_ends_over_those_that_stay_does_whatever_became_of_the_crowd(
    tmp_path: Path,
) -> None:
    made = report(tmp_path, Gone(2_000))
    assert question(made, HOLDS) == ("breaks", f"Not known: {SPOILED}.")


@pytest.mark.parametrize(
    ("blocks", "word", "code"),
    [((1, 2, 3, 4, 5), "worse", Exit.REGRESSED), ((3,), "cannot tell", Exit.CANNOT_TELL)],
)
def test_of_two_servers_its_rounds_are_counted(
    tmp_path: Path, blocks: tuple[int, ...], word: str, code: Exit
) -> None:
    """Though both have a rate, which is compared as ever."""
    edit = spoil(SERVER, CLOSED, "server_gone", blocks)
    made, found = changed_rounds.report(tmp_path, edit, asked="holds, crowd")
    (failed,) = [one for one in found.changes if one.figure == "failed_share"]
    assert (failed.question, failed.word) == (HOLDS, word)
    assert f"it fails in {len(blocks)} of 5 rounds, epoll (level) in 0" in failed.text
    mark, words = question(made, HOLDS)
    assert SPOILED in words
    assert mark == "breaks"
    assert made.exit is code


def test_a_round_whose_first_trial_others_spoiled_leaves_the_way_of_the_others_known(
    tmp_path: Path,
) -> None:
    """It closes each connection, as the other rounds have seen."""
    edit = spoil(SERVER, CLOSED, "surroundings", (1,))
    made, _ = changed_rounds.report(
        tmp_path, edit, asked="holds, crowd", other=SimulatedServer(2_000, stays=False)
    )
    mark, words = question(made, HOLDS)
    assert words.startswith("It closes each connection after its answer. ")
    assert mark == "good"
