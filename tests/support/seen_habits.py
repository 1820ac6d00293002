"""Habits of a made-up server that does all that it has to, and of others that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contract.habits.cases import CASES, OLD, OLD_KEPT, PIPELINED, PLAIN
from contract.habits.judging import Usual
from contract.result.habits import CaseSeen, Ending, Habits, Silence

WAYS: tuple[tuple[tuple[int, ...], Ending], ...] = (
    ((200,), "kept"),
    ((400,), "closed"),
    ((501,), "closed"),
    ((200,), "closed"),
)


def good_habits(**changes: Any) -> Habits:
    """It keeps connections for good, closes silent ones after 5 s, and keeps every case."""
    usual = Usual(200, stays=True)
    cases = {
        one.name: next(seen for way in WAYS if one.keeps(seen := CaseSeen(*way), usual) is True)
        for one in CASES
    }
    told = {
        PLAIN: CaseSeen((200,), "kept"),
        OLD: CaseSeen((200,), "closed"),
        OLD_KEPT: CaseSeen((200,), "kept"),
        PIPELINED: CaseSeen((200,) * 10, "kept"),
    }
    habits = Habits(
        cases={**told, **cases},
        requests_asked=1_200,
        requests_answered=1_200,
        pipelined=10,
        watched_s=20.0,
        silences={
            "answered": Silence(5.0),
            "silent": Silence(None),
            "head": Silence(10.0, status=408),
        },
    )
    return replace(habits, **changes)


def with_cases(habits: Habits, **seen: CaseSeen) -> Habits:
    """The same with other cases."""
    return replace(habits, cases={**habits.cases, **seen})
