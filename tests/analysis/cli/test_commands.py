"""The command line towards people and pipelines: lines, colours, one JSON document."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from contract.exits import Exit, LabError
from experiments import __main__ as command_line
from experiments.paths import ROOT
from experiments.plan.trials import expected_s
from experiments.records.run_folder import Store
from experiments.run.loop import Interrupted
from experiments.run.progress import Watch
from tests.support import made_up_run as made
from tests.support.fakes import some_trials

SPEED = {"load": "keep_alive", "traced": False, "requests_per_s": 1000.0, "response_p99_us": 900.0}


def asked(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real command, with pipes for its output, and its byte code where it is already."""
    kept = {one: os.environ[one] for one in ("PYTHONPYCACHEPREFIX",) if one in os.environ}
    return subprocess.run(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", "experiments", *map(str, arguments)],
        cwd=ROOT,
        env={**kept, **environment, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def written(folder: Path, blocks: int = 3) -> Path:
    """A run with one picture to draw, as what a report shows is not looked at here."""
    return made.write_run(folder, made.trials(blocks), figures=["backlog"])


def told(rows: list[dict[str, Any]], terminal: bool) -> str:
    """What a person sees of trials with these results."""
    file = io.StringIO()
    trials = some_trials()
    console = Console(file=file, force_terminal=terminal, width=200, color_system=None)
    with Watch(trials, 0, console) as watch:
        for trial, row in zip(trials, rows, strict=False):
            watch.begin(trial)
            watch.end(trial, row)
    return file.getvalue()


def test_a_line_tells_settings_rate_time_left_and_what_is_void() -> None:
    void = {"validity": "void", "reason": "the server died"}
    lines = told([{"validity": "server_bound", **SPEED}, void], terminal=False).splitlines()
    left = round(expected_s(some_trials()[1:]))
    assert lines[0].startswith(f"1/{len(some_trials())}  epoll_level: ")
    assert "1,000/s, p99 0.90 ms, server bound" in lines[0]
    assert f"[{left // 60}:{left % 60:02d} left]" in lines[0]
    assert "void: the server died" in lines[1]
    assert lines[1].endswith("left, 1 void so far]")


def test_a_line_tells_how_far_a_server_went_and_whom_it_served() -> None:
    limit = {
        "validity": "limit_reached",
        "reason": "established 1,016 of 10,008 connections",
        "server_limit": "FD_SETSIZE: no more",
        "watched": None,
        "active_established": 0,
        "idle_established": 1016,
        "server_established": 1017,
        "watched_held": None,
    }
    starved = {"validity": "starved", "reason": "no response came in the window"}
    served = {**starved, "requests_per_s": 0.0, "coverage": 0.0}
    kept_out = {**starved, "reason": "12 of 64 connections", "requests_per_s": None}
    lines = told([limit, served, kept_out], terminal=False).splitlines()
    for line, words in zip(
        lines,
        (
            "limit reached at 1,016 connections: FD_SETSIZE: no more; established 1,016 of 10,008 "
            "connections",
            "starved (0/s, 0.0% of the clients served): no response came in the window",
            "starved: 12 of 64 connections",
        ),
        strict=True,
    ):
        assert f": {words} [" in line
    assert lines[2].endswith("left, 1 limit reached, 2 starved so far]")


def test_a_terminal_has_the_bar_instead() -> None:
    assert "left]" not in told([{"validity": "server_bound", **SPEED}], terminal=True)


def test_a_report_answers_with_one_document(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    done = asked("report", folder, "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == answer["exit"] == Exit.OK
    assert answer["run"] == str(folder)
    assert answer["report"] == str(folder / "report.html")
    with (folder / "verdicts.csv").open(encoding="utf-8") as file:
        expected = [row["verdict"] for row in csv.DictReader(file)]
    assert expected
    assert [verdict["verdict"] for verdict in answer["verdicts"]] == expected


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_a_pipe_gets_no_colours(tmp_path: Path, environment: dict[str, str]) -> None:
    done = asked("report", written(tmp_path / "run", 5), **environment)
    assert "reproduced" in done.stdout
    assert "\x1b" not in done.stdout


def test_quiet_says_nothing_but_errors(tmp_path: Path) -> None:
    done = asked("report", written(tmp_path / "run"), "--quiet")
    assert (done.returncode, done.stdout) == (Exit.OK, "")
    gone = asked("report", tmp_path / "gone", "--quiet")
    assert (gone.returncode, gone.stdout) == (Exit.BAD_INPUT, "")
    assert "no such folder" in gone.stderr


def test_an_error_is_one_document_too(tmp_path: Path) -> None:
    done = asked("report", tmp_path / "gone", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == answer["exit"] == Exit.BAD_INPUT
    assert "no such folder" in answer["error"]


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (LabError("no engine", Exit.NO_DOCKER), Exit.NO_DOCKER, "error: no engine"),
        (Interrupted(Path("results/x/y")), Exit.INTERRUPTED, "make resume RUN=results/x/y"),
        (Interrupted(Path("results/a b/y")), Exit.INTERRUPTED, "make resume RUN='results/a b/y'"),
    ],
)
def test_a_run_that_fails_answers_as_asked(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: Exit, text: str
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(command_line, "start", fail)
    done = CliRunner().invoke(command_line.cli, ["run", "smoke", "--json"])
    answer = json.loads(done.stdout)
    assert done.exit_code == answer["exit"] == code
    assert text in answer["error"]
    assert text in done.stderr
    plain = CliRunner().invoke(command_line.cli, ["run", "smoke"])
    assert (plain.stdout, plain.exit_code) == ("", code)


def test_a_quiet_run_tells_its_report_to_be_quiet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[tuple[str, ...]] = []

    def run(_source: object, console: Console, _budget_s: object) -> Store:
        console.print("noise")
        return Store(tmp_path)

    monkeypatch.setattr(command_line, "start", run)

    def analyse(*words: str) -> int:
        said.append(words)
        return 0

    monkeypatch.setattr(command_line, "_analysis", analyse)
    for option in ("--quiet", "--json"):
        done = CliRunner().invoke(command_line.cli, ["run", "smoke", option])
        assert done.output == ""
    assert said == [("report", str(tmp_path), "--quiet"), ("report", str(tmp_path), "--json")]


def test_comparing_and_history_go_to_analysis_with_their_exit_code(tmp_path: Path) -> None:
    runs = [made.write_run(tmp_path / name, run=name) for name in "ab"]
    assert asked("compare", *runs, "--tolerance", "20%", "--quiet").returncode == Exit.OK
    gone = asked("compare", runs[0], tmp_path / "gone", "--json")
    assert json.loads(gone.stdout)["exit"] == gone.returncode == Exit.BAD_INPUT
    missing = asked("history", "no-such-experiment")
    assert missing.returncode == Exit.BAD_INPUT
    assert "no such folder" in missing.stderr


def test_history_takes_the_options_of_a_pipeline(tmp_path: Path) -> None:
    for name in "ab":
        made.write_run(tmp_path / name, run=name)
    done = asked("history", tmp_path, "--json")
    assert json.loads(done.stdout)["runs"] == ["a", "b"]
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    quiet = asked("history", "--quiet", tmp_path)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (Exit.OK, "", "")
    gone = asked("history", tmp_path / "gone", "--json")
    assert json.loads(gone.stdout)["exit"] == gone.returncode == Exit.BAD_INPUT
    unknown = asked("history", tmp_path, "--loud")
    assert unknown.returncode == Exit.USAGE
    assert "No such option" in unknown.stderr
