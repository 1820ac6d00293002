"""Rounds that a server failed are compared by themselves, and those that say nothing are none."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.checkup.two_servers.change import FAILED, Change
from analysis.checkup.two_servers.changes import changes
from analysis.checkup.two_servers.failed_rounds import failed_rounds, may_fail_more
from contract.checkup.figures import FIGURES
from tests.support.made_up_rounds import N, Values, rounds, same

pytestmark = pytest.mark.usefixtures("without_pictures")

SIMULATED = 400
ASKED = ("cost", "idle", "crowd", "clients", "deploy", "start", "leak")


def steady(number: int) -> Values:
    """Every figure that is asked by rounds, without any noise."""
    return {one.name: same(300.0, number) for one in FIGURES if one.question != "holds"}


def failing(fails: int, fails_base: int = 0, number: int = N) -> Change:
    """Of `idle`, among steady figures of all questions."""
    sides = [
        rounds(name, steady(number), {"idle": some}, number=number)
        for name, some in (("old", fails_base), ("new", fails))
    ]
    return next(one for one in changes(*sides) if one.figure == FAILED)


@pytest.mark.parametrize(
    ("fails", "fails_base", "number", "word"),
    [
        (5, 0, 5, "worse"),
        (3, 0, 3, "worse"),
        (0, 5, 5, "better"),
        (2, 0, 5, "cannot tell"),
        (3, 0, 5, "cannot tell"),
        (2, 0, 3, "cannot tell"),
        (5, 5, 5, "within noise"),
    ],
)
def test_they_do_not_drown_among_steady_figures(
    fails: int, fails_base: int, number: int, word: str
) -> None:
    found = failing(fails, fails_base, number)
    assert found.word == word
    assert found.text == f"it fails in {fails} of {number} rounds, old in {fails_base}"


def test_more_of_them_are_worse_whatever_the_tolerance() -> None:
    assert failing(5).worsening == float("inf")
    assert failing(0, 5).worsening == -float("inf")


@pytest.mark.parametrize(
    ("fails", "fails_base", "asked"), [(2, 0, True), (0, 2, False), (5, 5, False), (5, 0, False)]
)
def test_a_rise_that_may_be_chance_is_asked_about(fails: int, fails_base: int, asked: bool) -> None:
    assert may_fail_more([failing(fails, fails_base)]) == (["idle"] if asked else [])


@pytest.mark.parametrize(
    ("silent", "fails_base", "word", "text"),
    [
        (5, 5, "cannot tell", "cannot tell: nothing is known of 5 of 5 rounds of new; old fails"),
        (3, 5, "cannot tell", "cannot tell: nothing is known of 3 of 5 rounds of new; it fails in"),
        (2, 5, "better", "it fails in 0 of 3 rounds, old in 5 of 5"),
        (2, 1, "cannot tell", "it fails in 0 of 3 rounds, old in 1 of 5"),
    ],
)
def test_rounds_that_say_nothing_are_not_counted(
    silent: int, fails_base: int, word: str, text: str
) -> None:
    base = rounds("old", steady(N), {"idle": fails_base})
    other = rounds("new", steady(N), silent={"idle": silent})
    (found,) = failed_rounds(base, other)
    assert found.word == word
    assert found.text.startswith(text)


def test_where_nothing_failed_there_is_nothing_to_tell() -> None:
    sides = rounds("old", steady(N)), rounds("new", steady(N), silent={"idle": N})
    assert failed_rounds(*sides) == []


def test_servers_that_fail_alike_are_called_different_in_at_most_5_percent_of_comparisons() -> None:
    random = np.random.default_rng(5)
    called = 0
    for _ in range(SIMULATED):
        sides = [
            rounds(name, {}, {one: int(random.binomial(N, 0.5)) for one in ASKED})
            for name in ("old", "new")
        ]
        called += any(one.word in ("better", "worse") for one in failed_rounds(*sides))
    assert called <= 0.05 * SIMULATED


def test_a_server_that_cannot_even_be_loaded_may_fail_more_often() -> None:
    sides = rounds("old", {"holds_per_s": same(2_000.0)}), rounds("new", {}, {"holds": N})
    (found,) = failed_rounds(*sides)
    assert (found.word, found.text) == ("cannot tell", "it fails in 1 of 1 round, old in 0")
    assert may_fail_more([found]) == ["holds"]
