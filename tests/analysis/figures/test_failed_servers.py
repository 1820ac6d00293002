"""Figures name the servers that failed in all their trials, and seconds without an answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.charts.picture import drawn
from analysis.failures import of_figure
from analysis.figures import all_figures
from tests.analysis.figures.test_lower_bounds import with_details
from tests.support import made_up_run as made
from tests.support.trial_details import REQUESTS, encoded

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run


@pytest.mark.parametrize("name", ["heat_map", "percentiles", "latency", "concurrency"])
def test_a_server_that_failed_in_all_its_trials_is_named(tmp_path: Path, name: str) -> None:
    frame = made.trials(5)
    gone = (frame["server"] == "thread_per_connection") & (frame["active_connections"] == 1000)
    frame.loc[gone, "validity"], frame.loc[gone, "reason"] = "void", "it ended"
    frame.loc[gone, "spoiled_by"] = "server_gone"
    run = with_details(tmp_path, frame)
    figure = all_figures()[name]
    rows = figure.candidate_rows(run)
    told = of_figure(run, run.trials[["point"]].iloc[rows], figure.table(run))
    assert "thread per connection in 5 of " in told


def rising(folder: Path, *, failing: bool) -> Run:
    """Two servers under four rates; poll ends at the two highest."""
    base = made.trials(5)
    base = base[(base["sweep"] == "idle") & (base["idle_connections"] == 0)]
    base = base[base["server"].isin(["poll", "epoll_level"])]
    parts = []
    for rate in (1000.0, 2000.0, 4000.0, 8000.0):
        part = base.assign(load="open_loop", rate_per_s=rate, requests_per_s=rate)
        part["point"] += f"-{rate:.0f}"
        part["trial"] += f"-{rate:.0f}"
        gone = (part["server"] == "poll") & failing & (rate >= 4000)
        part.loc[gone, "validity"], part.loc[gone, "reason"] = "void", "it ended"
        part.loc[gone, "spoiled_by"] = "server_gone"
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame["position"] = range(1, len(frame) + 1)
    return analysis.load(made.write_run(folder, frame))


@pytest.mark.parametrize("failing", [True, False])
def test_a_server_that_failed_at_most_rates_is_named(tmp_path: Path, failing: bool) -> None:
    run, figure = rising(tmp_path, failing=failing), all_figures()["load_latency"]
    assert ("poll" in set(figure.table(run)["server"])) is not failing
    assert (
        "Poll is not shown: measured under fewer than 3 loads" in figure.reading(run)
    ) is failing
    told = of_figure(run, run.trials[["point"]].iloc[figure.candidate_rows(run)], figure.table(run))
    assert ("poll in 10 of 20 trials" in told) is failing


def stopping(folder: Path, *, answered: bool) -> Run:
    """poll with 1,000 clients answers in the first two of four seconds alone; if `answered`, what
    waits gets its answer in the last."""
    frame = made.trials(3).assign(window_s=4.0)
    mine = (frame["server"] == "poll") & (frame["active_connections"] == 1000)
    frame.loc[mine, "response_max_us"] = 3.1e6
    frame.loc[mine, "listen_drops"] = 5_000
    if not answered:
        frame.loc[mine, "lower_bounds"] = "response_p999_us response_max_us"
    run = with_details(folder, frame)
    late = encoded(np.full(1000, 1.7e6))
    for name in frame["trial"][mine]:
        path = folder / "trials" / name / "result.json"
        found = json.loads(path.read_text())
        for second in found["series"][2:]:
            second |= {"requests": 0, "histogram": encoded(np.array([]))}
            second |= dict.fromkeys(("response_p50_us", "response_p99_us", "response_max_us"))
        if answered:
            found["series"][3] |= {"requests": 1000, "histogram": late}
        else:
            found["window"]["censored"] = {"response": late}
        path.write_text(json.dumps(found))
    return run


def test_a_repeat_that_answered_few_counts_as_much_as_the_others(tmp_path: Path) -> None:
    """Its one answer, of a second, is a fifth of all beside sixteen thousand."""
    run = with_details(tmp_path, made.trials(5).query("server == 'poll'"))
    figure = all_figures()["percentiles"]
    slow = tmp_path / "trials" / str(figure.chosen(run)["trial"].iloc[-1]) / "result.json"
    found = json.loads(slow.read_text())
    found["window"]["histograms"]["response"] = encoded(np.array([1e6]))
    slow.write_text(json.dumps(found))
    row = figure.table(analysis.load(tmp_path)).iloc[0]
    assert row["requests"] == 4 * REQUESTS + 1
    assert row["response_p50_us"] < row["response_p90_us"] / 100
    for name in ("response_p90_us", "response_p999_us", "response_max_us"):
        assert row[name] == pytest.approx(1e6, rel=2e-3)


@pytest.mark.parametrize("answered", [True, False])
def test_seconds_without_an_answer_are_gaps_and_ages_a_streak(
    tmp_path: Path, answered: bool
) -> None:
    run, figure = stopping(tmp_path, answered=answered), all_figures()["heat_map"]
    table = figure.table(run)
    mine = table[table["server"] == "poll"]
    assert len(mine) == 3 * 4
    assert mine["requests"].iloc[2] == 0
    assert mine["response_max_us"].isna().iloc[2]
    assert mine["response_max_us"].iloc[3] > 1.6e6
    assert mine["response_max_us_bounded"].iloc[3] == (not answered)
    assert not mine["response_max_us_bounded"].iloc[:3].any()
    assert "In some stretches nobody got an answer at all: poll in 3." in figure.reading(run)
    drawn(figure.chart(run))


def test_the_timeline_tells_of_a_wait_that_had_no_end(tmp_path: Path) -> None:
    told = all_figures()["timeline"].reading(stopping(tmp_path, answered=False))
    assert told.startswith("poll with 1,000 active")
    assert "the longest wait in it is ≥ 3.10 s" in told


def test_no_lost_syn_is_hidden_by_the_room_of_a_picture(tmp_path: Path) -> None:
    frame = made.trials(2)
    short = frame[(frame["load"] == "connection_per_request") & (frame["server"] == "epoll_level")]
    quiet = short[short["backlog"] == 128].assign(listen_drops=0)
    parts = []
    for place in range(10):
        part = quiet.assign(backlog=200 + place)
        part["point"] += f"-{place}"
        part["trial"] += f"-{place}"
        parts.append(part.assign(listen_drops=500 if place == 9 else 0))
    found = pd.concat(parts, ignore_index=True)
    found["position"] = range(1, len(found) + 1)
    run = with_details(tmp_path, found)
    figure = all_figures()["connect_time"]
    assert "To epoll (level), backlog 209, " in figure.reading(run)
    assert "no room for 2 of them" in figure.reading(run)
    drawn(figure.chart(run))


def test_workers_of_a_server_that_failed_under_most_settings_are_named(tmp_path: Path) -> None:
    """What it shared out where it did not fail says nothing of where it did."""
    frame = made.trials(5)
    mine = frame["server"] == "poll"
    shared = mine & (frame["idle_connections"] == 0)
    frame["worker_connections"] = frame["worker_connections"].astype(object)
    frame.loc[mine, "workers"] = 4
    frame.loc[shared, "worker_connections"] = "[1, 2, 3, 4]"
    gone = mine & ~shared
    frame.loc[gone, "validity"], frame.loc[gone, "reason"] = "void", "it ended"
    frame.loc[gone, "spoiled_by"] = "server_gone"
    run = analysis.load(made.write_run(tmp_path, frame))
    figure = all_figures()["worker_shares"]
    assert set(figure.chosen(run)["server"]) == {"poll"}
    told = of_figure(run, run.trials[["point"]].iloc[figure.candidate_rows(run)], figure.table(run))
    assert "poll in 10 of 25 trials" in told
