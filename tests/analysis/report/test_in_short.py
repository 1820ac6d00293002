"""The line of a folded page says what was measured of its server, and no ratio to survivors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.report.server_page import Page, pages, verdict_in_short
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def page_of(folder: Path, frame: pd.DataFrame, server: str = "poll") -> Page:
    run = analysis.load(made.write_run(folder, frame))
    return next(page for page in pages(run) if page.server == server)


@pytest.mark.parametrize("cause", ["surroundings", "load", "probe", "lab", None])
def test_a_server_without_a_measured_trial_was_measured_in_no_setting(
    tmp_path: Path, cause: str | None
) -> None:
    frame = made.trials(3)
    put_cause(frame, frame["server"] == "poll", cause, "it was disturbed")
    page = page_of(tmp_path, frame)
    assert all(row.n == 0 for row in page.rows)
    assert verdict_in_short(page) == "Nothing was measured: 15 void trials."


def test_settings_without_a_measured_trial_are_not_counted(tmp_path: Path) -> None:
    frame = made.trials(3)
    mine = (frame["server"] == "poll") & (frame["sweep"] == "concurrency")
    frame = frame[mine].reset_index(drop=True)
    assert verdict_in_short(page_of(tmp_path / "all", frame)) == "Measured in 2 settings."
    put_cause(frame, frame["active_connections"] == 64, "surroundings", "it was disturbed")
    assert verdict_in_short(page_of(tmp_path / "some", frame)) == "Measured in 1 of 2 settings."


def test_a_server_that_was_only_traced_was_measured(tmp_path: Path) -> None:
    frame = made.trials(3)
    frame.loc[frame["server"] == "poll", "traced"] = True
    told = verdict_in_short(page_of(tmp_path, frame))
    assert told == "Measured under a trace alone: its speeds are the tracer's."


def test_no_ratio_is_told_to_a_reference_that_failed_too_often(tmp_path: Path) -> None:
    frame = made.trials(10)
    frame = frame[frame["sweep"].isin(["reference", "concurrency"])].reset_index(drop=True)
    frame.loc[frame["server"] == "poll", "server_cpu_us_per_request"] *= 0.5
    gone = (frame["server"] == "epoll_level") & (frame["block"] <= 3)
    put_cause(frame, gone, "server_gone", "the server ended with exit code 1")
    page = page_of(tmp_path, frame)
    assert page.strengths == page.weaknesses == []
    assert verdict_in_short(page) == "Measured in 2 settings."
