"""Times that are lower bounds are marked wherever a report shows them, and said in its doubts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.outcomes.lower_bounds import bounded, doubts, medians_bounded
from analysis.report.report import build
from analysis.report.server_page import pages
from analysis.report.server_points import points
from analysis.report.summary_csv import summary
from analysis.tables import as_table
from analysis.wording import TIMES
from tests.support import made_up_run as made

pytestmark = pytest.mark.usefixtures("no_pictures")


def hanging(trials_of_five: int) -> pd.DataFrame:
    """A run in which poll hung, with 1,000 connections, in so many of five repeats."""
    frame = made.trials(5)
    frame["lower_bounds"] = pd.Series([None] * len(frame), dtype=object)
    chosen = (frame["server"] == "poll") & (frame["active_connections"] == 1_000)
    rows = frame.index[chosen][:trials_of_five]
    frame.loc[rows, "lower_bounds"] = "response_p99_us response_max_us lag_max_us"
    frame.loc[rows, "unanswered"] = 64
    return frame


@pytest.mark.parametrize(("repeats", "marked"), [(0, False), (2, False), (3, True), (5, True)])
def test_a_median_is_a_lower_bound_when_half_of_the_repeats_are(
    tmp_path: Path, repeats: int, marked: bool
) -> None:
    run = analysis.load(made.write_run(tmp_path, hanging(repeats)))
    table = summary(run)
    mine = (table["server"] == "poll") & (table["active_connections"] == 1_000)
    told = table["lower_bounds"].astype("string").fillna("")
    assert told[mine].tolist() == ["response_p99_us response_max_us" if marked else ""]
    assert set(told[~mine]) == {""}
    rows = points(run)
    flagged = rows[rows["response_p99_us_bounded"]]
    assert len(flagged) == marked
    assert bounded(run).keys() == (
        {"response_p99_us", "response_max_us", "lag_max_us"} if repeats else set()
    )


def test_void_trials_bound_nothing(tmp_path: Path) -> None:
    frame = hanging(5)
    frame.loc[frame["lower_bounds"].notna(), "validity"] = "void"
    assert bounded(analysis.load(made.write_run(tmp_path, frame))) == {}


def test_groups_without_a_trial_have_no_bound(tmp_path: Path) -> None:
    run = analysis.load(made.write_run(tmp_path, hanging(5)))
    flags = bounded(run)["response_p99_us"]
    found = medians_bounded(run, "response_p99_us", np.where(flags, 0, -1), 2)
    assert found.tolist() == [True, False]


def test_a_report_marks_lower_bounds_and_says_why(tmp_path: Path) -> None:
    report = build(made.write_run(tmp_path / "hangs", hanging(5)))
    healthy = build(made.write_run(tmp_path / "healthy", hanging(0)))
    for path, other in ((report.html, healthy.html), (report.markdown, healthy.markdown)):
        text, usual = (one.read_text(encoding="utf-8") for one in (path, other))
        assert "In 5 trials that count requests had no answer as the window closed (poll 5)" in text
        # Bounds of claims are written so, too.
        assert text.count("≥ ") >= usual.count("≥ ") + 2, "a figure's table, the server's row"
        assert "had no answer as the window closed" not in usual


def test_requests_that_failed_in_trials_that_count_are_said(tmp_path: Path) -> None:
    frame = made.trials(5)
    rows = frame.index[(frame["server"] == "select") & (frame["outcome"] == "completed")][:2]
    frame.loc[rows, ["requests", "errors"]] = [[960, 540], [900, 100]]
    run = analysis.load(made.write_run(tmp_path, frame))
    (told,) = doubts(run)
    assert told.startswith("in 2 trials that count requests failed, up to 36% of them (select 2)")
    assert doubts(analysis.load(made.write_run(tmp_path / "none", made.trials(2)))) == []


def test_a_table_marks_the_cells_that_are() -> None:
    frame = pd.DataFrame(
        {
            "server": ["poll", "select", "one"],
            "response_p99_us": [1_700_000.0, 200.0, float("nan")],
            "response_p99_us_low": [1_600_000.0, 200.0, float("nan")],
            "response_p99_us_high": [1_800_000.0, 200.0, float("nan")],
            "response_p99_us_bounded": [True, False, True],
        }
    )
    table = as_table(frame)
    assert table.headings == ["server", "response, p99"]
    assert [row[1] for row in table.rows] == ["≥ 1.70 s", "200 µs", "\u2013"]


def test_a_tail_beside_one_that_is_a_lower_bound_is_not_called_longer(tmp_path: Path) -> None:
    frame = made.trials(5)
    poll = (frame["server"] == "poll") & (frame["active_connections"] == 64)
    frame.loc[poll, "response_p99_us"] *= 50

    def told(folder: Path) -> bool:
        run = analysis.load(made.write_run(folder, frame))
        (page,) = [one for one in pages(run) if one.server == "poll"]
        return any(text.startswith("Its 99th percentile is") for text in page.weaknesses)

    assert told(tmp_path / "usual")
    frame.loc[frame["server"] == "epoll_level", "lower_bounds"] = "response_p99_us"
    assert not told(tmp_path / "low")


def test_a_tail_that_is_a_lower_bound_is_told_as_at_least_so_many_times(tmp_path: Path) -> None:
    frame = made.trials(5)
    poll = (frame["server"] == "poll") & (frame["active_connections"] == 64)
    frame.loc[poll, "response_p99_us"] *= 500
    frame.loc[poll, "lower_bounds"] = "response_p99_us"
    run = analysis.load(made.write_run(tmp_path, frame))
    (page,) = [one for one in pages(run) if one.server == "poll"]
    (text,) = [one for one in page.weaknesses if one.startswith("Its 99th percentile is")]
    assert text.count("≥ ") == 2
    assert f"{TIMES} that of epoll (level)" in text
