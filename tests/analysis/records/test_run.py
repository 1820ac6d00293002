"""Reading records: good ones typed, bad ones named by file, line and column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import analysis
from contract.columns import COLUMNS, FORMAT_VERSION
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.edited_run import column, edited, problems

if TYPE_CHECKING:
    from pathlib import Path

    Lines = list[list[str]]


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


@pytest.mark.parametrize("attempt", ["", "1", "2"])
def test_a_copy_of_a_measurement_under_another_name_is_no_other(
    tmp_path: Path, attempt: str
) -> None:
    """Copies of good trials would make the failed ones fewer; a further attempt is one of its
    own."""

    def copy(lines: list[list[str]]) -> None:
        twice = [*lines[2]]
        twice[column(lines, "trial")] = "another"
        twice[column(lines, "attempt")] = attempt
        lines.append(twice)

    run = edited(tmp_path, copy)
    if attempt == "2":
        analysis.load(run)
        return
    (problem,), code = problems(run)
    assert "column trial: 'another' has the point, repeat and attempt of line 3" in problem
    assert code is Exit.BAD_INPUT
