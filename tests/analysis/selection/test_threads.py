"""Work on columns side by side gives what it gives one by one."""

from __future__ import annotations

import threading

import pytest

from analysis.selection.threads import side_by_side


@pytest.mark.parametrize("many", [0, 1, 2, 50])
def test_what_is_found_has_the_order_of_what_was_given(many: int) -> None:
    assert side_by_side(lambda number: number**2, range(many)) == [n**2 for n in range(many)]


def test_two_are_worked_on_at_a_time() -> None:
    meeting = threading.Barrier(2, timeout=30)
    assert sorted(side_by_side(lambda _: meeting.wait(), range(2))) == [0, 1]


def test_a_fault_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda number: 1 / number, [1, 0])
