"""Whatever fails after the last trial is told after the report."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from contract.exits import Exit
from experiments import __main__ as command_line
from experiments.cli import reporting
from experiments.records.run_folder import Store
from experiments.run.loop import AfterwardsError
from tests.experiments.run.test_finished_run import GONE
from tests.support import made_up_run as made


@pytest.fixture(params=["run", "resume"])
def commands(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The command, which ends in a failure after the last trial of `tmp_path / run`."""
    made.write_run(tmp_path / "run")
    return ["run", "smoke"] if request.param == "run" else ["resume", str(tmp_path / "run")]


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Store:
        raise AfterwardsError(tmp_path / "run", [GONE])

    for name in ("start", "resume"):
        monkeypatch.setattr(command_line, name, fail)


@pytest.mark.usefixtures("measured")
def test_the_report_comes_first_and_the_exit_code_says_that_something_failed(
    commands: list[str], tmp_path: Path
) -> None:
    done = CliRunner().invoke(command_line.cli, commands)
    assert (tmp_path / "run" / "report.html").is_file()
    assert done.exit_code == Exit.AFTERWARDS
    assert f"error: all trials were run, but after the last one: {GONE}" in done.stderr
    assert "make clean" in done.stderr


@pytest.mark.usefixtures("measured")
def test_a_pipeline_gets_report_and_error_in_one_document(
    commands: list[str], tmp_path: Path
) -> None:
    done = CliRunner().invoke(command_line.cli, [*commands, "--json"])
    answer = json.loads(done.stdout)
    assert answer["exit"] == done.exit_code == Exit.AFTERWARDS
    assert answer["report"] == str(tmp_path / "run" / "report.html")
    assert str(GONE) in answer["error"]


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    ("report", "exit_code"), [(Exit.EXCEEDED, Exit.EXCEEDED), (Exit.OK, Exit.AFTERWARDS)]
)
def test_the_reports_own_exit_code_wins(
    commands: list[str], monkeypatch: pytest.MonkeyPatch, report: Exit, exit_code: Exit
) -> None:
    def analyse(arguments: object, output: object) -> subprocess.CompletedProcess[str]:
        del arguments, output
        return subprocess.CompletedProcess([], report, '{"error": "of the report"}')

    monkeypatch.setattr(reporting, "analyse", analyse)
    done = CliRunner().invoke(command_line.cli, [*commands, "--json"])
    assert done.exit_code == json.loads(done.stdout)["exit"] == exit_code
    assert json.loads(done.stdout)["error"].startswith("of the report; all trials were run")
    assert str(GONE) in done.stderr
