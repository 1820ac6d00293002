"""Which claims more blocks may decide, and which comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import analysis
from analysis.claims.judgement import Part, Word, of_trials, settled
from analysis.claims.open_claims import open_claim, open_claims
from analysis.claims.verdicts import Verdict, judge
from analysis.outcomes.basis import Basis
from analysis.outcomes.causes import Causes
from analysis.statistics.estimates import estimate
from tests.support.claim_data import Rows, claim, with_part

if TYPE_CHECKING:
    from collections.abc import Callable

BUDGET: dict[str, Any] = {"repeats": 5, "budget_s": 600.0}


def trials(server: str, *rates: float) -> Rows:
    return [
        {"server": server, "requests_per_s": rate, "block": block, "point": f"{server}-point"}
        for block, rate in enumerate(rates, 1)
    ]


def verdict_of(number: int, *parts: Part) -> Verdict:
    """Of a claim that is open as its parts are."""
    return Verdict(number, f"title {number}", Word.INCONCLUSIVE, parts=settled(parts))


def part(name: str, spread: float, middle: float = 1.0, *, n: int = 5, low: float = 0.9) -> Part:
    """One figure that should be at least `low`, around `middle` with that spread."""
    steps = np.linspace(-1.4, 1.4, n) * spread
    found = estimate(middle * np.exp(steps), 5)
    basis = (Basis(name, Causes(valid=n), points=(name,), blocks=n),)
    return Part(name, found, "x", low, basis=basis)


SLOW = (1000.0,) * 5
CROSSING = (1700.0, 1900.0, 2300.0, 2600.0, 2900.0)


def test_a_claim_whose_interval_crosses_its_bound_needs_more_of_its_trials(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(trials("poll", *CROSSING), trials("epoll_level", *SLOW), **BUDGET)
    found = open_claim(judge(claim(), run))
    assert found is not None
    assert (found.name, found.title) == ("claim 99", "t")
    assert found.points == ("epoll_level-point", "poll-point")
    assert found.next_look == 8 - 5
    assert found.needed is not None
    assert found.needed + 5 in (8, 12, 18, 27, 41, 62, 93, 140)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_decided_claim_needs_none(run_of: Callable[..., analysis.Run], factor: float) -> None:
    rates = [factor * 2000.0 * (1 + step / 100) for step in range(5)]
    run = run_of(trials("poll", *rates), trials("epoll_level", *SLOW), **BUDGET)
    assert judge(claim(), run).verdict is not Word.INCONCLUSIVE
    assert open_claim(judge(claim(), run)) is None


def test_a_claim_with_too_few_repeats_needs_those_that_are_missing(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(trials("poll", 3000.0, 3100.0), trials("epoll_level", 1000.0, 1000.0), **BUDGET)
    found = open_claim(judge(claim(), run))
    assert found is not None
    assert found.next_look == found.needed == 3


def test_what_was_not_run_or_never_valid_is_not_measured_again(
    run_of: Callable[..., analysis.Run],
) -> None:
    never = [{**row, "validity": "void", "reason": "lost"} for row in trials("epoll_level", *SLOW)]
    for run in (
        run_of(trials("poll", *CROSSING), **BUDGET),
        run_of(trials("poll", *CROSSING), never, **BUDGET),
    ):
        assert open_claim(judge(claim(), run)) is None


@pytest.mark.parametrize("rates", [(3000.0,) * 6, (*CROSSING, 2000.0)])
def test_a_server_that_fails_too_often_is_not_measured_away(
    run_of: Callable[..., analysis.Run], rates: tuple[float, ...]
) -> None:
    """Whether the interval of what is left is clear or not."""
    failing = trials("poll", *rates)
    failing[0] |= {"validity": "void", "spoiled_by": "server_gone", "reason": "it ended"}
    found = judge(claim(), run_of(failing, trials("epoll_level", *SLOW, 1000.0), **BUDGET))
    assert found.verdict is Word.INCONCLUSIVE
    assert open_claim(found) is None


def test_the_fewest_blocks_come_first_and_who_knows_how_many_last() -> None:
    shares = estimate([0.0, 0.0, 0.3, 0.0, 0.1], 5)
    basis = (Basis("shares", Causes(valid=5), points=("shares",), blocks=5),)
    unknown = verdict_of(1, Part("shares", shares, "", 0.05, basis=basis))
    noisy, steady = verdict_of(2, part("noisy", 0.16)), verdict_of(3, part("steady", 0.08))
    found = open_claims([unknown, noisy, steady])
    assert [one.name for one in found] == ["claim 3", "claim 2", "claim 1"]
    assert found[0].needed is not None
    assert found[1].needed is not None
    assert found[0].needed < found[1].needed
    assert found[2].needed is None
    assert found[2].next_look == 3


def test_a_figure_that_is_known_on_one_side_alone_stays_open() -> None:
    assert open_claim(verdict_of(1, replace(part("inside", 0.16), falls=True))) is None
    assert open_claim(verdict_of(1, replace(part("inside", 0.16), rises=True))) is not None


def test_more_than_anybody_would_measure_is_not_begun() -> None:
    assert open_claim(verdict_of(1, part("on the bound", 0.1, middle=0.9001))) is None


def test_all_open_parts_are_needed_unless_one_refutes() -> None:
    inside, other = part("inside", 0.12, 1.0), part("other", 0.16, 1.0)
    both = open_claim(verdict_of(1, inside, other))
    assert both is not None
    assert both.points == ("inside", "other")
    outside = open_claim(verdict_of(1, inside, part("outside", 0.2, 0.8)))
    assert outside is not None
    assert outside.points == ("outside",)


def test_what_single_trials_settled_keeps_a_claim_open_for_ever() -> None:
    basis = (Basis("facts", Causes(valid=5), points=("facts",), blocks=5),)
    mixed = of_trials("facts", 4, 5, basis, enough=True)
    assert mixed.verdict is Word.INCONCLUSIVE
    assert open_claim(verdict_of(1, mixed, part("inside", 0.2))) is None
    outside = open_claim(verdict_of(1, mixed, part("outside", 0.2, 0.8)))
    assert outside is not None, "one part that is refuted is enough"
    few = (Basis("facts", Causes(valid=3), points=("facts",), blocks=3),)
    found = open_claim(verdict_of(1, of_trials("facts", 3, 3, few, enough=False)))
    assert found is not None
    assert (found.next_look, found.points) == (2, ("facts",))


def test_what_may_be_the_worst_of_many_by_chance_needs_more() -> None:
    """By itself outside its bound, and one of several parts."""
    alone = part("worst", 0.07, 0.75)
    assert alone.verdict is Word.REFUTED
    found = verdict_of(1, alone, *(part(f"held {n}", 0.01) for n in range(9)))
    worst = found.parts[0]
    assert worst.verdict is Word.INCONCLUSIVE
    assert worst.by_chance
    ahead = open_claim(found)
    assert ahead is not None
    assert ahead.points == ("worst",)
    assert ahead.needed is not None


def test_blocks_beyond_the_plan_are_later_looks(run_of: Callable[..., analysis.Run]) -> None:
    """The same eight blocks, of which all were planned, or five, or looked at once."""
    rng = np.random.default_rng(1)
    rates = (2000.0 * np.exp(rng.normal(0, 0.1, 8))).tolist()
    found = {}
    for name, changes in {
        "once": {"repeats": 8, "budget_s": 0.0},
        "first": {"repeats": 8, "budget_s": 60.0},
        "second": {"repeats": 5, "budget_s": 60.0},
    }.items():
        run = run_of(trials("poll", *rates), trials("epoll_level", *([1000.0] * 8)), **changes)
        found[name] = judge(claim(), run).parts[0].estimate
    assert [one.first for one in found.values()] == [0, 8, 5]
    assert found["once"].high < found["first"].high < found["second"].high
    assert len({one.value for one in found.values()}) == 1


def test_a_figure_over_blocks_that_the_plan_lost_looks_first_when_it_can_be_judged(
    run_of: Callable[..., analysis.Run],
) -> None:
    poll = [row for row in trials("poll", *([3000.0] * 7)) if row["block"] not in (1, 2)]
    run = run_of(poll, trials("epoll_level", *([1000.0] * 7)), **BUDGET)
    assert judge(with_part(), run).parts[0].estimate.first == 5, "3 of the plan, 2 beyond it"
