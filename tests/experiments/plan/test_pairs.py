"""Trials of two servers belong together by their settings, and stand side by side."""

from __future__ import annotations

from typing import Any

from experiments.plan.capacity import Limits
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, more_block, pairs, plan, points

SERVERS = [{"name": "one", "image": "one:1"}, {"name": "two", "image": "two:1"}]
SWEEP = {"name": "s", "axes": {"server": ["one", "two"], "active_connections": [1, 8, 64]}}


def experiment(*sweeps: dict[str, Any], a: str = "one", b: str = "two") -> Experiment:
    return Experiment.model_validate(
        {
            "question": "?",
            "repeats": 40,
            "servers": SERVERS,
            "sweeps": list(sweeps) or [SWEEP],
            "compare": {"a": a, "b": b},
        }
    )


def settings_of(asked: Experiment, name: str) -> list[tuple[Any, Any]]:
    found = pairs(asked, points(asked))
    return [(getattr(one.settings, name), getattr(other.settings, name)) for one, other in found]


def blocks(trials: list[Trial]) -> list[list[Trial]]:
    """The trials of each block, without those of the reference."""
    found: dict[int, list[Trial]] = {}
    for trial in trials:
        if trial.point.sweep != "reference":
            found.setdefault(trial.block, []).append(trial)
    return list(found.values())


def test_points_of_equal_settings_are_pairs_the_base_first() -> None:
    asked = experiment()
    assert settings_of(asked, "active_connections") == [(1, 1), (8, 8), (64, 64)]
    assert set(settings_of(asked, "server")) == {("one", "two")}


def test_in_each_block_both_stand_side_by_side_and_either_is_first() -> None:
    firsts, orders = [], set()
    for block in blocks(plan(experiment())):
        names = [trial.point.settings.server for trial in block]
        many = [trial.point.settings.active_connections for trial in block]
        assert many[::2] == many[1::2]
        assert all({*names[at : at + 2]} == {"one", "two"} for at in (0, 2, 4))
        firsts += names[::2]
        orders.add(tuple(many[::2]))
    assert 0.35 < firsts.count("one") / len(firsts) < 0.65
    assert len(orders) == 6, "the pairs are shuffled as well"


def test_a_block_beyond_the_plan_has_them_side_by_side_too() -> None:
    asked = experiment()
    names = [one.name for one in points(asked)]
    (block,) = blocks(more_block(asked, Limits(), 41, names, 0))
    many = [trial.point.settings.active_connections for trial in block]
    assert many[::2] == many[1::2]


def test_what_one_server_is_told_and_the_other_has_of_its_own_is_no_difference() -> None:
    """An image has its own backlog; with two of the lab's all settings have to be equal."""
    axes = {"server": ["poll", "one", "epoll_level"], "backlog": [5, 128]}
    sweep = {"name": "s", "axes": axes, "settings": {"load": "connection_per_request"}}
    assert settings_of(experiment(sweep, a="poll", b="one"), "backlog") == [(5, None), (128, None)]
    both = settings_of(experiment(sweep, a="poll", b="epoll_level"), "backlog")
    assert both == [(5, 5), (128, 128)]


def test_a_setting_that_the_lab_s_own_lack_is_one() -> None:
    told = {"name": "told", "axes": {"server": ["thread_pool", "prefork"], "workers": [8]}}
    own = {"name": "own", "axes": {"server": ["thread_pool", "prefork"]}}
    found = settings_of(experiment(told, own, a="thread_pool", b="prefork"), "workers")
    assert found == [(8, 8), (None, None)]


def test_a_trial_of_one_of_them_alone_is_no_pair() -> None:
    alone = {"name": "alone", "axes": {"server": ["one"], "active_connections": [3]}}
    asked = experiment(SWEEP, alone)
    assert (3, 3) not in settings_of(asked, "active_connections")
    assert len(points(asked)) == 7


def test_an_experiment_that_compares_nothing_is_shuffled_as_ever() -> None:
    asked = experiment()
    plain = asked.model_copy(update={"compare": None})
    for mine, theirs in zip(blocks(plan(asked)), blocks(plan(plain)), strict=True):
        assert {t.point.name for t in mine} == {t.point.name for t in theirs}
    assert pairs(plain, points(plain)) == []
