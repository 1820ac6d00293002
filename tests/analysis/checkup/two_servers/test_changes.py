"""What differs between two servers by chance is noise; what differs beyond it is told."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.checkup.answer import Value
from contract.checkup.figures import FIGURES
from tests.support.made_up_rounds import N, Values, compared, same

pytestmark = pytest.mark.usefixtures("without_pictures")

SIMULATED = 200


def simulated(random: np.random.Generator, cost: float = 1.0) -> Values:
    """As trials of one server differ: costs and times by some percent, drops as they come."""
    values: dict[str, list[float | None]] = {}
    for one in FIGURES:
        if one.question == "holds" or one.name == "beyond_goodput_share":
            continue
        if one.unit == "count" and one.question in ("crowd", "leak"):
            values[one.name] = [float(each) for each in random.poisson(2, N)]
        else:
            level = 300 * (cost if one.name.startswith("cost_") else 1)
            values[one.name] = list(level * np.exp(random.normal(0, 0.05, N)))
    return values


@pytest.mark.slow
def test_equal_servers_are_called_different_in_at_most_5_percent_of_comparisons() -> None:
    random = np.random.default_rng(3)
    called = 0
    for _ in range(SIMULATED):
        found = compared(simulated(random), simulated(random))
        called += any(one.word in ("better", "worse", "differs") for one in found.values())
    assert called <= 0.05 * SIMULATED


def test_a_change_far_beyond_the_noise_is_told_with_its_interval() -> None:
    random = np.random.default_rng(4)
    found = compared(simulated(random), simulated(random, cost=1.6))
    for name in ("cost_1_us", "cost_10_us", "cost_50_us", "cost_90_us"):
        one = found[name]
        assert one.word == "worse"
        assert one.low < 1.6 < one.high
        assert one.text.startswith("higher by ")
        assert one.worsening == pytest.approx(0.6, abs=0.2)
    assert found["clients_p99_us"].word == "within noise"


@pytest.mark.parametrize(
    ("base", "other", "word", "text"),
    [
        ({"crowd_drops": same(0.0)}, {"crowd_drops": same(0.0)}, "within noise", "the same"),
        ({"leak_bytes": same(0.0)}, {"leak_bytes": same(1_000.0)}, "worse", "higher by 9"),
        ({"leak_bytes": same(1_000.0)}, {"leak_bytes": same(0.0)}, "better", "lower by 9"),
        ({"idle_held": same(10_008.0)}, {"idle_held": same(500.0)}, "worse", "lower by a factor"),
        ({"crowd_queue": same(3.0)}, {"crowd_queue": same(128.0)}, "differs", "higher by a factor"),
        ({"idle_bytes": same(2_000.0)}, {}, "cannot tell", "cannot tell: it is not known of new"),
        ({}, {"idle_bytes": same(2_000.0)}, "cannot tell", "cannot tell: it is not known of old"),
        (
            {"holds_cpu_share": same(0.9)},
            {"holds_cpu_share": same(0.3)},
            "not compared",
            "of a sin",
        ),
    ],
)
def test_what_is_said_of_a_figure(base: Values, other: Values, word: str, text: str) -> None:
    (one,) = compared(base, other).values()
    assert one.word == word
    assert one.text.startswith(text)


def test_a_figure_of_a_single_round_cannot_be_told() -> None:
    once: list[float | None] = [5.0, None, None, None, None]
    (one,) = compared({"crowd_connect_max_s": once}, {"crowd_connect_max_s": same(9.0)}).values()
    assert (one.word, one.text) == ("cannot tell", "cannot tell: both have it in 1 round alone")


def test_a_figure_that_was_nought_is_worse_by_any_amount() -> None:
    found = compared({"crowd_drops": same(0.0)}, {"crowd_drops": same(50.0)})
    assert found["crowd_drops"].worsening == float("inf")


@pytest.mark.parametrize(
    ("base", "other", "endless", "word", "text"),
    [
        (900.0, 9_000.0, (False, True), "worse", "higher by a factor of "),
        (9_000.0, 900.0, (True, False), "better", "lower by a factor of "),
        (900.0, 9_000.0, (True, False), "cannot tell", "cannot tell: requests without an answer"),
        (900.0, 900.0, (False, True), "cannot tell", "cannot tell: requests without an answer"),
    ],
)
def test_a_time_that_may_have_been_longer_can_only_be_slower_beyond_doubt(
    base: float, other: float, endless: tuple[bool, bool], word: str, text: str
) -> None:
    mine, theirs = (
        {"clients_p99_us": same(Value(value, value, None if open_ else value, bounded=True))}
        for value, open_ in zip((base, other), endless, strict=True)
    )
    (one,) = compared(mine, theirs).values()
    assert one.word == word
    assert one.text.startswith(text)


def test_a_time_that_may_have_been_longer_in_one_round_is_not_shorter() -> None:
    once = [Value(900.0, 900.0, None, bounded=True), *same(900.0)[1:]]
    (one,) = compared({"clients_p99_us": same(9_000.0)}, {"clients_p99_us": once}).values()
    assert one.word == "cannot tell"


@pytest.mark.parametrize(
    ("base", "other", "word", "text"),
    [
        (0.0, (0.0, 5.0), "cannot tell", "cannot tell: it is not known exactly"),
        ((0.0, 5.0), (0.0, 5.0), "cannot tell", "cannot tell: it is not known exactly"),
        (0.0, (90.0, 99.0), "worse", "higher by "),
        ((90.0, 99.0), 0.0, "better", "lower by "),
        ((0.0, 5.0), (90.0, None), "worse", "higher by "),
    ],
)
def test_what_lies_between_two_ends_changed_if_it_did_wherever_it_is(
    base: float | tuple[float, float | None],
    other: float | tuple[float, float | None],
    word: str,
    text: str,
) -> None:
    mine, theirs = (
        {"lost_on_stop": same(Value(of[0], *of, bounded=True) if isinstance(of, tuple) else of)}
        for of in (base, other)
    )
    (one,) = compared(mine, theirs).values()
    assert (one.word, one.text[: len(text)]) == (word, text)


def test_a_share_that_is_at_most_so_much_can_only_be_less() -> None:
    most = Value(0.5, None, 0.5, bounded=True)
    for base, word in ((1.0, "worse"), (0.3, "cannot tell")):
        sides = {"clients_served_share": same(base)}, {"clients_served_share": same(most)}
        (one,) = compared(*sides).values()
        assert one.word == word
