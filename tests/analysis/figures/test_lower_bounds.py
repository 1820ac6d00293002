"""Lower bounds are written so in what a figure says, and marked in its table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import analysis
from analysis.figures import all_figures
from tests.support import made_up_run as made
from tests.support.trial_details import encoded, write_details

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from analysis.records.run import Run

TIMES = ("response_p50_us", "response_p90_us", "response_p99_us", "response_p999_us")
BOUNDS = " ".join((*TIMES, "response_max_us", "connect_max_us"))


def with_details(folder: Path, frame: pd.DataFrame) -> Run:
    made.write_run(folder, frame)
    write_details(folder, frame)
    return analysis.load(folder)


@pytest.fixture(scope="module")
def low(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All times of all trials are lower bounds."""
    frame = made.trials(5)
    frame.loc[frame["outcome"] == "completed", "lower_bounds"] = BOUNDS
    return with_details(tmp_path_factory.mktemp("low"), frame)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """None is one."""
    return with_details(tmp_path_factory.mktemp("usual"), made.trials(5))


@pytest.mark.parametrize("name", ["latency", "load_latency", "backlog", "percentiles"])
def test_a_reading_writes_lower_bounds_so(low: Run, usual: Run, name: str) -> None:
    figure = all_figures()[name]
    told = figure.reading(low)
    for unit in ("µs", "ms"):
        assert all("≥" in part[-12:] for part in told.split(f" {unit}")[:-1]), told
    assert "≥" in told
    assert "≥" not in figure.reading(usual)


def test_the_longest_time_to_connect_is_written_as_lower_bound(low: Run) -> None:
    figure = all_figures()["connect_time"]
    assert "waited up to ≥ " in figure.reading(low)


def test_a_table_of_percentiles_marks_them(low: Run, usual: Run) -> None:
    figure = all_figures()["percentiles"]
    assert figure.table(low)["response_p99_us_bounded"].all()
    assert not any(str(name).endswith("_bounded") for name in figure.table(usual))


@pytest.mark.parametrize(("first", "last", "words"), [(0, 1, "at least"), (1, 0, "at most")])
def test_a_ratio_of_one_is_known_on_one_side(
    tmp_path: Path, first: int, last: int, words: str
) -> None:
    frame = made.trials(5)
    for low, active in ((first, 8), (last, 1000)):
        if low:
            frame.loc[frame["active_connections"] == active, "lower_bounds"] = "response_p99_us"
    run = analysis.load(made.write_run(tmp_path, frame))
    told = all_figures()["load_latency"].reading(run)
    assert f"its 99th percentile is {words} " in told


@pytest.mark.parametrize("some", [True, False])
def test_the_longest_tail_is_not_claimed_beside_one_that_may_be_longer(
    tmp_path: Path, some: bool
) -> None:
    frame = made.trials(5)
    mine = (frame["server"] == "poll") & (frame["outcome"] == "completed")
    frame.loc[mine & some, "lower_bounds"] = "response_p999_us"
    run = with_details(tmp_path, frame)
    told = all_figures()["percentiles"].reading(run)
    assert told.startswith("Thread per connection has the longest tail")
    assert ("tail, as far as is known: half" in told) is some


def test_a_curve_has_arrows_where_it_is_a_lower_bound(low: Run, usual: Run) -> None:
    figure = all_figures()["percentiles"]
    for curve in figure.chart(low).panels[0].series:
        at = curve.x[curve.bounds]
        assert at[:4] == pytest.approx([0.3, 1, 2, 3])
        assert at[4] == curve.x[-1]
    assert not any(curve.bounds.any() for curve in figure.chart(usual).panels[0].series)


def test_waits_that_had_no_end_are_not_called_even_nor_at_most_so_long(tmp_path: Path) -> None:
    run = with_details(tmp_path, made.trials(5).assign(window_s=4.0))
    told = all_figures()["heat_map"].reading(run)
    assert " at most " in told
    for path in (tmp_path / "trials").glob("*/result.json"):
        found = json.loads(path.read_text())
        found["window"]["censored"] = {"response": encoded(np.full(3, 9000.0))}
        path.write_text(json.dumps(found))
    told = all_figures()["heat_map"].reading(analysis.load(tmp_path))
    assert " at most " not in told
    assert "spread evenly" not in told
    assert ", and ≥ " in told or "come in bursts" in told


def test_seconds_without_counts_are_no_columns(tmp_path: Path) -> None:
    run = with_details(tmp_path, made.trials(5).assign(window_s=4.0))
    for path in (tmp_path / "trials").glob("*/result.json"):
        found = json.loads(path.read_text())
        for second in found["series"]:
            second["histogram"] = encoded(np.array([]))
        path.write_text(json.dumps(found))
    figure = all_figures()["heat_map"]
    assert set(figure.table(run)["window_s"]) == {4.0}
    assert figure.reading(run).endswith(".")
