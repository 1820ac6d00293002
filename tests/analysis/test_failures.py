"""Where a rate is shown, what it leaves out stands beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner

import analysis
from analysis import failures
from analysis.cli.commands import cli
from analysis.figures import all_figures
from analysis.outcomes import goodput
from analysis.report.report import build
from analysis.report.server_page import pages
from analysis.report.summary_csv import summary
from analysis.statistics.noise_floor import warnings
from tests.support import made_up_run as made
from tests.support.spoiled_trials import spoil, write_failing

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_failing(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return analysis.load(folder)


def test_where_nothing_failed_nothing_is_added(tmp_path: Path) -> None:
    frame = made.trials(5)
    clean = analysis.load(made.write_run(tmp_path, frame[frame["outcome"] == "completed"]))
    for figure in all_figures().values():
        assert not {*goodput.NAMES} & set(figure.table(clean).columns), figure.name
    assert all(not row.beside for page in pages(clean) for row in page.rows)
    assert failures.sentences(clean.trials) == ""


def test_the_tables_of_figures_have_what_the_rate_leaves_out(run: Run) -> None:
    idle = all_figures()["idle_connections"].table(run).set_index(["server", "idle_connections"])
    assert idle["failed_share"]["poll", 10000] == pytest.approx(0.4)
    assert idle["failed_share"]["poll", 0] == 0
    assert idle["goodput_per_s"]["poll", 10000] < 0.7 * idle["requests_per_s"]["poll", 10000]
    short = all_figures()["backlog"].table(run).set_index(["server", "backlog"])
    assert short["error_share"]["iterative", 5] == pytest.approx(0.36)
    assert short["error_share"]["iterative", 10] == 0
    cost = all_figures()["cpu_per_request"].table(run)
    assert "failed_share" in cost
    assert "goodput_per_s" not in cost  # there is no rate


def test_a_server_that_failed_under_all_loads_but_one_is_named(tmp_path: Path) -> None:
    figure = all_figures()["load_latency"]
    frame = made.trials(3)
    text = "Poll is not shown: measured under fewer than 2 loads."
    assert text not in figure.reading(analysis.load(made.write_run(tmp_path / "a", frame)))
    for active in (64, 1000):
        spoil(frame, "server_gone", server="poll", active_connections=active)
    assert text in figure.reading(analysis.load(made.write_run(tmp_path / "b", frame)))


def test_summary_csv_has_it(run: Run) -> None:
    table = summary(run)
    assert set(goodput.NAMES) <= set(table.columns)
    poll = table[(table["server"] == "poll") & (table["idle_connections"] == 10000)].iloc[0]
    assert poll["failed_share"] == pytest.approx(0.4)


def test_the_report_says_it_in_each_place(folder: Path) -> None:
    report = build(folder)
    plain, page = report.markdown.read_text(), report.html.read_text()
    for text in (plain, page):
        assert "What failed is not in these figures: poll in 2 of" in text
        assert "Attempts that ended in errors are not in the rates: iterative" in text
        assert "errors 36%, goodput 480 / s" in text
        assert "repeats failed by the server" in text
        assert "in 5 a server reached a limit of its own and 2 are void" in text
        assert "(2 because the server failed)" in text
    assert "| server_gone |" in plain.replace("\\", "").replace("server gone", "server_gone")
    done = CliRunner().invoke(cli, ["report", str(folder), "--json"])
    first = json.loads(done.stdout)["verdicts"][0]
    assert {"counted", "failed", "error_share"} <= set(first)
    table = pd.read_csv(folder / "verdicts.csv").set_index("claim")
    assert table["failed"][3] == 2
    assert "The server failed in 2 trials: 2 of 5 with server poll" in table["explanation"][3]


def test_a_reference_that_failed_is_a_doubt(tmp_path: Path) -> None:
    frame = made.trials(5)
    assert not any(
        "failed" in text
        for text in warnings(analysis.load(made.write_run(tmp_path / "a", frame)).trials)
    )
    spoil(frame, "server_gone", 2, sweep="reference")
    trials = analysis.load(made.write_run(tmp_path / "b", frame)).trials
    assert any("the reference server failed in 4 of 10 equal trials" in t for t in warnings(trials))
