"""The heat map hides no stretch, and no wait of clients that were starved."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

import analysis
from analysis.charts.picture import drawn
from analysis.figures import all_figures
from analysis.figures.heat_map import MOST_COLUMNS
from tests.analysis.figures.test_lower_bounds import with_details
from tests.support import made_up_run as made
from tests.support.causes import put_cause
from tests.support.trial_details import encoded

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from analysis.records.run import Run

FIGURE = all_figures()["heat_map"]


def with_waits(folder: Path, trials: Iterable[str], us: np.ndarray) -> Run:
    """The same run, where these trials answered so in each second."""
    for name in trials:
        path = folder / "trials" / name / "result.json"
        found = json.loads(path.read_text())
        found["window"]["histograms"]["response"] = encoded(us)
        for second in found["series"]:
            second["histogram"] = encoded(us)
        path.write_text(json.dumps(found))
    return analysis.load(folder)


def starved(folder: Path, blocks: int) -> tuple[Run, pd.DataFrame]:
    """poll with 1,000 clients, a fifth of whom it served in the first of these blocks."""
    frame = made.trials(5).query("server == 'poll'").assign(window_s=4.0)
    some = (frame["active_connections"] == 1000) & (frame["block"] <= blocks)
    reason = "only 20% of the active connections got a response in the window"
    put_cause(frame, some, "server_starved", reason)
    frame.loc[some, "coverage"] = 0.2
    return with_details(folder, frame), frame[some]


def test_a_stall_that_the_picture_has_no_room_for_is_told(tmp_path: Path) -> None:
    frame = made.trials(5).query("server == 'poll' and active_connections == 1000")
    run = with_details(tmp_path, frame.assign(window_s=20.0))  # five times twenty seconds
    last = str(FIGURE.chosen(run)["trial"].iloc[-1])
    run = with_waits(tmp_path, [last], np.full(200, 2e6))
    assert len(FIGURE.table(run)) == 5 * 20
    assert FIGURE.table(run)["response_max_us"].max() >= 2e6
    told = FIGURE.reading(run)
    assert "in the worst of 100" in told
    assert "The picture has no room for more than the first 60 stretches of a server" in told
    chart = FIGURE.chart(run)
    assert chart.panels[0].cells
    assert len(chart.panels[0].cells.x_edges) == MOST_COLUMNS + 1
    drawn(chart)


def test_nothing_is_said_of_room_where_there_is_enough(tmp_path: Path) -> None:
    run = with_details(tmp_path, made.trials(5).assign(window_s=4.0))
    assert "no room" not in FIGURE.reading(run)


def test_waits_beside_starved_clients_have_no_upper_end(tmp_path: Path) -> None:
    run, _ = starved(tmp_path, 5)
    assert "≥" in all_figures()["latency"].reading(run)
    told = FIGURE.reading(run)
    assert " at most " not in told
    assert "spread evenly" not in told
    assert "the 99th percentile of poll is ≥ " in told
    assert "and ≥ " in told
    for name in ("response_p50_us", "response_p99_us", "response_max_us"):
        assert FIGURE.table(run)[f"{name}_bounded"].all()


def test_a_repeat_that_served_nobody_is_a_gap(tmp_path: Path) -> None:
    run, some = starved(tmp_path, 2)
    frame = run.trials.copy()
    nobody = frame["trial"].isin(some["trial"])
    frame.loc[nobody, ["requests", "requests_per_s"]] = 0
    made.write_run(tmp_path, frame)
    run = with_waits(tmp_path, some["trial"].astype(str), np.array([]))
    table = FIGURE.table(run)
    assert len(table) == 5 * 4
    assert (table["requests"] == 0).sum() == 2 * 4
    assert not table["response_max_us_bounded"].any()
    told = FIGURE.reading(run)
    assert "the 99th percentile of poll is ≥ " in told
    assert " at most " not in told
    assert "In some stretches nobody got an answer at all: poll in 8." in told
    drawn(FIGURE.chart(run))
