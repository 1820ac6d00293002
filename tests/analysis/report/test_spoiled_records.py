"""Whole reports of records that something spoiled: each is named, or left out of every figure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import analysis
from analysis.cli.commands import cli
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.trial_details import write_details

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.usefixtures("no_pictures"), pytest.mark.slow]
FIGURES = ["requests_per_s", "response_p99_us", "server_cpu_us_per_request", "requests"]


def asked(*words: object) -> Any:
    return CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)


@pytest.mark.parametrize("text", ["nan", "inf", "1e400", "9223372036854775808"])
def test_a_report_names_the_rows_and_has_no_figure_of_them(tmp_path: Path, text: str) -> None:
    frame = made.trials(3)
    mine = frame["server"] == "poll"
    frame[FIGURES] = frame[FIGURES].astype(object)
    # A float holds 2^63; a whole number of a CSV does not.
    spoiled = FIGURES[-1:] if text.isdigit() else FIGURES
    frame.loc[mine, spoiled] = text
    told = asked("report", made.write_run(tmp_path, frame))
    assert isinstance(told.exception, SystemExit)
    assert told.exit_code == Exit.CANNOT_TELL
    assert "No trial of poll is valid." in told.output
    place = frame.index[mine][0] + 2
    name = next(one for one in frame if one in spoiled)
    assert f"line {place}, trial {frame['trial'][mine].iloc[0]}, column {name}: {text!r}" in (
        told.output
    )
    summary = analysis.summary(analysis.load(tmp_path)).set_index("server").loc[["poll"]]
    assert summary[["requests_per_s", "response_p99_us"]].isna().all(axis=None)
    assert (summary["void"] > 0).all()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, "fast", None, [], 10**400])
@pytest.mark.parametrize("key", ["response_p99_us", "window_s"])
def test_a_result_that_cannot_be_is_named(tmp_path: Path, key: str, value: Any) -> None:
    frame = made.trials(2)
    made.write_run(tmp_path, frame)
    write_details(tmp_path, frame)
    for path in (tmp_path / "trials").glob("*/result.json"):
        found = json.loads(path.read_text())
        found["window"][key] = value
        path.write_text(json.dumps(found))
    told = asked("report", tmp_path)
    assert told.exception.exit is Exit.BAD_INPUT
    assert str(told.exception).startswith(f"{tmp_path}/trials/")
    assert f"result.json: no result of a trial: window.{key}: expected" in str(told.exception)
