"""Percentiles of those who were served are lower bounds, as in the figure of latency."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import analysis
from analysis.figures import all_figures
from analysis.outcomes.lower_bounds import TIMES
from tests.analysis.figures.test_lower_bounds import with_details
from tests.support import made_up_run as made
from tests.support.causes import put_cause
from tests.support.trial_details import encoded

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from analysis.records.run import Run

FIGURE = all_figures()["percentiles"]


def serving_nobody(folder: Path, frame: pd.DataFrame, nobody: pd.Series[bool]) -> Run:
    """The run, where these trials let everybody wait."""
    with_details(folder, frame)
    put_cause(frame, nobody, "server_starved", "no response came in the window")
    frame.loc[nobody, ["requests", "requests_per_s"]] = 0
    frame.loc[nobody, [*TIMES, "server_cpu_us_per_request"]] = np.nan
    for name in frame["trial"][nobody]:
        path = folder / "trials" / str(name) / "result.json"
        found = json.loads(path.read_text())
        for histogram in found["window"]["histograms"]:
            found["window"]["histograms"][histogram] = encoded(np.array([]))
        path.write_text(json.dumps(found))
    return analysis.load(made.write_run(folder, frame))


def test_repeats_that_served_nobody_make_percentiles_lower_bounds(tmp_path: Path) -> None:
    frame = made.trials(5).query("server == 'poll'").copy()
    nobody = (frame["active_connections"] == 1000) & (frame["block"] <= 2)
    run = serving_nobody(tmp_path, frame, nobody)
    assert "≥" in all_figures()["latency"].reading(run)
    told = FIGURE.reading(run)
    for unit in ("µs", "ms"):
        assert all("≥" in part[-12:] for part in told.split(f" {unit}")[:-1]), told
    assert FIGURE.table(run)["response_p99_us_bounded"].all()
    assert FIGURE.chart(run).panels[0].series[0].bounds.any()


def test_an_open_loop_that_starved_has_lower_bounds_by_both_clocks(tmp_path: Path) -> None:
    frame = made.trials(5).query("server == 'poll' and active_connections == 1000")
    frame = frame.assign(load="open_loop", rate_per_s=1000.0)
    run = serving_nobody(tmp_path, frame, frame["block"] <= 2)
    assert len(FIGURE.table(run)) == 2
    assert FIGURE.table(run)["response_p99_us_bounded"].all()


@pytest.mark.parametrize("some", [True, False])
def test_the_longest_tail_is_not_claimed_beside_one_that_served_nobody(
    tmp_path: Path, some: bool
) -> None:
    frame = made.trials(5)
    nobody = (frame["server"] == "poll") & (frame["active_connections"] == 1000) & some
    told = FIGURE.reading(serving_nobody(tmp_path, frame, nobody))
    assert ("tail, as far as is known: half" in told) is some
