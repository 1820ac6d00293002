"""A load under which nobody was served is in the path of throughput against latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import analysis
from analysis.charts.picture import drawn
from analysis.figures import all_figures
from analysis.outcomes.lower_bounds import TIMES
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from analysis.records.run import Run

FIGURE = all_figures()["load_latency"]
TOLD = "At 1,000 active connections poll serves nobody"


def serving_nobody(folder: Path, frame: pd.DataFrame, nobody: pd.Series[bool]) -> Run:
    """The run, where these trials let everybody wait."""
    put_cause(frame, nobody, "server_starved", "no response came in the window")
    frame.loc[nobody, ["requests", "requests_per_s"]] = 0
    frame.loc[nobody, [*TIMES, "server_cpu_us_per_request"]] = np.nan
    return analysis.load(made.write_run(folder, frame))


@pytest.mark.parametrize(("blocks", "told"), [(5, f"{TOLD}."), (3, f"{TOLD} in most repeats.")])
def test_a_load_that_served_nobody_is_told(tmp_path: Path, blocks: int, told: str) -> None:
    frame = made.trials(5)
    nobody = (frame["server"] == "poll") & (frame["active_connections"] == 1000)
    run = serving_nobody(tmp_path, frame, nobody & (frame["block"] <= blocks))
    assert FIGURE.reading(run).startswith(f"{told} From 8 to ")


def test_a_load_that_served_nobody_is_drawn(tmp_path: Path) -> None:
    frame = made.trials(5).query("server == 'poll'").copy()
    run = serving_nobody(tmp_path, frame, frame["active_connections"] == 1000)
    chart = FIGURE.chart(run)
    for panel in chart.panels:
        (path,) = panel.series
        (mark,) = path.marks
        assert (mark.at, mark.word, mark.at_top) == (0, "starved", True)
        assert np.isnan(mark.value)
        assert len(path.y) == 2
    drawn(chart)


def test_a_server_that_served_nobody_but_under_one_load_is_told(tmp_path: Path) -> None:
    frame = made.trials(5).query("server == 'poll'").copy()
    run = serving_nobody(tmp_path, frame, frame["active_connections"] > 8)
    told = FIGURE.reading(run)
    assert "At 64 and 1,000 active connections poll serves nobody." in told
    assert "No server has figures under two loads." in told


@pytest.mark.parametrize(
    ("starved", "words"),
    [
        ((1000,), " answers at most "),
        ((8,), " answers at least "),
        ((8, 1000), " answers an unknown number of times as many"),
    ],
)
def test_a_gain_in_the_rate_of_those_who_were_served_is_a_bound(
    tmp_path: Path, starved: tuple[int, ...], words: str
) -> None:
    frame = made.trials(5).query("server == 'poll'").copy()
    some = frame["active_connections"].isin(starved)
    put_cause(frame, some, "server_starved", "only 20% of the active connections got a response")
    run = analysis.load(made.write_run(tmp_path, frame))
    told = FIGURE.reading(run)
    assert words in told
    assert "times (" not in told
