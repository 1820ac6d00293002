"""Sentences of the report are said only of the servers and trials that they hold for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.figures import all_figures
from analysis.report.narrative import more
from analysis.report.report import build
from analysis.report.server_page import pages
from analysis.report.server_points import RATE, points
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run

pytestmark = pytest.mark.usefixtures("no_pictures")


def renamed(folder: Path, server: str, name: str) -> Run:
    frame = made.trials(3)
    frame["server"] = frame["server"].replace(server, name)
    return analysis.load(made.write_run(folder, frame))


def test_a_server_keeps_its_rate_where_all_else_is_equal(tmp_path: Path) -> None:
    """Pipelining is four times as fast; traced, a request costs ten times as much."""
    frame = made.trials(3)
    plain = frame[(frame["server"] == "epoll_level") & (frame["idle_connections"] == 0)]
    others = []
    for name, settings in (("deep", {"pipeline_depth": 16}), ("traced", {"traced": True})):
        other = plain[plain["active_connections"] == 8].assign(**settings)
        other["requests_per_s"] *= 4.0
        for column in ("point", "trial"):
            other[column] = f"{name}-" + other[column]
        others.append(other)
    run = analysis.load(made.write_run(tmp_path, pd.concat([frame, *others], ignore_index=True)))
    page = next(page for page in pages(run) if page.server == "epoll_level")
    assert any("Idle connections cost it little" in text for text in page.strengths)
    assert not any("Idle connections" in text for text in page.weaknesses)
    shown = [row.settings for row in page.rows]
    assert any("pipeline depth 16" in text for text in shown)
    assert not any("traced" in text for text in shown)


def test_a_sweep_may_ask_for_what_the_reference_is(tmp_path: Path) -> None:
    """Equal settings are one row, with the trials of both: two references and a sweep's a block."""
    frame = made.trials(3)
    references = frame[frame["sweep"] == "reference"]
    again = references[references["repeat"] % 2 == 1].assign(sweep="concurrency", position=1000)
    again[RATE] *= 4.0
    again["point"] = "asked-for-" + again["point"]
    again["trial"] = [f"{point}-r{block}" for point, block in again[["point", "block"]].to_numpy()]
    run = analysis.load(made.write_run(tmp_path, pd.concat([frame, again], ignore_index=True)))
    every = pd.concat([references, again])
    table = points(run)
    alike = table[(table["load"] == "keep_alive") & (table["active"] == 64)].set_index("server")
    assert alike.index.is_unique
    assert alike.loc["epoll_level", "n"] == 9
    assert alike.loc["epoll_level", RATE] == every[RATE].median()
    poll = frame[(frame["server"] == "poll") & (frame["active_connections"] == 64)]
    ratios = poll.groupby("block")[RATE].median() / every.groupby("block")[RATE].median()
    assert alike.loc["poll", f"{RATE}_ratio"] == pytest.approx(np.median(ratios))
    assert build(run.path).html.is_file()


def test_a_void_trial_says_nothing_of_the_backlog(tmp_path: Path) -> None:
    frame = made.trials(3)
    said = "a listen backlog of 1 made one request"
    assert said in more(analysis.load(made.write_run(tmp_path / "a", frame)))
    short = (frame["server"] == "iterative") & (frame["backlog"] == 1)
    frame.loc[short, ["validity", "reason"]] = ["void", "the server died"]
    assert said not in more(analysis.load(made.write_run(tmp_path / "b", frame)))


def test_a_pool_is_no_thread_for_every_client(tmp_path: Path) -> None:
    server = "thread_per_connection"
    assert "A thread for every client" in more(renamed(tmp_path / "a", server, server))
    assert "A thread for every client" not in more(renamed(tmp_path / "b", server, "epoll_hybrid"))


def test_only_select_and_poll_look_at_every_connection(tmp_path: Path) -> None:
    figure, reason = all_figures()["idle_connections"], "every wait looks at every connection"
    assert reason in figure.reading(renamed(tmp_path / "a", "poll", "poll"))
    other = figure.reading(renamed(tmp_path / "b", "poll", "asyncio_streams"))
    assert reason not in other
    assert "falls behind." in other


def test_what_is_to_be_known_of_a_trial_stands_beside_it(tmp_path: Path) -> None:
    frame = made.trials(3)
    told = (frame["server"] == "poll") & (frame["block"] == 2)
    frame.loc[told, "reason"] = "the rate fell by 40% within the window of_my_app"
    text = build(made.write_run(tmp_path / "told", frame)).markdown.read_text(encoding="utf-8")
    rows = text.partition("## Remarks on trials")[2].partition("\n## ")[0]
    assert rows.count("the rate fell by 40% within the window of\\_my\\_app") == told.sum()
    assert "select" not in rows
    none = build(made.write_run(tmp_path / "none", made.trials(3))).markdown
    assert "Remarks" not in none.read_text(encoding="utf-8")


def test_void_trials_that_differ_in_their_logs_alone_are_counted_together(tmp_path: Path) -> None:
    frame = made.trials(3)
    short = frame["server"] == "poll"
    frame.loc[short, "validity"] = "void"
    frame.loc[short, "reason"] = [f"it ended; its log ends: at {n}" for n in range(short.sum())]
    run = analysis.load(made.write_run(tmp_path, frame))
    page = next(page for page in pages(run) if page.server == "poll")
    assert page.void == [("it ended", short.sum())]
