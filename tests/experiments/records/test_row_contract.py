"""Whatever a trial left, its row can be read, and says what could not be."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import fields, replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.records.trials_csv import parse
from contract.cells import breaches, written
from contract.columns import COLUMNS, NAMES
from contract.csv_check import examine
from contract.literal import unguarded
from contract.result.asked import Asked, Pins
from contract.result.benchmark_result import BenchmarkResult, Turns
from contract.result.server_side import Environment
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.plan.trials import Trial
from experiments.records.benchmark_columns import benchmark_columns
from experiments.records.outcome import Outcome
from experiments.records.row_contract import cells_of, within_format
from experiments.records.run_folder import _append
from experiments.records.server_series import server_series
from experiments.records.trial_row import make_row
from tests.support.fakes import some_trials
from tests.support.results import (
    a_distribution,
    a_result,
    a_sample,
    a_window,
    with_samples,
)

pytestmark = pytest.mark.seconds

TRIAL = next(trial for trial in some_trials() if trial.point.sweep == "s")
STARTED = "2026-01-01T00:00:00+00:00"
INTEGERS = st.integers(-(2**64), 2**64) | st.sampled_from([0, 1, -1, 2**31, 2**32 - 1, 2**53 + 1])
NUMBERS = INTEGERS | st.floats(allow_nan=True, allow_infinity=True)
LOADS: tuple[dict[str, Any], ...] = (
    {},
    {"load": "connection_per_request"},
    {"load": "open_loop", "rate_per_s": 1_000.0, "arrivals": "fixed"},
    {"traced": True},
    {"server_cpu_quota": 0.5},
    {"pipeline_depth": 8},
)


def trial_of(changes: dict[str, Any]) -> Trial:
    settings = replace(TRIAL.point.settings, **changes)
    return replace(TRIAL, point=replace(TRIAL.point, settings=settings))


def row_of(
    result: TrialResult | BenchmarkResult | None, trial: Trial = TRIAL, **outcome: Any
) -> dict[str, Any]:
    return make_row("e", "r", STARTED, trial, Outcome(result, **{"elapsed_s": 5.0, **outcome}))


def read_back(row: dict[str, Any]) -> dict[str, Any]:
    """The row as the reader of analysis has it after it was written."""
    lines = io.StringIO(newline="")
    csv.writer(lines, lineterminator="\n").writerows([NAMES, cells_of(row)])
    raw = lines.getvalue().encode()
    found = examine(raw)
    assert (found.problems, found.left_out) == ([], [])
    assert [one["trial"] for one in found.rows] == [row["trial"]]
    frame = parse(io.BytesIO(raw))
    assert frame is not None, "the quick reader takes what the thorough one has nothing against"
    return {str(name): cell for name, cell in frame.iloc[0].items()}


def assert_reads_back_equal(row: dict[str, Any]) -> None:
    found = read_back(row)
    for column in COLUMNS:
        cell, given = written(row.get(column.name)), found[column.name]
        if cell == "":
            assert pd.isna(given), column.name
        elif column.kind in ("int", "float"):
            assert float(given) == float(cell), column.name
        elif column.kind == "flag":
            assert bool(given) is (cell == "true"), column.name
        elif column.name == "started_at":
            assert given == pd.Timestamp(cell)
        else:
            assert given == unguarded(cell), column.name


@st.composite
def odd_results(draw: st.DrawFn) -> TrialResult:
    """A worker's result in which some numbers are others, and some samples are missing."""
    usual = a_result()
    usual_window = a_window(draw(st.sampled_from([0, 1, 10_000])), rested_ns=0)
    labels = ("empty", "full", "late")
    samples = [
        *usual.samples,
        a_sample("second", 1.5, 0.4),
        *(a_sample(label, 0.1, 0.0) for label in labels),
    ]
    gone = draw(st.sets(st.sampled_from([one.label for one in samples]), max_size=3))
    odd = st.integers(0, 2)  # fields in one place
    response = usual_window.distributions["response"]
    times = draw(odd_numbers(response.times, draw(odd)))
    lag = a_distribution(p99_us=1.0)
    window = draw(odd_numbers(usual_window, draw(odd)))
    return replace(
        usual,
        samples=tuple(
            draw(odd_numbers(one, draw(odd))) for one in samples if one.label not in gone
        ),
        environment=draw(odd_numbers(usual.environment, draw(odd))),
        gauges=draw(odd_numbers(usual.gauges, draw(odd))),
        window=replace(
            window, distributions={"response": replace(response, times=times), "lag": lag}
        ),
    )


@st.composite
def odd_numbers(draw: st.DrawFn, value: Any, most: int) -> Any:
    """The same with other numbers in some fields, `most` at most."""
    numbers = sorted(
        one.name for one in fields(value) if isinstance(getattr(value, one.name), int | float)
    )
    changed = draw(st.sets(st.sampled_from(numbers), max_size=most))
    return replace(value, **{name: draw(NUMBERS) for name in sorted(changed)})


@given(odd_results(), st.sampled_from(LOADS), NUMBERS, st.text(), st.sampled_from(["", "gone"]))
def test_a_row_of_odd_figures_reads_back_equal(
    result: TrialResult, load: dict[str, Any], elapsed_s: float, log: str, reason: str
) -> None:
    trial = trial_of(load)
    logs = {"server": log}
    row = row_of(result, trial, elapsed_s=elapsed_s, logs=logs, reason=reason, server_ending=reason)
    assert_reads_back_equal(row)
    server_series(result.samples)
    if row["validity"] != "void":
        for column in COLUMNS:
            value = row.get(column.name)
            if column.kind in ("int", "float") and value is not None:
                assert math.isfinite(value), column.name


@given(
    st.dictionaries(
        st.sampled_from(
            [
                *("turns", "window_ns", "cpu_ns", "busy_ticks", "steal_ticks", "clock_ticks"),
                *("waited_ns", "bare_ns", "clock_ns"),
            ]
        ),
        NUMBERS,
    )
)
def test_a_row_without_clients_reads_back_equal(changes: dict[str, Any]) -> None:
    measured = Turns(
        turns=1_000,
        window_ns=10**9,
        cpu_ns=10**9,
        busy_ticks=100,
        steal_ticks=0,
        clock_ticks=100,
        affinity=(0,),
        waited_ns=10**6,
        bare_ns=500.0,
        clock_ns=20.0,
    )
    settings = Settings(server="poll", load="one_wait", watched=100)
    trial = replace(TRIAL, point=replace(TRIAL.point, settings=settings))
    asked = Asked(Pins((0,), None), {})
    for found in (replace(measured, **changes), None):
        result = BenchmarkResult(reason="", asked=asked, measured=found)
        assert_reads_back_equal(row_of(result, trial))
    usual = BenchmarkResult(reason="", measured=measured)
    assert benchmark_columns(usual)["server_cpu_share"] == 1.0


NUMERIC = [column for column in COLUMNS if column.kind in ("int", "float")]


@given(st.sampled_from(NUMERIC), NUMBERS)
@example(next(c for c in NUMERIC if c.name == "window_s"), math.nan)
def test_any_number_in_any_column_is_kept_or_costs_the_trial(column: Any, value: float) -> None:
    row = {**row_of(a_result()), column.name: value}
    found = within_format(
        row, TRIAL.point.settings.recorded | {"block": 1, "position": 1, "repeat": 1}
    )
    assert_reads_back_equal(found)
    if found[column.name] is not value:
        assert (found["validity"], found["spoiled_by"]) == ("void", "lab")
        assert f"{column.name} was {written(value)[:40]}, not " in found["reason"]


@given(st.text(st.characters(codec=None)))
@example('=1+1,"quoted",\r\nnext\0\x85\ud800')
def test_any_text_reads_back_as_it_was_written(text: str) -> None:
    assert_reads_back_equal({**row_of(None, reason="none"), "reason": text, "server_limit": text})
    assert not {"\n", "\r", "\0"} & set(written(text))


def changed(**samples: dict[str, Any]) -> TrialResult:
    return with_samples(a_result(), **samples)


@pytest.mark.parametrize(
    ("result", "column", "value"),
    [
        (changed(close={"retransmits": 5 - 2**32}), "retransmits", "-4294967291"),
        (changed(open={"resets": 9}), "resets", "-9"),
        (changed(close={"cpu_ns": 0}), "server_cpu_share", "-0.2"),
        (changed(open={"steal_ticks": 50}), "steal_share", "-0.25"),
        (changed(close={"steal_ticks": 500}), "steal_share", "2.5"),
    ],
)
def test_a_clock_or_a_counter_that_went_back_is_named(
    result: TrialResult, column: str, value: str
) -> None:
    row = row_of(result)
    assert (row["validity"], row["spoiled_by"], row[column]) == ("void", "lab", None)
    assert f"{column} was {value}, not a number" in row["reason"].replace("a whole", "a")
    assert row["requests"] == 10_000, "what was right stays"


def test_segments_that_went_back_are_named() -> None:
    row = row_of(a_result(window=a_window(segments_in=-30_000)))
    assert row["segments_out_per_response"] is None
    assert row["reason"] == "segments_out_per_response was -3, not a number, 0 or more"


def test_a_good_row_stays_as_it_is() -> None:
    row = row_of(a_result())
    assert within_format(row, {}) is row
    assert row["validity"] == "server_bound"
    assert row["spoiled_by"] == ""


def test_a_tick_more_than_the_window_is_no_fault() -> None:
    row = row_of(changed(close={"steal_ticks": 201}))
    assert row["steal_share"] == 1.0
    assert row["reason"] == "the hypervisor took 100% of the processors"


@pytest.mark.parametrize(
    ("broken", "missing"),
    [
        (a_result(environment=Environment()), "steal_share"),
        (changed(open={"at_ns": int(2e9)}), "server_cpu_share"),
        (changed(close={"at_ns": 0}), "server_cpu_share"),
        (a_result(window=a_window(distributions={})), "littles_law_ratio"),
        (a_result(window=a_window(distributions={})), "response_max_us"),
    ],
)
def test_a_figure_that_a_verdict_needs_and_nobody_has_is_named(
    broken: TrialResult, missing: str
) -> None:
    row = row_of(broken)
    assert row["validity"] == "void"
    assert missing in row["reason"]


def test_counters_that_were_not_read_before_are_unknown_and_not_nought() -> None:
    others = [one for one in a_result().samples if one.label != "start"]
    full = a_sample("full", 0.2, 0.0, listen_overflows=7)
    row = row_of(a_result(samples=(*others, full)))
    for name in ("listen_overflows", "listen_drops", "full_queue_overflows", "full_queue_drops"):
        assert row[name] is None
    assert row["full_queue_depth"] == 0
    assert row["validity"] == "server_bound"


def test_a_window_that_cannot_be_is_recorded_as_it_was_asked_for() -> None:
    row = row_of(a_result(window=a_window(window_s=math.nan)))
    assert row["window_s"] == TRIAL.point.settings.window_s
    assert "window_s was nan, not a number, 1e-06 or more" in row["reason"]


@pytest.mark.parametrize(
    "changes", [{"validity": "fine"}, {"server": ""}, {"started_at": "now"}, {"added_later": 1}]
)
def test_what_no_figure_has_spoiled_is_a_fault_of_the_program(changes: dict[str, Any]) -> None:
    row = {**row_of(a_result()), **changes}
    with pytest.raises(ValueError, match="record format"):
        cells_of(row)
    if "added_later" not in changes:
        with pytest.raises(ValueError, match="record format"):
            within_format(row, TRIAL.point.settings.recorded)


def test_a_row_that_already_has_a_reason_keeps_it_first() -> None:
    row = row_of(changed(open={"resets": 9}), reason="the load was lost")
    assert row["reason"] == "the load was lost; resets was -9, not a whole number, 0 or more"


def test_every_row_of_usual_results_is_a_row_of_the_format() -> None:
    for row in (row_of(a_result()), row_of(None, reason="no server today")):
        assert breaches(dict(zip(NAMES, cells_of(row), strict=True))) == []


def test_appending_tells_how_long_the_file_is(tmp_path: Any) -> None:
    path = tmp_path / "rows"
    assert _append(path, ["a", "é"]) == 5
    assert _append(path, ["b"]) == 7 == path.stat().st_size


@pytest.mark.parametrize("elapsed_s", [0.0, -1.0, math.nan, math.inf])
def test_an_overhead_that_cannot_be_is_unknown_and_spoils_nothing(elapsed_s: float) -> None:
    row = row_of(a_result(), elapsed_s=elapsed_s)
    assert (row["overhead_s"], row["validity"]) == (None, "server_bound")
