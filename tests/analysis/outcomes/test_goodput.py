"""The shares that a rate leaves out, over all repeats of a point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import analysis
from analysis.outcomes import goodput
from tests.support.spoiled_trials import GONE, SHORT, chosen_of, write_failing

if TYPE_CHECKING:
    from analysis.records.run import Run

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return analysis.load(write_failing(tmp_path_factory.mktemp("run")))


def test_shares_are_sums_over_repeats_and_failed_ones_give_nothing(run: Run) -> None:
    poll = run.trials[chosen_of(run.trials, 9, **GONE)]
    found = goodput.of_all(poll)
    kept = poll[poll["valid"]]["requests"].sum()
    assert found["failed_share"] == pytest.approx(0.4)
    assert found["goodput_per_s"] == pytest.approx(kept / (5 * 2.0))
    assert found["error_share"] == 0
    short = goodput.of_all(run.trials[chosen_of(run.trials, 9, **SHORT)])
    assert short["error_share"] == pytest.approx(0.36)
    assert short["goodput_per_s"] == pytest.approx(480)


def test_no_evidence_has_no_share(run: Run) -> None:
    assert all(np.isnan(value) for value in goodput.of_all(run.trials.head(0)).values())
    assert goodput.in_words(goodput.of_all(run.trials.head(0))) == ""
