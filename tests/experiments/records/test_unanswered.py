"""What had no answer as the window closed is told, and what an open loop was bound by."""

from __future__ import annotations

import pytest

from tests.support.results import (
    with_samples,
)
from tests.support.rows import changed, open_row, row_of


def test_an_open_loop_s_generator_is_judged_by_its_lag() -> None:
    row = open_row()
    assert (row["validity"], row["reason"]) == ("unsaturated", "")
    assert (row["unanswered"], row["oldest_unanswered_us"], row["most_waiting"]) == (3, 70, 5)
    late = open_row(lag_p99_us=1_500.0)
    assert late["validity"] == "generator_bound"
    assert "requests left up to 1,500 us late" in late["reason"]


def test_an_open_loop_that_gets_less_than_it_asks_for_has_found_the_server_s_limit() -> None:
    assert open_row(requests=9_000)["validity"] == "server_bound"
    assert open_row(cpu_s=0.95)["validity"] == "server_bound"


def test_an_open_loop_s_generator_that_had_no_rest_is_the_bottleneck() -> None:
    busy = open_row(requests=8_000, rested_ns=int(0.2e9))
    assert busy["generator_busy_share"] == pytest.approx(0.8)
    assert busy["validity"] == "generator_bound"
    assert "only 80% of the rate was kept" in busy["reason"]
    assert open_row(requests=8_000, rested_ns=int(0.9e9))["validity"] == "server_bound"


HANGING = {
    "requests": 3_000,
    "response_mean_us": 1e6 * 4 / 3_004,
    "response_censored": 4,
    "response_oldest_us": 700_000.0,
    "lower_bounds": ["response_p999_us", "response_max_us", "response_mean_us", "lag_p50_us"],
}
SAID = (
    "4 requests had no answer as the window closed, the oldest for 0.700 s: "
    "their ages are among the response times"
)


def test_a_closed_loop_that_hangs_is_the_servers_doing_and_said() -> None:
    row = row_of(with_samples(changed(**HANGING), close={"cpu_ns": int(0.3e9)}))
    assert (row["validity"], row["reason"]) == ("server_bound", SAID)
    assert (row["unanswered"], row["oldest_unanswered_us"]) == (4, 700_000.0)
    assert row["lower_bounds"] == "response_p999_us response_max_us response_mean_us"
    assert row["littles_law_ratio"] == pytest.approx(1.0)


def test_a_single_request_that_hangs_is_said_and_bounds_nothing() -> None:
    one = {**HANGING, "response_censored": 1, "response_mean_us": 1e6 * 4 / 3_001}
    row = row_of(with_samples(changed(**one), close={"cpu_ns": int(0.3e9)}))
    assert row["validity"] == "unsaturated"
    assert row["reason"].startswith("1 request had no answer as the window closed, for ")


def test_an_open_loop_tells_what_was_not_answered_and_what_failed() -> None:
    late = {"count": 341, "oldest_us": 1_700_000, "most_waiting": 300}
    row = open_row(requests=9_000, unanswered=late, lower_bounds=["response_p99_us"])
    assert row["validity"] == "server_bound"
    assert row["reason"].startswith("341 requests had no answer as the window closed")
    failing = open_row(requests=960, errors={"reset": 400, "closed_early": 140})
    assert failing["errors"] == 540
    assert failing["error_share"] == pytest.approx(0.36)
    assert failing["error_kinds"] == "closed_early=140 reset=400"
    assert failing["reason"] == "36.0% of the requests failed: closed_early=140 reset=400"
    assert open_row()["reason"] == ""
