"""The fixed loop: what it tells, and what does not lengthen it."""

from __future__ import annotations

import threading

import pytest

from contract import core_loop
from contract.core_loop import PARTS, core_loop_us


def test_an_interrupt_lengthens_one_part_and_not_the_figure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = [1_000.0] * (PARTS // 2 + 1) + [9_000.0] * (PARTS // 2)
    monkeypatch.setattr(core_loop, "_part_us", parts.pop)
    assert core_loop_us() == 1_000.0
    assert not parts


def test_what_shares_the_core_is_not_in_it() -> None:
    """A thread that takes turns with it lengthens the time on the clock, not this one's own."""
    alone, stop = min(core_loop_us() for _ in range(5)), threading.Event()

    def spin() -> None:
        while not stop.is_set():
            pass

    other = threading.Thread(target=spin)
    other.start()
    try:
        beside = min(core_loop_us() for _ in range(3))
    finally:
        stop.set()
        other.join()
    # Turns are taken each 5 ms; a core may have gone slower meanwhile, but not to a third.
    assert 0 < beside < 3 * alone
