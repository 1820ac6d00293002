"""The step of a pipeline in docs/ keeps what comes out, and ends as the check-up did."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from contract.checkup.rules import rules_of
from experiments.checkup.rules_file import read_rules
from experiments.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "docs" / "pipeline"
KEPT = ("report.html", "report.md", "junit.xml", "trials.csv")
MAKE = """#!/bin/sh
echo "$@" > "$LAB/asked"
[ -z "$FINISHES" ] || ln -sfn "$LAB/results/checkup/run" "$LAB/results/latest"
exit 2
"""


def step(lab: Path, *words: str, finishes: bool = True) -> subprocess.CompletedProcess[str]:
    """The script run beside a `make` that ends as a check-up with a regression does."""
    shutil.copytree(FOLDER, lab / "docs" / "pipeline")
    run = lab / "results" / "checkup" / "run"
    (run / "figures").mkdir(parents=True)
    for name in KEPT:
        (run / name).write_text(f"{name}\n")
    (run / "checkup.json").write_text('{\n  "questions": [],\n  "exit": 8\n}\n')
    make = lab / "bin" / "make"
    make.parent.mkdir()
    make.write_text(MAKE)
    make.chmod(0o755)
    known = {"LAB": str(lab), "FINISHES": "1" if finishes else ""}
    return subprocess.run(  # noqa: S603 - our own
        [str(lab / "docs" / "pipeline" / "checkup.sh"), *words],
        cwd=lab,
        env={**os.environ, **known, "PATH": f"{make.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("shop:2", "8000"), "SERVER=shop:2 BESIDE=none PORT=8000"),
        (("shop:2", "8000", "shop:1"), "A=shop:1 B=shop:2 PORT=8000"),
    ],
)
def test_what_comes_out_is_kept_and_the_exit_code_is_that_of_the_check_up(
    tmp_path: Path, words: tuple[str, ...], asked: str
) -> None:
    done = step(tmp_path, *words)
    assert done.returncode == 8, done.stderr
    kept = {path.name for path in (tmp_path / "artifacts").iterdir()}
    assert kept == {*KEPT, "checkup.json", "figures"}
    told = (tmp_path / "asked").read_text()
    assert f"checkup {asked} RULES=docs/pipeline/ci.yaml QUICK=1" in told


def test_a_check_up_that_does_not_finish_keeps_nothing(tmp_path: Path) -> None:
    done = step(tmp_path, "shop:2", "8000", finishes=False)
    assert done.returncode == 2
    assert "no check-up was finished" in done.stderr
    assert not list((tmp_path / "artifacts").iterdir())


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    assert step(tmp_path, "shop:2").stderr.startswith("usage: ")


def test_its_rules_can_be_read() -> None:
    assert rules_of(read_rules(FOLDER / "ci.yaml")).thresholds
