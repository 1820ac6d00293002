"""The report of a run that compares two servers: pages, lines, one document, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from analysis.cli.commands import cli
from analysis.report.report import build
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support import two_servers as two

pytestmark = pytest.mark.usefixtures("no_pictures")


def told(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["report", str(folder), *options])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"noise": 0.02}, Exit.OK),
        ({"change": two.factor(0.8), "noise": 0.02}, Exit.REGRESSED),
        ({"change": two.factor(1.25), "noise": 0.02}, Exit.OK),
        ({"noise": 0.3}, Exit.CANNOT_TELL),
    ],
    ids=["equal", "worse", "better", "noisy"],
)
def test_exit_codes_are_those_of_comparisons(
    given: dict[str, Any], code: Exit, tmp_path: Path
) -> None:
    folder = two.write(tmp_path / "run", **given)
    assert build(folder).exit is code
    assert told(folder).exit_code == code


def test_the_pages_and_the_terminal_tell_it(tmp_path: Path) -> None:
    folder = two.write(tmp_path / "run", two.factor(0.8), noise=0.02)
    lines = told(folder).stdout.splitlines()
    assert any("requests per second: slower by " in line for line in lines)
    assert any(line.startswith("differs: image: shop:1, shop:2") for line in lines)
    assert lines[-2:] == [
        f"Comparison: {folder / 'comparison.html'}",
        f"Report: {folder / 'report.html'}",
    ]
    page = (folder / "report.html").read_text()
    assert 'href="comparison.html"' in page
    assert "shop 2 beside shop 1" in page
    assert "## shop 2 beside shop 1" in (folder / "report.md").read_text()
    compared = (folder / "comparison.html").read_text()
    assert "What differs between the servers" in compared
    assert "two servers compared" in compared
    assert ">shop 1</th>" in compared
    table = pd.read_csv(folder / "comparison.csv")
    assert set(table["base"]) == {"shop 1"}
    assert set(table["run"]) == {"shop 2"}


def test_a_pipeline_gets_one_document_with_the_comparison_in_it(tmp_path: Path) -> None:
    folder = two.write(tmp_path / "run", two.factor(0.8), noise=0.02)
    answer = json.loads(told(folder, "--json").stdout)
    assert answer["exit"] == Exit.REGRESSED
    comparison = answer["comparison"]
    assert comparison["exit"] == Exit.REGRESSED
    assert comparison["report"] == str(folder / "comparison.html")
    assert {one["metric"] for one in comparison["regressions"]} >= {"requests_per_s"}


def test_a_broken_threshold_is_told_where_nothing_got_worse(tmp_path: Path) -> None:
    limited = two.asked().model_copy(update={"thresholds": ["requests_per_s > 1e9"]})
    equal = two.write(tmp_path / "equal", None, limited, noise=0.02)
    assert build(equal).exit is Exit.EXCEEDED
    worse = two.write(tmp_path / "worse", two.factor(0.8), limited, noise=0.02)
    assert build(worse).exit is Exit.REGRESSED


def test_nothing_of_both_was_measured_yet(tmp_path: Path) -> None:
    folder = two.write(tmp_path / "run", without=two.B, noise=0.02)
    found = build(folder)
    assert found.comparison is None
    assert found.exit is Exit.CANNOT_TELL
    assert any("Nothing of shop_2 beside shop_1 was measured yet" in one for one in found.notes)


def test_other_runs_have_no_such_page(tmp_path: Path) -> None:
    folder = made.write_run(tmp_path / "run", figures=["backlog"])
    build(folder)
    assert not (folder / "comparison.html").exists()
    assert "comparison" not in json.loads(told(folder, "--json").stdout)
