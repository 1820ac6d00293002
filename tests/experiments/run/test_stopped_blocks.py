"""A block beyond the plan that was stopped is ended, and the run goes on with the budget left."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.exits import Exit, LabError
from contract.more_blocks import ENDED
from experiments.records.run_folder import Store
from experiments.run.loop import Interrupted
from experiments.run.until_decided import is_complete
from tests.support.planned_run import Conductor
from tests.support.undecided_run import BLOCK_S, LIMITS, Lab, claim, planned


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return planned(tmp_path)


@pytest.mark.parametrize("at", [1, 3])
def test_a_run_that_was_stopped_ends_its_block_and_goes_on_with_the_budget_left(
    lab: Lab, at: int
) -> None:
    lab.conductor = Conductor(fails_at=4 + at, failure=Interrupted())
    with pytest.raises(Interrupted):
        lab.go_on([claim(2, lab, 12, 12)])
    assert [one["took_s"] for one in lab.blocks] == [pytest.approx(BLOCK_S), None]
    assert not is_complete(lab.store, lab.experiment, LIMITS)
    before = lab.conductor.ran
    lab.store, lab.conductor, lab.now = Store.open(lab.store.folder), Conductor(), 10_000.0
    lab.run_plan()
    assert before[4:] + lab.conductor.ran == [one.id for one in lab.trials()[-4:]]
    lab.go_on([claim(2, lab, 11, 11)], [claim(3, lab, 12, 12)])
    assert len(lab.blocks) == 2 + 11, "thirteen fit into 200 s, and two of them were measured"
    assert lab.said[-1] == "claim 3 stays open: no time of the budget is left for more"


def test_a_run_whose_engine_went_away_goes_on_with_its_budget(lab: Lab) -> None:
    lab.conductor = Conductor(fails_at=5, failure=LabError("no engine", Exit.NO_DOCKER))
    with pytest.raises(LabError, match="no engine"):
        lab.go_on([claim(2, lab, 12, 12)])
    assert ENDED not in lab.store.manifest()
    assert not is_complete(lab.store, lab.experiment, LIMITS)
    lab.store, lab.conductor = Store.open(lab.store.folder), Conductor()
    lab.run_plan()
    assert lab.go_on([claim(2, lab)]).asked == 2
    assert len(lab.blocks) == 2 + 1


def test_a_block_that_was_gone_on_with_took_what_was_expected(lab: Lab) -> None:
    lab.conductor = Conductor(fails_at=5, failure=Interrupted())
    with pytest.raises(Interrupted):
        lab.go_on([claim(2, lab, 12, 12)])
    lab.store, lab.conductor = Store.open(lab.store.folder), Conductor()
    lab.run_plan()
    lab.go_on()
    assert [one["took_s"] for one in lab.blocks] == [pytest.approx(BLOCK_S)] * 2
