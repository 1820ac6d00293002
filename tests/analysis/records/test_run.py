"""Reading records: good ones typed, bad ones named by file, line and column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from contract.columns import COLUMNS, FORMAT_VERSION
from contract.exits import Exit, LabError
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lines = list[list[str]]


def problems(path: Path) -> tuple[list[str], Exit]:
    with pytest.raises(LabError) as caught:
        analysis.load(path)
    return str(caught.value).splitlines(), caught.value.exit


def edited(folder: Path, change: Callable[[Lines], None], end: str = "\n") -> Path:
    """A run whose trials.csv was changed, cell by cell; line 1 is the header."""
    path = made.write_run(folder, made.trials(1)) / "trials.csv"
    lines = [line.split(",") for line in path.read_text().splitlines() if '"' not in line]
    change(lines)
    path.write_text("\n".join(",".join(line) for line in lines) + end)
    return folder


def column(lines: Lines, name: str) -> int:
    return lines[0].index(name)


def test_a_good_run_is_typed(tmp_path: Path) -> None:
    run = analysis.load(made.write_run(tmp_path))
    kinds = {column.name: str(run.trials[column.name].dtype) for column in COLUMNS}
    assert kinds["active_connections"] == "Int64"
    assert kinds["requests_per_s"] == "Float64"
    assert kinds["server"] == "category"
    assert kinds["started_at"].endswith("UTC]")
    others = run.trials[~run.trials["measured"]]
    assert len(run.measured) + len(others) == len(run.trials)
    assert set(others["server"]) == {"select"}
    assert not len(run.void)


def test_records_are_only_read(tmp_path: Path) -> None:
    path = made.write_run(tmp_path) / "trials.csv"
    before = path.read_bytes()
    analysis.load(tmp_path)
    assert path.read_bytes() == before


def test_extra_columns_and_other_order_are_fine(tmp_path: Path) -> None:
    frame = made.trials(1)
    frame["added_later"] = "x"
    run = analysis.load(made.write_run(tmp_path, frame[frame.columns[::-1]]))
    assert list(run.trials.columns) == [
        *(column.name for column in COLUMNS),
        *("measured", "valid"),
    ]


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    def change(lines: Lines) -> None:
        lines[1][column(lines, "requests_per_s")] = "fast"
        lines[2][column(lines, "validity")] = "fine"
        lines[3][column(lines, "server")] = ""
        lines[3][column(lines, "requests")] = "-4"
        lines[3][column(lines, "errors")] = "4 or 5"
        lines[4][column(lines, "started_at")] = "yesterday"
        lines[5][column(lines, "trial")] = lines[4][column(lines, "trial")]
        del lines[6][-3:]

    found, code = problems(edited(tmp_path, change))
    assert code is Exit.BAD_INPUT
    csv = tmp_path / "trials.csv"
    assert found[0] == (
        f"{csv}, line 2, column requests_per_s: 'fast': expected a number, 0 or more"
    )
    assert found[1].startswith(f"{csv}, line 3, column validity: 'fine': expected one of server_")
    assert "line 4, column server: empty: expected a file of servers/variants/" in found[2]
    assert "line 4, column errors: '4 or 5': expected a whole number, 0 or more" in found[3]
    assert "line 5, column started_at: 'yesterday': expected a time" in found[4]
    assert "line 6, column trial" in found[5]
    assert "recorded on line 5 too" in found[5]
    assert "line 7: " in found[6]
    assert "fields where the header has" in found[6]
    assert len(found) == 7, "a number out of its range costs its row, not the file"


@pytest.mark.parametrize(
    ("name", "cell", "expected"),
    [
        ("segments_out_per_response", "-1.5", "a number, 0 or more"),
        ("requests", "-4", "a whole number, 0 or more"),
        ("requests", "4.5", "a whole number, 0 or more"),
        ("requests", "9007199254740994", "a whole number, at most 9007199254740992"),
        ("requests_per_s", "nan", "a number, 0 or more"),
        ("requests_per_s", "-inf", "a number, 0 or more"),
        ("requests_per_s", "inf", "a number, at most 1.79769e+308"),
        ("coverage", "1.5", "a number from 0 to 1"),
        ("steal_share", "-0.1", "a number from 0 to 1"),
        ("voluntary_switches", "1000000", None),
        ("outcome", "failed", None),
    ],
)
def test_a_row_with_a_figure_that_cannot_be_is_left_out_and_told(
    tmp_path: Path, name: str, cell: str, expected: str | None
) -> None:
    def change(lines: Lines) -> None:
        lines[4][column(lines, name)] = cell

    whole = analysis.load(edited(tmp_path / "whole", lambda _: None)).trials
    run = analysis.load(edited(tmp_path / "run", change))
    spoiled = whole["trial"].iloc[3]
    assert run.trials["trial"].tolist() == whole["trial"].tolist()
    row = run.trials.iloc[3]
    assert (row["validity"], row["spoiled_by"], row["valid"]) == ("void", "lab", False)
    assert f"{name} was {cell}, not " in row["reason"] or not expected
    assert not expected or pd.isna(row[name])
    (one,) = run.spoiled
    assert (one.line, one.trial) == (5, spoiled)
    if expected:
        assert (one.column, one.value, one.expected) == (name, cell, expected)
        assert str(one).startswith(f"line 5, trial {spoiled}, column {name}: {cell!r}: expected ")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("window_s", "0"),
        ("block", "nan"),
        ("repeat", "9223372036854775808"),
        ("attempt", "-1"),
        ("active_connections", "-8"),
        ("rate_per_s", "inf"),
    ],
)
def test_what_is_of_the_plan_cannot_be_left_out(tmp_path: Path, name: str, cell: str) -> None:
    """Nobody would know which trial it was."""

    def change(lines: Lines) -> None:
        lines[4][column(lines, name)] = cell

    (found,), code = problems(edited(tmp_path, change))
    assert f"line 5, column {name}: {cell!r}: expected a" in found
    assert code is Exit.BAD_INPUT


def test_a_row_with_several_such_figures_loses_them_all(tmp_path: Path) -> None:
    def change(lines: Lines) -> None:
        for name, cell in (("requests", "-4"), ("context_switches", "5"), ("coverage", "nan")):
            lines[4][column(lines, name)] = cell
        lines[4][column(lines, "voluntary_switches")] = "6"

    run = analysis.load(edited(tmp_path, change))
    assert [one.column for one in run.spoiled] == ["requests", "coverage", "context_switches"]
    assert run.trials[["requests", "coverage", "context_switches"]].iloc[3].isna().all()


@pytest.mark.parametrize(
    ("name", "cell"),
    [("coverage", "1"), ("steal_share", "1"), ("server_cpu_share", "1.7"), ("requests", "5.0")],
)
def test_a_figure_at_the_end_of_its_range_stays(tmp_path: Path, name: str, cell: str) -> None:
    def change(lines: Lines) -> None:
        lines[4][column(lines, name)] = cell

    run = analysis.load(edited(tmp_path, change))
    assert not run.spoiled
    assert run.trials[name].iloc[3] == float(cell)


def test_the_columns_tell_the_range_of_each_number() -> None:
    found = analysis.columns().set_index("name")
    assert tuple(found.loc["coverage", ["minimum", "maximum"]]) == (0, 1)
    assert tuple(found.loc["block", ["minimum", "maximum"]]) == (1, 2**53)
    assert found.loc["server", ["minimum", "maximum"]].isna().all()


def test_a_good_run_has_nothing_left_out(tmp_path: Path) -> None:
    assert analysis.load(made.write_run(tmp_path)).spoiled == ()


def test_a_row_of_two_lines_is_void_as_a_whole(tmp_path: Path) -> None:
    frame = made.trials(1)
    frame.loc[3, "reason"] = "two\nlines"
    frame["coverage"] = frame["coverage"].astype(object)
    frame.loc[3, "coverage"] = "2"
    run = analysis.load(made.write_run(tmp_path, frame))
    assert run.trials["trial"].tolist() == frame["trial"].tolist()
    assert run.trials["validity"].iloc[3] == "void"


def test_a_trial_that_is_recorded_twice_is_named_though_one_row_is_out_of_order(
    tmp_path: Path,
) -> None:
    def change(lines: Lines) -> None:
        lines[4][column(lines, "trial")] = lines[3][column(lines, "trial")]
        lines[4][column(lines, "requests")] = "-4"

    (found,), _ = problems(edited(tmp_path, change))
    assert "line 5, column trial" in found
    assert "recorded on line 4 too" in found


def test_a_cut_last_line_is_named(tmp_path: Path) -> None:
    path = made.write_run(tmp_path, made.trials(1)) / "trials.csv"
    whole = path.read_text()
    path.write_text(whole[: len(whole) - 40])
    (found,), code = problems(tmp_path)
    assert f"line {whole.count(chr(10))}: cut short" in found
    assert code is Exit.BAD_INPUT


def test_a_last_line_that_only_lacks_its_end_is_named(tmp_path: Path) -> None:
    (found,), _ = problems(edited(tmp_path, lambda _: None, end=""))
    assert "cut short" in found


def test_a_quote_that_never_ends_is_named(tmp_path: Path) -> None:
    def change(lines: Lines) -> None:
        lines[4][column(lines, "reason")] = '"no end'

    found, _ = problems(edited(tmp_path, change))
    assert any("line" in line for line in found)


def test_missing_columns_are_named_with_the_likely_cause(tmp_path: Path) -> None:
    frame = made.trials(1).rename(columns={"requests_per_s": "request_per_s"})
    found, _ = problems(made.write_run(tmp_path, frame.drop(columns="coverage")))
    assert "line 1, column requests_per_s: missing; is 'request_per_s' meant?" in found[0]
    assert "line 1, column coverage: missing" in found[1]


def test_no_more_than_twenty_problems_are_shown(tmp_path: Path) -> None:
    frame = made.trials(3)
    frame["network"] = "moon"
    found, _ = problems(made.write_run(tmp_path, frame))
    assert len(found) == 21
    assert found[-1].endswith(f"and {len(frame) - 20} more")


@pytest.mark.parametrize("content", ["", "\n", "a,b\n1,2\n", "\0\n", "trial\x00,\n1\n"])
def test_files_that_are_no_records(tmp_path: Path, content: str) -> None:
    path = made.write_run(tmp_path) / "trials.csv"
    path.write_text(content)
    found, code = problems(tmp_path)
    assert "line 1" in found[0]
    assert code is Exit.BAD_INPUT


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = made.write_run(tmp_path) / "trials.csv"
    path.write_bytes(path.read_bytes()[:5000] + b"\xff\xfe")
    assert "not UTF-8 text" in problems(tmp_path)[0][0]


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    assert "no such folder" in problems(tmp_path / "gone")[0][0]
    assert "manifest.json: no such file" in problems(tmp_path)[0][0]


def test_a_run_without_trials_is_not_ready(tmp_path: Path) -> None:
    (made.write_run(tmp_path) / "trials.csv").unlink()
    assert problems(tmp_path)[1] is Exit.NOT_READY


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "line 1, column 2: not valid JSON"),
        ("[]", "expected a JSON object"),
        ("{}", "no format_version"),
        ('{"format_version": 99}', "format_version 99, and this lab reads version"),
        (f'{{"format_version": {FORMAT_VERSION}, "claims": "all"}}', "claims"),
    ],
)
def test_bad_manifests(tmp_path: Path, content: str, expected: str) -> None:
    made.write_run(tmp_path)
    (tmp_path / "manifest.json").write_text(content)
    found, code = problems(tmp_path)
    assert expected in found[0]
    assert code is Exit.BAD_INPUT


def test_a_manifest_may_hold_less_and_more(tmp_path: Path) -> None:
    made.write_run(tmp_path)
    (tmp_path / "manifest.json").write_text(
        json.dumps({"format_version": FORMAT_VERSION, "later": [1]})
    )
    run = analysis.load(tmp_path)
    assert run.name == "c10k"
    assert run.manifest.raw["later"] == [1]


@pytest.mark.parametrize("time", ["2026-W01-1", "2026-01-01T12:00.00+00:00", "NaT"])
def test_times_that_others_would_take_are_named(tmp_path: Path, time: str) -> None:
    def change(lines: Lines) -> None:
        lines[4][column(lines, "started_at")] = time

    found, _ = problems(edited(tmp_path, change))
    assert f"line 5, column started_at: {time!r}: expected a time" in found[0]


def test_trials_are_there_to_be_worked_with(tmp_path: Path) -> None:
    trials = analysis.load(made.write_run(tmp_path, made.trials(2))).trials
    for name in trials.columns:
        trials.loc[0, name] = trials[name].iloc[1]
    assert trials["somaxconn"].cumsum().iloc[-1] == trials["somaxconn"].sum()
