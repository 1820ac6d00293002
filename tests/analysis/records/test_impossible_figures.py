"""Rows with figures that cannot be: void trials that keep their place, each told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

import analysis
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.edited_run import column, edited, problems

if TYPE_CHECKING:
    from pathlib import Path

    Lines = list[list[str]]


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
