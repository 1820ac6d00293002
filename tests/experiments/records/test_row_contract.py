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
from contract.columns import COLUMNS, NAMES
from contract.columns.cells import breaches, written
from contract.columns.csv_check import examine
from contract.columns.failed_readings import NEVER_NOUGHT
from contract.literal import unguarded
from contract.result.benchmark_result import BenchmarkResult, Turns
from contract.result.pins import AskedPins, Pins
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.plan.trials import Trial
from experiments.records.columns.benchmark import benchmark_columns
from experiments.records.row_contract import cells_of, within_format
from experiments.records.run_folder import _append
from experiments.records.server_series import server_series
from experiments.run.progress import summarise
from tests.support.results import (
    a_distribution,
    a_result,
    a_sample,
    a_window,
)
from tests.support.rows import TRIAL, row_of

pytestmark = pytest.mark.slow

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
    """And the progress line has words for it."""
    assert summarise(row)
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
@example({"turns": 0})
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
    asked = AskedPins(Pins((0,), None), {})
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
    if value == 0 and column.name in NEVER_NOUGHT:
        assert found[column.name] is None, "a reading that failed"
    elif found[column.name] is not value:
        assert (found["validity"], found["spoiled_by"]) == ("void", "lab")
        assert f"{column.name} was {written(value)[:40]}, not " in found["reason"]


@given(st.text(st.characters(codec=None)))
@example('=1+1,"quoted",\r\nnext\0\x85\ud800')
def test_any_text_reads_back_as_it_was_written(text: str) -> None:
    assert_reads_back_equal({**row_of(None, reason="none"), "reason": text, "server_limit": text})
    assert not {"\n", "\r", "\0"} & set(written(text))


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


def test_every_row_of_usual_results_is_a_row_of_the_format() -> None:
    for row in (row_of(a_result()), row_of(None, reason="no server today")):
        assert breaches(dict(zip(NAMES, cells_of(row), strict=True))) == []


def test_appending_tells_how_long_the_file_is(tmp_path: Any) -> None:
    path = tmp_path / "rows"
    assert _append(path, ["a", "é"]) == 5
    assert _append(path, ["b"]) == 7 == path.stat().st_size
