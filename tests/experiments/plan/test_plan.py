"""The plan is a product, shuffled by its seed, with the reference around each block."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contract.settings.conflicts import ConflictError
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


def test_a_shaped_path_takes_its_time_at_each_end() -> None:
    axes = {"delay_ms": [0.0, 5.0], "network": ["pod", "bridge"]}
    found = plan(experiment(sweeps=[{"name": "s", "axes": axes}], repeats=1, reference=False))
    times = {
        (one.point.settings.shaped, one.point.settings.network): one.expected_s for one in found
    }
    assert times[False, "pod"] == times[False, "bridge"]
    assert times[False, "pod"] < times[True, "pod"] < times[True, "bridge"]


def warm_ups(**changes: object) -> dict[str, float | None]:
    """By server."""
    sweep = {"name": "s", "axes": {"server": ["poll", "shop"]}}
    document = {"question": "?", "servers": [{"image": "shop:1"}], "sweeps": [sweep], **changes}
    found = points(Experiment.model_validate(document))
    return {point.settings.server: point.settings.warm_up_s for point in found}


def test_a_foreign_server_warms_up_until_it_is_steady_unless_it_is_told_how_long() -> None:
    assert warm_ups() == {"poll": 0.3, "shop": None}
    assert warm_ups(settings={"warm_up_s": 1.5}) == {"poll": 1.5, "shop": 1.5}
    assert warm_ups(settings={"warm_up_s": "auto"}) == {"poll": None, "shop": None}
    references = warm_ups(references=True)
    assert references.pop("shop") is None
    assert set(references.values()) == {0.3}


def test_an_axis_may_have_the_word_among_numbers() -> None:
    sweep = {"name": "s", "axes": {"warm_up_s": ["auto", 0.0, 2.0]}}
    found = points(experiment(sweeps=[sweep]))
    assert [point.settings.warm_up_s for point in found] == [None, 0.0, 2.0]
    assert len({point.name for point in found}) == 3
    reference = plan(experiment(settings={"warm_up_s": "auto"}))[0]
    assert reference.point.settings.warm_up_s is None
    assert reference.expected_s > 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"load": "one_wait", "server": "poll", "watched": 9}, "warm_up_s auto needs clients"),
        ({"traced": True}, "traced for warm_up_s"),
    ],
)
def test_a_warm_up_without_an_end_is_not_for_every_trial(
    settings: dict[str, object], words: str
) -> None:
    sweep = {"name": "s", "settings": {"warm_up_s": "auto", **settings}}
    with pytest.raises(ConflictError, match=words):
        points(experiment(sweeps=[sweep]))
