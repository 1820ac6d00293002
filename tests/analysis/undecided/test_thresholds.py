"""Which thresholds more blocks may settle: those whose interval has the limit in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analysis.undecided.thresholds import crossings, open_thresholds
from tests.support.claim_data import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.records.run import Run

LIMIT = "response_p99_us < 1000"
CROSSING = (700.0, 800.0, 1050.0)
KEPT, BROKEN = (800.0, 805.0, 810.0), (1500.0, 1510.0, 1520.0)


def trials(point: str, *values: float, column: str = "response_p99_us", **changes: Any) -> Rows:
    return [
        {"point": point, "block": block, column: value, **changes}
        for block, value in enumerate(values, 1)
    ]


@pytest.fixture
def run(run_of: Callable[..., Run]) -> Callable[..., Run]:
    def write(*parts: Rows, thresholds: str = LIMIT, **changes: Any) -> Run:
        whole = {"thresholds": [thresholds], "repeats": 3, "budget_s": 60.0, "claims": []}
        return run_of(*parts, **(whole | changes))

    return write


def test_points_whose_interval_crosses_the_limit_get_more_blocks(run: Callable[..., Run]) -> None:
    made = run(trials("a", *CROSSING), trials("b", *KEPT), trials("c", *BROKEN))
    (found,) = open_thresholds(made)
    assert found.name == f"threshold {LIMIT}"
    assert found.title == "1 point"
    assert found.points == ("a",)
    assert found.next_look == 5 - 3
    assert found.needed is not None
    assert found.needed + 3 in (5, 8, 12, 18, 27, 41, 62, 93, 140)


def test_points_that_take_as_many_are_measured_together(run: Callable[..., Run]) -> None:
    made = run(trials("a", *CROSSING), trials("b", *CROSSING))
    (found,) = open_thresholds(made)
    assert found.points == ("a", "b")
    assert found.title == "2 points"


def test_a_single_trial_has_no_interval_and_nobody_knows_how_many_it_takes(
    run: Callable[..., Run],
) -> None:
    (found,) = open_thresholds(run(trials("a", 800.0), repeats=1))
    assert (found.next_look, found.needed) == (1, None)


@pytest.mark.parametrize(
    ("parts", "changes"),
    [
        ([trials("a", *CROSSING)], {"budget_s": 0.0}),
        ([trials("a", *CROSSING)], {"thresholds": "response_max_us < 1000"}),
        ([trials("a", 1.0, 0.0, 1.0, column="errors")], {"thresholds": "errors < 1"}),
        ([trials("a", *CROSSING, sweep="reference")], {}),
        ([trials("a", *CROSSING, traced=True)], {}),
        ([trials("a", *CROSSING, validity="void", spoiled_by="lab", reason="lost")], {}),
    ],
    ids=["looks once", "a maximum", "errors", "reference", "traced", "void"],
)
def test_nothing_is_open(
    parts: list[Rows], changes: dict[str, Any], run: Callable[..., Run]
) -> None:
    assert crossings(run(*parts, **changes)) == []


def test_a_failed_trial_has_broken_it_for_good(run: Callable[..., Run]) -> None:
    failing = trials("a", *CROSSING)
    failing[1] |= {"validity": "void", "spoiled_by": "server_gone", "reason": "it ended"}
    assert crossings(run(failing)) == []


def test_values_that_a_trial_lacks_are_no_matter_of_more_trials(run: Callable[..., Run]) -> None:
    lacking = trials("a", *CROSSING)
    lacking[0]["response_p99_us"] = None
    assert crossings(run(lacking)) == []


def test_what_lies_on_the_limit_is_not_measured_for_ever(run: Callable[..., Run]) -> None:
    made = run(trials("a", 900.0, 1000.1, 1100.0))
    (one,) = crossings(made)
    assert one.hopeless
    assert open_thresholds(made) == []


def test_what_is_settled_after_more_blocks_is_not_open(run: Callable[..., Run]) -> None:
    more = trials("a", 800.0, 950.0, 1100.0, *([700.0] * 9))
    assert open_thresholds(run(more)) == []


def test_intervals_are_as_wide_as_all_looks_need(run: Callable[..., Run]) -> None:
    values = (800.0, 850.0, 900.0, 930.0, 1040.0)
    for planned in (3, 5):
        (one,) = crossings(run(trials("a", *values), repeats=planned))
        assert one.found.first == planned
