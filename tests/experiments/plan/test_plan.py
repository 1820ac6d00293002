"""The plan is a product, shuffled by its seed, with the reference around each block."""

from __future__ import annotations

from itertools import pairwise

from experiments.plan.schema import Experiment
from experiments.plan.trials import expected_s, plan, points

DOCUMENT = {
    "question": "?",
    "repeats": 3,
    "seed": 7,
    "settings": {"window_s": 1.0},
    "sweeps": [
        {
            "name": "idle",
            "axes": {"server": ["poll", "epoll_level"], "idle_connections": [0, 10, 100]},
            "settings": {"active_connections": 8},
        },
        {"name": "few", "axes": {"server": ["poll"]}, "settings": {"active_connections": 8}},
    ],
}


def experiment(**changes: object) -> Experiment:
    return Experiment.model_validate(DOCUMENT | changes)


def test_axes_expand_by_product_and_equal_points_run_once() -> None:
    found = points(experiment())
    assert len(found) == 2 * 3
    assert len({point.name for point in found}) == 2 * 3
    assert {point.sweep for point in found} == {"idle"}


def test_each_block_runs_every_point_once_between_two_references() -> None:
    trials = plan(experiment())
    assert len(trials) == 3 * (2 * 3 + 2)
    assert [trial.position for trial in trials] == list(range(1, len(trials) + 1))
    assert len({trial.id for trial in trials}) == len(trials)
    for block in (1, 2, 3):
        own = [trial for trial in trials if trial.block == block]
        assert [t.point.sweep for t in (own[0], own[-1])] == ["reference", "reference"]
        assert len({trial.point.name for trial in own[1:-1]}) == 2 * 3


def test_the_order_is_the_seed_s() -> None:
    ids = [trial.id for trial in plan(experiment())]
    assert ids == [trial.id for trial in plan(experiment())]
    assert ids != [trial.id for trial in plan(experiment(seed=8))]


def test_blocks_differ_in_order() -> None:
    trials = plan(experiment(reference=False))
    orders = [[trial.point.name for trial in trials if trial.block == block] for block in (1, 2, 3)]
    assert any(first != second for first, second in pairwise(orders))


def test_the_reference_has_the_experiment_s_window() -> None:
    reference = plan(experiment())[0].point.settings
    assert (reference.server, reference.active_connections) == ("epoll_level", 64)
    assert reference.window_s == 1.0
    assert expected_s(plan(experiment())) > len(plan(experiment()))
