"""After its plan a run measures what is open, until it is decided or the budget ends."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from contract.columns import FORMAT_VERSION
from contract.compared import Compared
from contract.exits import Exit, LabError
from contract.more_blocks import BLOCKS, BUDGET, ENDED
from experiments.plan.overrides import read_source
from experiments.plan.trials import Trial, expected_s, more_block, pairs, plan, points
from experiments.records.manifest import usual
from experiments.records.outcome import Outcome
from experiments.records.run_folder import Store
from experiments.run.analysis import open_questions
from experiments.run.until_decided import is_complete
from tests.support.planned_run import Conductor
from tests.support.results import a_result, with_window
from tests.support.undecided_run import BLOCK_S, LIMITS, Lab, claim, planned


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return planned(tmp_path)


def test_a_block_is_of_the_claims_trials_between_the_reference_trials(lab: Lab) -> None:
    planned = len(lab.conductor.ran)
    lab.go_on([claim(2, lab)])
    more = lab.trials()[planned:]
    assert [trial.id for trial in more] == lab.conductor.ran[planned:]
    assert [one.point.sweep for one in more] == ["reference", "s", "s", "reference"]
    assert {one.point.name for one in more[1:-1]} == set(claim(2, lab).points)
    assert {one.block for one in more} == {3}
    assert [one.position for one in more] == [planned + 1 + place for place in range(4)]
    assert [one.repeat for one in more] == [5, 3, 3, 6], "no repeat has the number of another"
    rows = lab.store.recorded()
    assert all(rows[one.id] for one in more)
    assert lab.store.manifest()["trials"] == len(rows)


def test_the_first_claim_is_measured_until_its_next_look_then_judged_again(lab: Lab) -> None:
    analysis = lab.go_on([claim(3, lab, 3, 7), claim(2, lab, 1, 9)], [claim(2, lab, 1, 9)])
    assert analysis.asked == 3
    assert [one["question"] for one in lab.blocks] == [*["claim 3"] * 3, "claim 2"]
    assert [one["block"] for one in lab.blocks] == [3, 4, 5, 6]
    assert [one["took_s"] for one in lab.blocks] == [pytest.approx(BLOCK_S)] * 4
    assert lab.said[0] == (
        "deciding claim 3, title 3: about 7 more blocks; 3:20 min of the budget left"
    )
    assert lab.said[-1] == "nothing is open that more blocks would decide"
    assert lab.doing == ["deciding claim 3"] * 3 + ["deciding claim 2"]
    assert is_complete(lab.store, lab.experiment, LIMITS)


def test_the_budget_ends_it_and_what_has_no_time_is_not_begun(lab: Lab) -> None:
    """Of 200 s twelve blocks are left after one: nine go on, and then three of the other claim."""
    first, second = claim(2, lab, 9, None), claim(3, lab, 4, 4)
    lab.go_on([claim(2, lab)], [first, second], [first, second], [second])
    assert len(lab.blocks) == 1 + 9
    assert lab.now <= 200
    assert lab.said[1].startswith("deciding claim 2, title 2: nobody can say how many more blocks")
    assert lab.said[-1] == "claim 2 and claim 3 stay open: no time of the budget is left for more"
    assert is_complete(lab.store, lab.experiment, LIMITS)


def test_what_fits_comes_before_what_does_not(lab: Lab) -> None:
    lab.go_on([claim(2, lab, 14, 14), claim(3, lab, 2, 20)], [claim(2, lab, 14, 14)])
    assert [one["question"] for one in lab.blocks] == ["claim 3", "claim 3"]
    assert lab.said[-1] == "claim 2 stays open: no time of the budget is left for more"


def test_without_a_budget_nobody_is_asked(lab: Lab) -> None:
    lab.store.write_manifest({**lab.store.manifest(), BUDGET: 0.0})
    assert lab.go_on([claim(2, lab)]).asked == 0
    assert is_complete(lab.store, lab.experiment, LIMITS)
    assert BLOCKS not in lab.store.manifest()


def test_an_ended_run_does_not_go_on(lab: Lab) -> None:
    assert not is_complete(lab.store, lab.experiment, LIMITS)
    assert lab.go_on().asked == 1
    assert is_complete(lab.store, lab.experiment, LIMITS)
    assert lab.go_on([claim(2, lab)]).asked == 0


def test_records_that_cannot_be_judged_end_it_with_what_is_wrong(lab: Lab) -> None:
    path = lab.store.folder / "trials.csv"
    path.write_text(path.read_text().replace("requests_per_s", "requests_per_h", 1))
    with pytest.raises(LabError, match="requests_per_s") as told:
        lab.continuation().until_decided()
    assert told.value.exit is Exit.BAD_INPUT
    assert ENDED in lab.store.manifest()


def test_points_that_the_experiment_does_not_have_are_refused(lab: Lab) -> None:
    """And end it: the analysis would ask for them again."""
    with pytest.raises(LabError, match=r"block 9 has points .*: other-point; start a new run"):
        more_block(lab.experiment, LIMITS, 9, ("other-point",), 0)
    with pytest.raises(LabError, match="other-point"):
        lab.go_on([replace(claim(2, lab), points=("other-point",))])
    assert ENDED in lab.store.manifest()


def test_blocks_are_shuffled_each_in_its_own_way_and_the_same_when_it_is_gone_on(lab: Lab) -> None:
    names = [one.name for one in points(lab.experiment)]
    orders = [
        [one.point.name for one in more_block(lab.experiment, LIMITS, block, names, 0)]
        for block in (3, 4, 5, 6, 3)
    ]
    assert orders[0] == orders[4]
    assert len({tuple(one) for one in orders[:4]}) > 1
    assert expected_s(more_block(lab.experiment, LIMITS, 3, names[:2], 0)) == pytest.approx(BLOCK_S)


@pytest.mark.slow
def test_the_analysis_of_real_records_names_points_of_the_plan(lab: Lab) -> None:
    """Two repeats are too few for any verdict: three blocks for the claim, and it is decided."""
    found = open_questions(lab.store.folder)
    known = {one.name for one in points(lab.experiment)}
    assert {one.name for one in found} <= {"claim 2", "claim 3"}
    assert found
    assert all(set(one.points) <= known and one.next_look == 3 for one in found)
    lab.continuation().until_decided()
    assert [one["question"] for one in lab.blocks[:3]] == [found[0].name] * 3
    assert all(one.name != found[0].name for one in open_questions(lab.store.folder))


class Unsteady(Conductor):
    """Requests cost 20 us of CPU time in one block and 90 us in the next, whatever the server."""

    def run(self, trial: Trial) -> Outcome:
        self.ran.append(trial.id)
        cpu_s = 0.2 if trial.position % 3 else 0.9
        active = trial.point.settings.active_connections
        result = a_result(trial=trial.id, cpu_s=cpu_s)
        whole = with_window(result, covered=active, response_mean_us=active * 100.0)
        return Outcome(result=whole, elapsed_s=4.0)


TWO = """
question: Which is faster?
repeats: 3
settings: {window_s: 1.0, active_connections: 8}
sweeps: [{name: s, axes: {server: [poll, epoll_level], idle_connections: [0, 10000]}}]
compare: {a: poll, b: epoll_level}
thresholds: [server_cpu_us_per_request < 40]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("conductor", "more"), [(Conductor(), 0), (Unsteady(), 2)])
def test_pairs_of_servers_and_thresholds_are_measured_until_they_can_be_told(
    tmp_path: Path, conductor: Conductor, more: int
) -> None:
    """By the analysis of real records: steady ones need nothing, the others two blocks at least."""
    path = tmp_path / "mine.yaml"
    path.write_text(TWO)
    source = read_source(path, "mine")
    store = Store.create(tmp_path / "results", source, "run-1")
    trials, every = plan(source.experiment), points(source.experiment)
    names = tuple((one.name, other.name) for one, other in pairs(source.experiment, every))
    manifest = {"format_version": FORMAT_VERSION, BUDGET: 100.0, "repeats": 3, "claims": []}
    manifest |= {"trials": len(trials), "usual": usual(source.experiment)}
    manifest |= {"compare": asdict(Compared("poll", "epoll_level", 0.1, names))}
    store.write_manifest({**manifest, "thresholds": source.experiment.thresholds})
    lab = Lab(store, source.experiment, conductor=conductor)
    lab.run_plan()
    found = open_questions(store.folder)
    assert bool(found) == bool(more)
    lab.continuation().until_decided()
    blocks = store.manifest().get(BLOCKS, [])
    assert len(blocks) >= more
    assert {one["question"] for one in blocks} <= {
        "epoll_level beside poll",
        "threshold server_cpu_us_per_request < 40",
    }
    for one in blocks:
        mine = [t.point for t in lab.trials() if t.block == one["block"]][1:-1]
        assert {point.name for point in mine} == set(one["points"]) <= {one.name for one in every}
    assert is_complete(store, source.experiment, LIMITS)
