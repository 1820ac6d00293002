"""What a path was like, and whether that is what the trial asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.result.server_side import ProbeSample
from contract.settings.trial import Settings
from contract.void_causes import MEASURED_AGAIN
from experiments.plan.trials import Trial
from experiments.records.columns.link import link_columns, link_not_as_asked
from experiments.records.outcome import Outcome
from experiments.records.trial_row import make_row
from tests.support.fakes import some_trials
from tests.support.results import a_result, a_sample, with_samples

Counts = dict[str, tuple[int, ...]]
NOTHING: Counts = {"to_client": (0, 0, 0), "to_server": (0, 0, 0)}


def two(after: Counts | None, before: Counts | None = NOTHING) -> tuple[ProbeSample, ProbeSample]:
    """The samples of a window of 2 s."""
    return a_sample("open", 1.0, 0.0, link=before), a_sample("close", 3.0, 1.0, link=after)


def carried(packets: int, sent: int, lost: int) -> Counts:
    """In each direction."""
    return {"to_client": (packets, sent, lost), "to_server": (packets, sent // 2, lost)}


def faults(round_trip_us: int | None = 50_200, after: Counts | None = None, **asked: Any) -> str:
    seen = two(after or carried(10_000, 900_000, 0))
    return link_not_as_asked(Settings(**asked), round_trip_us, *seen)


def test_of_a_path_that_is_not_shaped_there_is_nothing() -> None:
    unshaped = two(None, None)
    assert link_columns(*unshaped) == {}
    assert link_not_as_asked(Settings(), 70, *unshaped) == ""


def test_lost_packets_and_what_the_busier_direction_carried() -> None:
    found = link_columns(*two(carried(9_900, 2_500_000, 100)))
    assert found == {"link_lost_share": pytest.approx(0.01), "link_mbit_per_s": pytest.approx(10)}


def test_what_was_carried_before_the_window_does_not_count() -> None:
    found = link_columns(*two(carried(200, 4_000, 20), carried(100, 2_000, 20)))
    assert found == {"link_lost_share": 0.0, "link_mbit_per_s": pytest.approx(0.008)}


def test_counters_of_packets_begin_anew_after_2_to_the_32() -> None:
    before = carried(2**32 - 50, 1_000, 2**32 - 1)
    assert link_columns(*two(carried(49, 2_000, 0), before))["link_lost_share"] == 0.01


@pytest.mark.parametrize("round_trip_us", [49_100, 50_000, 50_300, 56_000])
def test_a_round_trip_as_asked(round_trip_us: int) -> None:
    assert faults(round_trip_us, delay_ms=25.0) == ""


@pytest.mark.parametrize(
    ("round_trip_us", "told"),
    [
        (70, "the path had a round trip of 0.1 ms, and not 50.0 ms as asked"),
        (48_000, "the path had a round trip of 48.0 ms, and not 50.0 ms as asked"),
        (62_000, "the path had a round trip of 62.0 ms, and not 50.0 ms as asked"),
        (None, "the round trip of the path was not timed"),
    ],
)
def test_another_round_trip(round_trip_us: int | None, told: str) -> None:
    assert faults(round_trip_us, delay_ms=25.0) == told


def test_a_handshake_takes_its_time_on_a_thin_line() -> None:
    """148 bytes at 0.1 Mbit/s are 11.8 ms."""
    few = carried(10, 1_000, 0)
    assert faults(11_900, few, rate_mbit=0.1) == ""
    assert "round trip of 20.0 ms" in faults(20_000, few, rate_mbit=0.1)


@pytest.mark.parametrize("lost", [70, 100, 130])
def test_losses_as_asked_are_a_share_and_its_chance(lost: int) -> None:
    """Of 10,000 each way 1% is 200, and six sigmas are 84."""
    assert faults(70, carried(10_000 - lost, 900_000, lost), loss=0.01) == ""


@pytest.mark.parametrize(("lost", "told"), [(0, "0 of 20,000"), (150, "300 of 20,000")])
def test_more_or_less_was_lost(lost: int, told: str) -> None:
    said = faults(70, carried(10_000 - lost, 900_000, lost), loss=0.01)
    assert said == f"the path lost {told} packets in the window, and not 0.01 of them as asked"


def test_the_queue_before_a_thin_line_may_lose_more() -> None:
    assert faults(70, carried(9_000, 900_000, 1_000), loss=0.01, rate_mbit=10.0) == ""
    assert "the path lost" in faults(70, carried(9_000, 900_000, 1_000), delay_ms=0.0, loss=0.2)


def test_a_line_that_carried_more_than_its_rate() -> None:
    fits = carried(1_000, 2_500_000, 0)
    assert faults(70, fits, rate_mbit=10.0) == ""
    assert faults(70, fits, rate_mbit=5.0) == (
        "the path carried 10 Mbit/s in the window, and not 5 at most as asked"
    )


def a_trial(**asked: Any) -> Trial:
    trial = next(one for one in some_trials() if one.point.sweep == "s")
    settings = replace(trial.point.settings, **asked)
    return replace(trial, point=replace(trial.point, settings=settings))


def row_of(round_trip_us: int, **asked: Any) -> dict[str, Any]:
    counts = carried(10_000, 900_000, 0)
    result = replace(
        with_samples(a_result(), open={"link": NOTHING}, close={"link": counts}),
        round_trip_us=round_trip_us,
    )
    outcome = Outcome(result=result, elapsed_s=3.5)
    return make_row("e", "r", "2026-01-01T00:00:00+00:00", a_trial(**asked), outcome)


def test_a_trial_whose_path_is_not_as_asked_is_void_and_measured_again() -> None:
    row = row_of(70, delay_ms=25.0)
    assert row["validity"] == "void"
    assert row["spoiled_by"] in MEASURED_AGAIN
    assert "round trip of 0.1 ms" in row["reason"]
    assert row["round_trip_us"] == 70


def test_a_trial_whose_path_is_as_asked_is_measured_and_shows_it() -> None:
    row = row_of(50_100, delay_ms=25.0)
    assert row["reason"] == ""
    assert (row["validity"], row["round_trip_us"]) == ("server_bound", 50_100)
    assert row["link_lost_share"] == 0.0
