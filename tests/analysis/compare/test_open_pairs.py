"""Which points of two servers more blocks may tell, and which come first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import analysis
from analysis.compare.open_pairs import open_pairs
from contract.more_blocks import OpenQuestion
from experiments.plan.trials import points
from tests.support import made_up_run as made
from tests.support import two_servers as two
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

LOOKS = (8, 12, 18, 27, 41, 62, 93, 140)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., list[OpenQuestion]]:
    def run(*given: Any, **changes: Any) -> list[OpenQuestion]:
        return open_pairs(analysis.load(two.write(tmp_path / "run", *given, **changes)))

    return run


def noisier(by: float, load: str) -> two.Change:
    """The trials of this load spread by so much more."""

    def change(frame: pd.DataFrame) -> None:
        rows = (frame["load"] == load) & (frame["sweep"] != "reference")
        noise = np.exp(np.random.default_rng(9).normal(0, by, int(rows.sum())))
        frame.loc[rows, [*two.RATES, *two.COSTS]] *= noise[:, None]

    return change


def test_nothing_is_open_where_everything_can_be_told(
    opened: Callable[..., list[OpenQuestion]],
) -> None:
    assert opened(noise=0.01) == []
    assert opened(two.factor(0.5), noise=0.01) == []


def test_points_too_noisy_for_the_tolerance_are_open(
    opened: Callable[..., list[OpenQuestion]],
) -> None:
    known = {one.name for one in points(two.asked())}
    found = opened(noise=0.12)
    assert found
    for one in found:
        assert one.name == "shop_2 beside shop_1"
        assert one.title.endswith("of 3")
        assert one.next_look == 8 - 5
        assert one.needed is not None
        assert one.needed + 5 in LOOKS
        assert set(one.points) <= known
        assert len({name.partition("-")[0] for name in one.points}) == 2, "of both servers"
    needed = [one.needed for one in found]
    assert needed == sorted(needed, key=lambda one: one or 0)
    assert len(set(needed)) == len(needed), "those that take as many are measured together"


def test_only_the_points_that_cannot_be_told_are(
    opened: Callable[..., list[OpenQuestion]],
) -> None:
    fresh = [
        one.name for one in points(two.asked()) if one.settings.load == "connection_per_request"
    ]
    (found,) = opened(noisier(0.15, "connection_per_request"), noise=0.01)
    assert sorted(found.points) == sorted(fresh)
    assert found.title == "1 point of 3"


def test_a_failure_that_may_be_chance_is_open_and_nobody_knows_how_long(
    opened: Callable[..., list[OpenQuestion]],
) -> None:
    def change(frame: pd.DataFrame) -> None:
        once = (frame["server"] == two.B) & (frame["block"] == 3)
        put_cause(frame, once & (frame["active_connections"] == 8), "server_gone", "it ended")

    (found,) = opened(change, noise=0.01)
    assert found.needed is None
    assert found.next_look == 8 - 5
    assert len(found.points) == 2


def test_what_was_never_measured_is_not_measured_more_often(
    opened: Callable[..., list[OpenQuestion]],
) -> None:
    def change(frame: pd.DataFrame) -> None:
        put_cause(frame, frame["server"] == two.B, "server_gone", "it ended")

    assert opened(change, noise=0.01) == []


def test_more_than_anybody_would_measure_is_not_begun(
    opened: Callable[..., list[OpenQuestion]],
) -> None:
    assert opened(noise=3.0) == []


def test_a_run_that_looks_once_leaves_nothing_open(
    opened: Callable[..., list[OpenQuestion]],
) -> None:
    assert opened(noise=0.12, budget_s=0.0) == []


def test_single_blocks_go_on_to_the_first_look(opened: Callable[..., list[OpenQuestion]]) -> None:
    (found,) = opened(None, two.asked(1))
    assert (found.next_look, found.needed) == (1, None)
    assert found.title == "3 points of 3"


def test_a_run_that_compares_nothing_has_none(tmp_path: Path) -> None:
    assert open_pairs(analysis.load(made.write_run(tmp_path / "run"))) == []
