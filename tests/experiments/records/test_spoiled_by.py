"""A void row says who spoiled it."""

from __future__ import annotations

from typing import Any

import pytest

from contract.result.trial_result import TrialResult
from contract.void_causes import Blame
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
def test_void_row_says_who_spoiled_it(
    result: TrialResult | None, outcome: dict[str, Any], spoiled_by: str
) -> None:
    row = row_of(result, **outcome)
    assert row["spoiled_by"] == spoiled_by
    assert (row["validity"] == "void") == bool(spoiled_by)
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
def test_validity_says_who_spoiled_a_window(result: TrialResult, spoiled_by: str) -> None:
    row = row_of(result)
    assert (row["validity"], row["spoiled_by"]) == ("void", spoiled_by)
    assert row["reason"]
