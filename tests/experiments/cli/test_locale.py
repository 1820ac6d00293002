"""Whatever the locale of who starts the lab: a text from outside is kept as it came."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.paths import ROOT

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale in which Python would write files in ASCII."""
SAID = "caf\u00e9 \u2192 \ufffd"
LOG_OF_A_SERVER = """
import sys
from pathlib import Path
from experiments.plan.overrides import read_source
from experiments.plan.experiment_file import find
from experiments.records.trial_row import make_row
from experiments.records.run_folder import Store
from experiments.records.outcome import Outcome
from tests.support.fakes import some_trials

said = sys.stdin.buffer.read().decode()
store = Store.create(Path(sys.argv[1]), read_source(find("smoke"), "smoke"), "run-1")
outcome = Outcome(reason=said, spoiled_by="server_gone", logs={"server": said})
trial = some_trials()[0]
row = make_row(store.name, store.run, "2026-01-31T12:00:00+00:00", trial, outcome)
store.append(row, None, outcome.logs)
"""
LOG_OF_COMPOSE = """
import sys
from pathlib import Path
from experiments.docker import compose

compose.command = lambda: [sys.argv[1] + "/program"]
compose.LOG = Path(sys.argv[1]) / "compose.log"
said = compose.Compose({}).run("config")
sys.stdout.buffer.write(said.encode())
"""


def in_ascii(script: str, folder: Path, given: str = "") -> str:
    """What a script prints that gets this folder as its argument, and this text."""
    done = subprocess.run(  # noqa: S603 - this interpreter, a script of this file
        [sys.executable, "-c", script, str(folder)],
        input=given.encode(),
        env={**os.environ, **ASCII, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert not done.returncode, done.stderr.decode(errors="replace")
    return done.stdout.decode()


def test_log_and_reason_of_a_server_are_kept_in_an_ascii_locale(tmp_path: Path) -> None:
    in_ascii(LOG_OF_A_SERVER, tmp_path, SAID)
    (log,) = tmp_path.glob("smoke/run-1/trials/*/server.log")
    assert log.read_text(encoding="utf-8") == SAID
    assert SAID in (tmp_path / "smoke/run-1/trials.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("said", [SAID, "plain"])
def test_what_compose_says_is_kept_in_an_ascii_locale(tmp_path: Path, said: str) -> None:
    (tmp_path / "said").write_text(said, encoding="utf-8")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nexec cat '{tmp_path}/said'\n")
    program.chmod(0o755)
    assert in_ascii(LOG_OF_COMPOSE, tmp_path) == said
    assert said in (tmp_path / "compose.log").read_text(encoding="utf-8")
