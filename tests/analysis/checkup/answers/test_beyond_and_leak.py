"""Errors of an overload are not thinned by the calm after it; a measured trial is no reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.checkup.answers import leak
from analysis.checkup.answers.beyond import surge_of
from contract.checkup.description import BEYOND, LEAK
from contract.result.trial_result import TrialResult
from tests.support.failing_check_ups import checked_up
from tests.support.results import a_second

pytestmark = pytest.mark.usefixtures("without_pictures")


def test_the_errors_of_an_overload_are_a_share_of_its_own_requests() -> None:
    """A 50th of 4,500 fails; none of the 4,500 after it."""
    seconds = [a_second(float(at), requests=1_470, errors={"reset": 30}) for at in range(3)]
    seconds += [a_second(float(at), requests=500, response_p99_us=900) for at in range(3, 12)]
    row = {"surge_s": 3.0, "errors": 90, "requests": 8_910, "error_share": 0.01, "unanswered": 0}
    surge = surge_of({**row, "oldest_unanswered_us": None}, seconds, 50)
    assert surge
    assert surge.error_share == pytest.approx(0.02)


def test_what_a_measured_trial_has_to_tell_is_no_reason_for_what_is_not_known(
    folder: Path,
) -> None:
    told = "its own log, 2 MB/s, took the engine 0.3 cores: it is faster without"
    asked = checked_up(folder, {"reason": told}, (LEAK,)).asked
    found = leak.answer(replace(asked, details=lambda _: TrialResult()))
    assert told not in found.words


@pytest.mark.parametrize(("busy", "known"), [(0.3, True), (0.7, False)])
def test_a_load_that_was_late_by_little_does_not_hide_a_recovery(
    folder: Path, busy: float, known: bool
) -> None:
    late = {"validity": "generator_bound", "lag_max_us": 3_300, "longest_pause_us": 5_300}
    found = checked_up(folder, late | {"generator_busy_share": busy}, (BEYOND,))
    assert ("beyond_recovers_s" in found.answers[BEYOND].figures) is known
    assert ("the load could not keep this rate" not in found.words(BEYOND)) is known


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check-ups")
