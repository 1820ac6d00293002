"""A row that was not measured has its cause, and the word for it."""

from __future__ import annotations

from typing import Any

import pytest

from contract.outcomes import (
    MEASURED,
    NOT_MEASURED,
    OF_CAUSE,
    WORD_OF,
    WORDS,
    not_measured,
)
from contract.result.trial_result import TrialResult
from contract.void_causes import SPOILED_BY, Blame, SpoiledBy
from tests.support.results import (
    a_result,
    with_samples,
)
from tests.support.rows import changed, row_of

LIMIT = '{"event": "limit", "limit": "FD_SETSIZE", "message": "1,024 descriptors"}'


def spoiled(reason: str, by: Blame, **changes: Any) -> TrialResult:
    return a_result(reason=reason, spoiled_by=by, **changes)


@pytest.mark.parametrize(
    ("result", "outcome", "spoiled_by"),
    [
        (a_result(), {}, ""),
        (spoiled("verification failed: x", "server_wrong", window=None), {}, "server_wrong"),
        (spoiled("the probe did not answer", "probe", window=None), {}, "probe"),
        (spoiled("12 of 64 connections", "server_starved", window=None), {}, "server_starved"),
        (
            spoiled("12 of 64 connections", "server_starved", window=None),
            {"logs": {"server": LIMIT}},
            "server_limit",
        ),
        (
            spoiled("load worker 1 was lost", "load", window=None),
            {"logs": {"server": LIMIT}},
            "load",
        ),
        # A server that ends takes its probe, and the connections, along.
        (
            spoiled("the probe did not answer", "probe", window=None),
            {"server_ending": "exit code 3"},
            "server_gone",
        ),
        (
            spoiled("errors", "server_wrong", window=None),
            {"server_ending": "exit code 137, out of memory", "out_of_memory": True},
            "server_limit",
        ),
        (a_result(), {"server_ending": "exit code 0"}, "server_gone"),
        (None, {"reason": "the load worker ended", "spoiled_by": "load"}, "load"),
        (None, {}, "load"),
        (a_result(requests=0), {}, "server_starved"),
    ],
)
def test_row_that_was_not_measured_has_its_cause(
    result: TrialResult | None, outcome: dict[str, Any], spoiled_by: Any
) -> None:
    row = row_of(result, **outcome)
    assert row["spoiled_by"] == spoiled_by
    assert row["validity"] == OF_CAUSE.get(spoiled_by, "server_bound")
    assert bool(row["reason"]) == bool(spoiled_by)


def without_samples() -> TrialResult:
    """The probe fell silent before the window."""
    return a_result(samples=a_result().samples[:1])


def disturbed(result: TrialResult) -> TrialResult:
    """The hypervisor had the machine."""
    return with_samples(result, close={"steal_ticks": 190})


@pytest.mark.parametrize(
    ("result", "spoiled_by"),
    [
        (changed(errors={"wrong_answer": 1}), "server_wrong"),
        (changed(errors={"reset": 1}), "server_wrong"),
        (changed(covered=2), "server_starved"),
        (changed(skew_us=50_000), "load"),
        (without_samples(), "probe"),
        (disturbed(a_result()), "surroundings"),
        # Who served nobody on a machine that somebody else had is no evidence of anything,
        # and who answered wrongly is.
        (disturbed(a_result(requests=0)), "surroundings"),
        (disturbed(changed(skew_us=50_000)), "surroundings"),
        (disturbed(changed(errors={"wrong_answer": 1})), "server_wrong"),
    ],
)
def test_window_that_was_not_measured_has_its_cause(result: TrialResult, spoiled_by: Any) -> None:
    row = row_of(result)
    assert (row["validity"], row["spoiled_by"]) == (OF_CAUSE[spoiled_by], spoiled_by)
    assert row["reason"]


def test_server_that_the_kernel_ended_for_its_memory_reached_that_limit() -> None:
    row = row_of(a_result(), server_ending="exit code 137, out of memory", out_of_memory=True)
    assert row["validity"] == "limit_reached"
    assert row["server_limit"] == "memory"


@pytest.mark.parametrize("cause", SPOILED_BY)
def test_each_cause_has_one_word(cause: SpoiledBy) -> None:
    words = {"server_limit": "limit reached", "server_starved": "starved"}
    assert WORD_OF[not_measured(cause)["validity"]] == words.get(cause, "void")


def test_each_validity_has_one_word() -> None:
    assert set(WORD_OF.values()) == set(WORDS)
    assert {WORD_OF[one] for one in MEASURED} == {"measured"}
    assert sorted((*MEASURED, *NOT_MEASURED)) == sorted(WORD_OF)
