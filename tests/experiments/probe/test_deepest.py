"""The deepest accept queue is told until somebody has heard of it."""

from __future__ import annotations

from experiments.probe.deepest import Deepest


def test_it_is_the_deepest_since_the_answer_that_was_kept() -> None:
    deepest = Deepest()
    deepest.see(7)
    assert deepest.since(0) == 7
    deepest.tell(1)
    deepest.see(2)
    assert deepest.since(1) == 2


def test_an_answer_that_was_lost_or_not_kept_takes_nothing_along() -> None:
    deepest = Deepest()
    deepest.tell(1)
    deepest.see(100)
    for number in (2, 3):
        assert deepest.since(1) == 100
        deepest.tell(number)
        deepest.see(4)
    assert deepest.since(3) == 4
    deepest.tell(4)
    assert deepest.since(4) == 0


def test_a_word_without_a_number_takes_nothing_along() -> None:
    deepest = Deepest()
    deepest.tell(1)
    deepest.see(9)
    deepest.tell(0)
    assert deepest.since(1) == 9
