"""Times to connect of many clients are not thinned out with those of few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.charts.picture import drawn
from analysis.figures import all_figures
from analysis.selection.sweeps import backlog_sweep
from tests.analysis.figures.test_lower_bounds import with_details
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run

FIGURE = all_figures()["connect_time"]


def beside(folder: Path, setting: str, many: int) -> Run:
    """epoll with two numbers of clients, or of idle connections; of the trials with `many` a
    quarter of the connections is late, and none of the others."""
    frame = made.trials(3)
    short = frame[(frame["load"] == "connection_per_request") & (frame["server"] == "epoll_level")]
    few = short.assign(listen_drops=0)
    late = few.assign(**{setting: many}, listen_drops=1_000)
    late["point"] += "-many"
    late["trial"] += "-many"
    found = pd.concat([few, late], ignore_index=True)
    found["position"] = range(1, len(found) + 1)
    return with_details(folder, found)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("active_connections", "backlog 5, 10,000 clients, "),
        ("idle_connections", "backlog 5, 10,000 idle connections, "),
    ],
)
def test_different_numbers_of_clients_are_not_added_up(
    tmp_path: Path, setting: str, told: str
) -> None:
    run = beside(tmp_path, setting, 10_000)
    table = FIGURE.table(run)
    assert len(table) == 2 * run.trials["backlog"].nunique()
    # A quarter of each trial with many of them, and none of the others.
    for late, many in zip(table["late_share"], table[setting], strict=True):
        assert late == pytest.approx(0.25 if many == 10_000 else 0)
    assert f"To epoll (level), {told}" in FIGURE.reading(run)
    drawn(FIGURE.chart(run))


def test_numbers_that_are_the_same_everywhere_are_no_columns(tmp_path: Path) -> None:
    run = with_details(tmp_path, made.trials(2))
    assert not {"active_connections", "idle_connections"} & set(FIGURE.table(run))


def test_the_backlog_figure_has_one_number_of_idle_connections(tmp_path: Path) -> None:
    run = beside(tmp_path, "idle_connections", 10_000)
    assert set(backlog_sweep(run)["idle_connections"]) == {0}
