"""A row that is out of order costs itself alone, and every command says so."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

import analysis
from analysis.cli.commands import cli
from analysis.records.unreadable_rows import MOST_NAMED, notes
from analysis.rendering import markdown
from analysis.report.figure_rows import copy_rows
from analysis.report.report import build
from contract.exits import Exit
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

pytestmark = pytest.mark.usefixtures("no_pictures")

COLUMN, VALUE = "segments_out_per_response", "-3.25"
EXPECTED = f"column {COLUMN}: '{VALUE}': expected a number, 0 or more"


def frame(blocks: int = 3, *places: int, **changes: Any) -> pd.DataFrame:
    rows = made.trials(blocks, **changes)
    cells = {"outcome": "completed", "validity": "server_bound", "spoiled_by": None}
    for name, value in {**cells, COLUMN: float(VALUE)}.items():
        rows.loc[list(places), name] = value
    return rows


def asked(*words: object) -> Any:
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def test_a_report_tells_the_other_trials_and_the_row_in_every_form(tmp_path: Path) -> None:
    rows = frame(5, 4)
    trial = rows["trial"][4]
    run = made.write_run(tmp_path / "run", rows)
    told = asked("report", run)
    line = f"Left out of run: line 6, trial {trial}, {EXPECTED}."
    assert told.exit_code == Exit.OK
    assert line in told.output
    assert "1 row of " in told.output
    html, plain = (run / "report.html").read_text(), (run / "report.md").read_text()
    assert f"line 6, trial {trial}, column {COLUMN}: " in html
    assert markdown(line) in plain
    document = json.loads(asked("report", run, "--json").output)
    assert document["left_out"] == [
        {
            "line": 6,
            "trial": trial,
            "column": COLUMN,
            "value": VALUE,
            "expected": "a number, 0 or more",
        }
    ]
    assert any(line in note for note in document["notes"])
    assert "reproduced" in {verdict["verdict"] for verdict in document["verdicts"]}


def test_a_good_run_tells_of_nothing_left_out_and_keeps_no_file_of_it(tmp_path: Path) -> None:
    run = made.write_run(tmp_path / "run", frame(3, 4))
    asked("report", run)
    assert (run / "left_out.csv").is_file()
    made.write_run(run, frame(3))
    document = json.loads(asked("report", run, "--json").output)
    assert document["left_out"] == []
    assert not any("left out of every figure" in note for note in document["notes"])
    assert not (run / "left_out.csv").exists()


def test_a_run_of_such_rows_alone_says_so(tmp_path: Path) -> None:
    rows = frame(1, *range(len(made.trials(1))))
    told = asked("report", made.write_run(tmp_path / "run", rows), "--json")
    document = json.loads(told.output)
    assert document["exit"] == told.exit_code == Exit.CANNOT_TELL
    assert document["notes"][0].startswith(f"{len(rows)} rows of ")
    assert EXPECTED in document["notes"][1]
    for server in ("iterative", "poll", "epoll (level)"):
        assert f"No trial of {server} is valid." in document["notes"]


def test_a_comparison_tells_it_of_each_run(tmp_path: Path) -> None:
    runs = [
        made.write_run(tmp_path / name, frame(4, place, seed=place), run=name, sequence=place)
        for name, place in (("a", 3), ("b", 7))
    ]
    told = asked("compare", *runs)
    for name, line in (("a", 5), ("b", 9)):
        assert f"Left out of {name}: line {line}, trial " in told.output
        assert f"Left out of {name}: line {line}, trial " in (runs[1] / "comparison.md").read_text()
    assert not (runs[0] / "comparison.md").exists(), "they began at one time, and in this order"
    document = json.loads(asked("compare", *runs, "--json").output)
    assert [rows[0]["line"] for rows in document["left_out"].values()] == [5, 9]


def test_a_trend_tells_it(tmp_path: Path) -> None:
    made.write_run(tmp_path / "20260101-120000", frame(3))
    made.write_run(tmp_path / "20260102-120000", frame(3, 4, seed=2))
    told = asked("history", tmp_path)
    assert f"Left out of 20260102-120000: line 6, trial {made.trials(3, seed=2)['trial'][4]}, " in (
        told.output
    )
    assert "Left out of 20260102-120000" in (tmp_path / "history.md").read_text()
    document = json.loads(asked("history", tmp_path, "--json").output)
    assert [row["line"] for row in document["left_out"]["20260102-120000"]] == [6]
    assert "20260101-120000" not in document["left_out"]


def test_the_list_of_claims_tells_it(tmp_path: Path) -> None:
    for name, places in (("20260101-120000", (4,)), ("20260102-120000", ())):
        made.write_run(tmp_path / "c10k" / name, frame(3, *places))
    asked("report", tmp_path / "c10k" / "20260101-120000")
    told = asked("claims", tmp_path).output
    assert "note: c10k/20260101-120000: 1 row out of order had no part in its verdicts" in told
    asked("report", tmp_path / "c10k" / "20260102-120000")
    assert "note:" not in asked("claims", tmp_path).output


def test_many_rows_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    run = analysis.load(made.write_run(tmp_path / "run", frame(3, *range(30))))
    first, *told, more = notes(run)
    assert first.startswith("30 rows of ")
    assert len(told) == MOST_NAMED
    assert more == f"And {30 - MOST_NAMED} more."
    build(run.path)
    with (run.path / "left_out.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 30


@pytest.mark.parametrize("places", [(0,), (2, 3), (80,)])
def test_rows_behind_a_figure_stay_those_of_their_trials(
    tmp_path: Path, places: tuple[int, ...]
) -> None:
    run = analysis.load(made.write_run(tmp_path, frame(3, *places)))
    chosen = np.array([0, 1, 2, len(run.trials) - 1])
    assert copy_rows(run, "some", chosen) == "figures/some.csv"
    with (tmp_path / "figures" / "some.csv").open(encoding="utf-8", newline="") as file:
        copied = [row["trial"] for row in csv.DictReader(file)]
    assert copied == run.trials["trial"].iloc[chosen].tolist()


def test_a_server_of_which_every_row_is_left_out_is_named(tmp_path: Path) -> None:
    rows = made.trials(5)
    rows.loc[rows["server"] == "poll", COLUMN] = float(VALUE)
    told = asked("report", made.write_run(tmp_path, rows))
    assert told.exit_code == Exit.CANNOT_TELL
    assert "No trial of poll is valid." in told.output
    assert "poll" in (tmp_path / "report.md").read_text()


def test_what_a_server_failed_is_not_lost_for_a_figure_that_cannot_be(tmp_path: Path) -> None:
    rows = made.trials(5)
    gone = (rows["server"] == "poll") & (rows["block"] <= 4)
    rows.loc[gone, "validity"], rows.loc[gone, "reason"] = "void", "the server ended"
    rows.loc[gone, "spoiled_by"] = "server_gone"
    rows.loc[gone, COLUMN] = float(VALUE)
    folder = made.write_run(tmp_path, rows, thresholds=["response_p99_us < 1e9"])
    run = analysis.load(folder)
    assert len(run.trials) == len(rows)
    assert (len(run.spoiled), len(run.emptied)) == (0, gone.sum())
    assert run.trials[COLUMN][gone.to_numpy()].isna().all()
    assert run.trials["spoiled_by"][gone.to_numpy()].eq("server_gone").all()
    told = asked("report", folder)
    assert told.exit_code == Exit.EXCEEDED
    assert f"Emptied in {folder.name}, as the lab wrote a figure that cannot be" in told.output
    assert (folder / "figures" / "idle_connections.csv").is_file()
