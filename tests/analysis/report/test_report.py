"""The report: whole, escaped, the same each time."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import analysis
from analysis import figures
from analysis.charts.page import as_json
from analysis.charts.palette import css_variables, in_order
from analysis.claims.claim import load_claims
from analysis.claims.verdicts import COLUMNS
from analysis.cli.commands import cli
from analysis.rendering import markdown
from analysis.report.report import Report, build
from analysis.report.server_page import pages
from analysis.wording import TIMES
from contract.outcomes import NOT_MEASURED
from experiments.paths import ROOT
from tests.support import made_up_run as made
from tests.support import readiness_data
from tests.support.trial_details import write_details

GOLDEN = ROOT / "tests" / "golden"
MOST_BYTES = 6_000_000
SCRIPTS = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)
SEVERAL_WORKERS = {"worker_connections": "[20, 30, 50]", "worker_cpu_shares": "[0.2, 0.3, 0.5]"}
"""What a server with several processes adds to a row."""
VOID_TAGS = {"meta", "br", "link", "img", "hr", "input", "use", "path", "rect"}


class Balance(HTMLParser):
    """Counts tags that are opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID_TAGS:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("run")
    shutil.copytree(GOLDEN / "run", folder, dirs_exist_ok=True)
    write_details(folder, made.trials(5))
    return build(folder)


def without_scripts(report: Report) -> str:
    """The page as a browser without scripts has it."""
    return SCRIPTS.sub("", report.html.read_text(encoding="utf-8"))


def test_the_golden_run_gives_its_golden_verdicts(report: Report) -> None:
    expected = pd.read_csv(GOLDEN / "verdicts.csv")
    found = pd.read_csv(report.verdicts_csv)
    assert found.columns.tolist() == list(COLUMNS)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-4)


def test_the_golden_run_gives_its_golden_text(report: Report) -> None:
    expected = (GOLDEN / "report.md").read_text(encoding="utf-8").splitlines()
    assert report.markdown.read_text(encoding="utf-8").splitlines() == expected


def test_every_figure_is_there_as_picture_and_element(report: Report) -> None:
    page = without_scripts(report)
    run = analysis.load(report.html.parent)
    names = [name for name, one in figures.all_figures().items() if len(one.table(run))]
    assert page.count("<svg") == len(names)
    for name in names:
        assert f'<section class="card" id="{name}"' in page
        for end in ("png", "svg"):
            assert (report.html.parent / "figures" / f"{name}.{end}").stat().st_size > 1000
    assert not report.notes


def test_the_page_needs_nothing_from_outside(report: Report) -> None:
    page = report.html.read_text(encoding="utf-8")
    for opening in re.findall(r"<script\b[^>]*>", page):
        assert "src" not in opening
    assert not re.search(r"<(link|iframe|object)\b", without_scripts(report))
    assert not re.search(r"\bsrc=|@import|url\((?!#)", without_scripts(report))
    assert len(page) < MOST_BYTES


def test_the_page_is_balanced_and_its_ids_are_unique(report: Report) -> None:
    parser = Balance()
    parser.feed(without_scripts(report))
    assert not parser.open
    assert len(parser.ids) == len(set(parser.ids))
    links = set(re.findall(r'(?:href="|url\()#([^")]+)', without_scripts(report)))
    assert links <= set(parser.ids)


def test_pictures_follow_the_theme(report: Report) -> None:
    page = without_scripts(report)
    pictures = page[page.index("<svg") :].lower()
    tags = re.findall(r"<[^<>]*>", pictures)
    for name, light, dark in css_variables():
        assert dark not in pictures
        for tag in (one for one in tags if light in one):  # for who heeds no styles
            attributes = re.findall(rf'\b([a-z-]+)="{light}"', tag)
            assert tag.count(light) == len(attributes)
            assert re.findall(rf"\b([a-z-]+): var\(--{name}\)", tag) == attributes


def test_a_second_report_is_the_same(tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        found = build(made.write_run(tmp_path / name, made.trials(3)))
        written.append(
            [found.html.read_bytes()]
            + [path.read_bytes() for path in sorted((found.html.parent / "figures").iterdir())]
        )
    assert written[0] == written[1]


def test_text_from_records_cannot_become_markup(tmp_path: Path) -> None:
    frame = made.trials(5)
    evil = '<script>alert("x")</script> | `a` [b](c)'
    chosen = frame["server"] == "select"
    frame.loc[chosen & (frame["idle_connections"] == 10000), "reason"] = evil
    frame.loc[chosen & (frame["idle_connections"] == 10000), "server_limit"] = f"FD_SETSIZE {evil}"
    frame["server"] = frame["server"].replace({"poll": "<b>poll</b>"})
    found = build(made.write_run(tmp_path, frame, question=evil, cpu={"model": evil}, run=evil))
    page = found.html.read_text(encoding="utf-8")
    assert '<script>alert("x")' not in page
    assert "<script" not in without_scripts(found)
    assert "<b>" not in without_scripts(found)
    assert "&lt;script&gt;" in page
    for data in re.findall(r'<script type="application/json">(.*?)</script>', page):
        assert json.loads(data)["panels"]
    assert "<script" not in found.markdown.read_text(encoding="utf-8")


def test_markdown_is_escaped_in_cells() -> None:
    assert markdown("a|b\n<c> *d*") == "a\\|b &lt;c&gt; \\*d\\*"


def test_the_wall_is_a_finding(report: Report) -> None:
    page = without_scripts(report)
    assert "It stops at" in page
    assert "FD_SETSIZE" in page
    assert f"{made.WALL:,}" in page


@pytest.mark.parametrize("name", figures.all_figures())
def test_every_figure_explains_itself(name: str, tmp_path: Path) -> None:
    whole = pd.concat([made.trials(), readiness_data.trials()], ignore_index=True)
    whole = whole.assign(**SEVERAL_WORKERS)
    folder = made.write_run(tmp_path, whole)
    write_details(folder, made.trials())
    run = analysis.load(folder)
    figure = figures.all_figures()[name]
    assert name == figure.name
    assert figure.question.endswith("?")
    assert figure.reading(run).endswith(".")
    assert len(figure.table(run))
    assert figure.chart(run).pictured
    data = json.loads(as_json(figure.chart(run)))
    assert data["panels"]
    variables = {variable for variable, _, _ in css_variables()}
    for panel in data["panels"]:
        assert panel["choice"]
        assert panel["series"]
        for one in panel["series"]:
            assert one["colour"] in variables
            assert len(one["x"]) == len(one["y"])
    assert len(figure.rows(run))


def test_the_rows_behind_a_figure_are_those_recorded(report: Report) -> None:
    folder = report.html.parent
    recorded = (folder / "trials.csv").read_text(encoding="utf-8").splitlines()
    found = (folder / "figures" / "backlog.csv").read_text(encoding="utf-8").splitlines()
    assert found[0] == recorded[0]
    assert found[1:] == [line for line in recorded if "connection_per_request" in line]


def test_a_summary_has_a_row_for_each_point(report: Report) -> None:
    table = pd.read_csv(report.html.parent / "summary.csv").set_index("point")
    trials = made.trials(5)
    assert set(table.index) == set(trials["point"])
    counted = table[["n", *NOT_MEASURED]].sum(axis=1).sort_index()
    assert counted.to_dict() == trials.groupby("point").size().to_dict()
    valid = trials[trials["outcome"] == "completed"]
    expected = valid.groupby("point")["requests_per_s"].median()
    np.testing.assert_allclose(table.loc[expected.index, "requests_per_s"], expected, rtol=1e-3)
    assert (table["requests_per_s_low"].dropna() <= table["requests_per_s"].dropna()).all()


def test_every_server_has_a_page_with_what_speaks_for_it_and_against_it(report: Report) -> None:
    run = analysis.load(report.html.parent)
    found = {page.server: page for page in pages(run)}
    assert list(found) == in_order(run.trials["server"])
    assert found["epoll_level"].is_reference
    assert not found["epoll_level"].weaknesses
    assert any("1,016 of 10,008" in text for text in found["select"].weaknesses)
    assert any("Idle connections slow it down" in text for text in found["poll"].weaknesses)
    row = next(row for row in found["poll"].rows if "10,000 idle" in row.settings)
    ratio = (
        made.trials(5)
        .query("idle_connections == 10000 and server in ('poll', 'epoll_level')")
        .pivot_table(index="block", columns="server", values="requests_per_s")
    )
    expected = (ratio["poll"] / ratio["epoll_level"]).median()
    assert float(row.rate_ratio.split(TIMES)[0]) == pytest.approx(expected, rel=0.01)
    page = without_scripts(report)
    for server in found:
        assert f'id="server-{server}"' in page
        assert f'href="#server-{server}"' in page


def test_the_command_line(tmp_path: Path) -> None:
    made.write_run(tmp_path, made.trials(5))
    told = CliRunner().invoke(cli, ["report", str(tmp_path)])
    assert told.exit_code == 0
    assert told.output.splitlines()[-1] == f"Report: {tmp_path / 'report.html'}"
    assert "reproduced" in told.output
    listed = CliRunner().invoke(cli, ["claims"])
    assert listed.exit_code == 0
    assert all(str(number) in listed.output for number in load_claims())
