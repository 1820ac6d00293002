"""Where the pages and files of a comparison are written, and what a pipeline gets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from analysis.compare.comparison import compare
from analysis.compare.report import usual_folder
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.compared_runs import invoked, slowed, written


def test_the_files_are_written_into_the_newest_run(tmp_path: Path) -> None:
    later = made.trials(3, seed=5).assign(started_at="2026-02-01T12:00:00+00:00")
    frame = slowed(later, "poll", 1.5)
    evil = "<script>x</script>|"
    a, b = written(tmp_path, "a", question=evil, governor=evil), written(tmp_path, "b", frame)
    done = invoked(b, a, "--tolerance", "20%")
    assert done.exit_code == Exit.OK
    done = invoked(a, b)
    assert done.exit_code == Exit.REGRESSED
    assert f"Comparison: {b}/comparison.html" in done.output
    assert "slower by" in done.output
    page = (b / "comparison.html").read_text()
    assert page.count("<svg") == 1
    assert "<script" not in page
    plain = (b / "comparison.md").read_text()
    assert "<script" not in plain
    table = pd.read_csv(b / "comparison.csv")
    assert table["text"].str.startswith("slower by").any()
    assert "p" not in table.columns
    assert (b / "figures" / "comparison.png").stat().st_size > 1000
    assert not (a / "comparison.html").exists()


def test_runs_may_lie_at_the_root_of_a_file_system(tmp_path: Path) -> None:
    later = made.trials(3, seed=5).assign(started_at="2026-02-01T12:00:00+00:00")
    found = compare([written(tmp_path, "a"), written(tmp_path, "b", later)])
    places = [Path("/no-run-a"), Path("/no-run-b")]
    runs = tuple(replace(run, path=at) for run, at in zip(found.runs, places, strict=True))
    assert usual_folder(replace(found, runs=runs)) == places[1]


@pytest.mark.parametrize(
    ("numbers", "newest"), [((1, 2, 3), 2), ((3, 2, 1), 0), ((2, 1, 1), 2), ((None, 1, None), 1)]
)
def test_the_newest_run_is_that_of_the_highest_number_unless_one_was_given_twice(
    tmp_path: Path, numbers: tuple[int | None, ...], newest: int
) -> None:
    """Runs of one month each, by the clock."""
    runs = []
    for month, number in enumerate(numbers, 1):
        frame = made.trials(3, seed=month).assign(started_at=f"2026-0{month}-01T12:00:00+00:00")
        own = {"sequence": number} if number else {}
        runs.append(written(tmp_path / "c10k", f"run{month}", frame, **own))
    assert usual_folder(compare(runs)) == runs[newest]


def test_a_pipeline_gets_one_document(tmp_path: Path) -> None:
    a, b = written(tmp_path, "a"), written(tmp_path, "b", slowed(made.trials(3), "poll", 1.5))
    done = invoked(a, b, "--json", "--output", tmp_path / "out")
    answer = json.loads(done.stdout)
    assert (answer["exit"], answer["result"]) == (Exit.REGRESSED, "regressed")
    assert done.exit_code == Exit.REGRESSED
    assert answer["report"] == str(tmp_path / "out" / "comparison.html")
    assert answer["regressions"][0]["text"].startswith("slower by")
    assert invoked(a, b, "--quiet", "--output", tmp_path / "out").output == ""
    failed = invoked(a, tmp_path / "gone", "--json")
    assert json.loads(failed.stdout)["exit"] == failed.exit_code == Exit.BAD_INPUT
