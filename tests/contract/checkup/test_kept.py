"""Which trials kept the limits of a check-up, and which say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from contract.checkup.description import CLOSED, CROWD, HOLDS
from contract.checkup.evidence import seen_of
from contract.checkup.held_rate import RateTried
from contract.checkup.kept import Limits, word_of
from contract.checkup.way import way_of
from contract.outcomes import not_measured

LIMITS = Limits(50.0, 0.001)
BEHIND = {
    "validity": "generator_bound",
    "generator_busy_share": 0.3,
    "lag_max_us": 3_300.0,
    "longest_pause_us": 5_300.0,
}
"""A load that was late by 8.6 ms at most."""


def row(**changes: Any) -> dict[str, Any]:
    usual = {"sweep": HOLDS, "rate_per_s": 100.0, "validity": "unsaturated", "spoiled_by": None}
    usual |= {"error_share": 0.0, "response_p99_us": 10_000.0, "lower_bounds": None}
    return {**usual, **changes}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "kept"),
        ({"response_p99_us": 50_000.0}, "kept"),
        ({"response_p99_us": 50_001.0}, "broken"),
        ({"error_share": 0.001}, "kept"),
        ({"error_share": 0.0011}, "broken"),
        ({"error_share": None}, "unknown"),
        ({"response_p99_us": None}, "broken"),
        ({"lower_bounds": "response_p99_us response_p999_us"}, "unknown"),
        ({"lower_bounds": "response_p999_us"}, "kept"),
        ({"lower_bounds": "response_p99_us", "response_p99_us": 60_000.0}, "broken"),
        ({"validity": "generator_bound"}, "kept"),
        ({"validity": "generator_bound", "response_p99_us": 60_000.0}, "load"),
        ({**BEHIND, "response_p99_us": 60_000.0}, "broken"),
        ({**BEHIND, "response_p99_us": 58_000.0}, "load"),
        ({**BEHIND, "response_p99_us": 9e6, "generator_busy_share": 0.6}, "load"),
        ({**BEHIND, "response_p99_us": 9e6, "generator_busy_share": None}, "load"),
        ({**BEHIND, "response_p99_us": 9e6, "lag_max_us": None}, "load"),
        ({**BEHIND, "response_p99_us": None}, "load"),
        (not_measured("surroundings"), "unknown"),
        (not_measured("lab"), "unknown"),
        (not_measured("server_gone"), "broken"),
        (not_measured("server_limit"), "broken"),
        (not_measured("server_starved"), "broken"),
    ],
)
def test_the_word_for_a_trial(changes: dict[str, Any], word: str) -> None:
    assert word_of(row(**changes), LIMITS) == word


def hanging(**changes: Any) -> dict[str, Any]:
    """A trial of 6,000 requests, of which 30 have no answer as the window closes."""
    usual = {"requests": 5_970, "errors": 0, "unanswered": 30, "oldest_unanswered_us": 2_900_000.0}
    return row(lower_bounds="response_p999_us response_max_us", **{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "unanswered"),
        ({"requests": 5_997, "unanswered": 3}, "kept"),
        ({"requests": 5_992, "errors": 5, "unanswered": 3}, "unanswered"),
        ({"oldest_unanswered_us": 20_000.0}, "kept"),
        ({"lower_bounds": "response_p999_us"}, "kept"),
        ({"lower_bounds": "response_p99_us response_max_us"}, "unanswered"),
        ({"error_share": 0.002, "errors": 12}, "broken"),
        ({"response_p99_us": 60_000.0}, "broken"),
    ],
)
def test_who_is_never_answered_is_not_within_the_limits(changes: dict[str, Any], word: str) -> None:
    """An error for each of them would break it."""
    assert word_of({**hanging(), **changes}, LIMITS) == word


def test_evidence_is_of_the_search_alone_and_without_what_says_nothing() -> None:
    rows = [
        row(),
        row(sweep="cost"),
        row(rate_per_s=200.0, **not_measured("surroundings")),
        row(rate_per_s=300.0, validity="generator_bound", response_p99_us=60_000.0),
        hanging(rate_per_s=400.0),
    ]
    assert seen_of(rows, LIMITS) == [
        RateTried(100.0, True),
        RateTried(300.0, False),
        RateTried(400.0, False),
    ]


def closed(sweep: str, validity: str = "server_bound", **changes: Any) -> dict[str, Any]:
    usual = {"requests_per_s": 500.0, "warmed_up_s": 3.0}
    return {"sweep": sweep, "validity": validity, **usual, **changes}


def test_connections_stay_where_the_server_keeps_them() -> None:
    way = way_of([closed(CLOSED), closed(CROWD, requests_per_s=90.0)])
    assert way
    assert (way.load, way.guess_per_s, way.warm_up_s) == ("open_loop", 500.0, 3.0)


@pytest.mark.parametrize("validity", ["void", "starved"])
def test_else_each_request_has_one_of_its_own(validity: str) -> None:
    way = way_of([closed(CLOSED, validity), closed(CROWD, requests_per_s=90.0)])
    assert way
    assert (way.load, way.guess_per_s) == ("open_connections", 90.0)


def test_nobody_is_served() -> None:
    assert way_of([closed(CLOSED, "void"), closed(CROWD, "starved")]) is None
