"""What differs between two servers by chance is noise; what differs beyond it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from analysis.checkup.answer import Answer, Asked, Value
from analysis.checkup.two_servers.change import FAILED, Change
from analysis.checkup.two_servers.changes import changes
from analysis.checkup.two_servers.rounds import Rounds, mean
from contract.checkup.description import ComparedWith, Described
from contract.checkup.figures import FIGURES, QUESTIONS
from contract.checkup.rules import rules_of
from experiments.checkup.rules_file import read_rules

N = 5
SIMULATED = 200
Values = Mapping[str, list[float | None]]


def rounds(server: str, values: Values, failed: Mapping[str, int] | None = None) -> Rounds:
    """Answers with these figures by round; a question is failed in the first so many."""
    about = Described("new", ("old",), 12, rules_of(read_rules(None)), ComparedWith("old", N, 0.1))
    each = []
    for number in range(N):
        answers = {}
        for question in QUESTIONS:
            known = {
                one.name: Value(value)
                for one in FIGURES
                if one.question == question.name
                and one.name in values
                and (value := values[one.name][number]) is not None
            }
            fails = number < (failed or {}).get(question.name, 0)
            answers[question.name] = Answer(question.name, server, "", "", known, fails)
        each.append(answers)
    whole = {
        question: replace(
            answer, figures={name: Value(mean(some)) for name, some in seen(each, question).items()}
        )
        for question, answer in each[0].items()
    }
    return Rounds(Asked(about, server, []), whole, each)


def seen(each: Sequence[Mapping[str, Answer]], question: str) -> dict[str, list[float]]:
    """The values of each figure in the rounds that have it."""
    found: dict[str, list[float]] = {}
    for one in each:
        for name, value in one[question].figures.items():
            found.setdefault(name, []).append(value.value)
    return found


def compared(
    base: Values, other: Values, failed: Mapping[str, int] | None = None
) -> dict[str, Change]:
    found = changes(rounds("old", base), rounds("new", other, failed))
    return {one.figure: one for one in found}


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


def same(value: float | None) -> list[float | None]:
    return [value] * N


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


@pytest.mark.parametrize(("fails", "word"), [(0, None), (2, "cannot tell"), (5, "worse")])
def test_rounds_that_a_server_fails_are_counted(fails: int, word: str | None) -> None:
    held: Values = {"idle_held": same(9_000.0)}
    found = compared(held, held, {"idle": fails})
    assert (found[FAILED].word if word else found.get(FAILED)) == word
    if word:
        assert found[FAILED].text == f"it fails in {fails} of 5 rounds, old in 0"


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
    sides = []
    for name, value, open_ in zip(("old", "new"), (base, other), endless, strict=True):
        side = rounds(name, {"clients_p99_us": same(value)})
        bound = Value(value, value, None if open_ else value, bounded=True)
        answer = replace(side.whole["clients"], figures={"clients_p99_us": bound})
        sides.append(replace(side, whole={**side.whole, "clients": answer}))
    (one,) = changes(*sides)
    assert one.word == word
    assert one.text.startswith(text)
