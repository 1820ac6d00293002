"""A helper answers, tells its faults, and is gone when its parent has no more to ask."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from analysis.charts.helper import Helper, HelperGoneError

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "tests.support.helped"


def test_it_answers_one_job_after_the_other() -> None:
    with Helper(MODULE) as helper:
        assert [helper.ask(job) for job in (1, 2, 5)] == [10, 5, 2]


def test_its_faults_are_raised_here_and_it_goes_on() -> None:
    with Helper(MODULE) as helper:
        with pytest.raises(ZeroDivisionError):
            helper.ask(0)
        assert helper.ask(1) == 10


def test_one_that_has_died_is_told() -> None:
    with Helper(MODULE) as helper:
        helper.kill()
        with pytest.raises(HelperGoneError):
            helper.ask(1)


def test_it_is_found_where_its_parent_found_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a folder that happens to have a package of the same name."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "__init__.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])  # no text, as the importer allows
    with Helper(MODULE) as helper:
        assert helper.ask(1) == 10


def test_ctrl_c_is_not_for_it() -> None:
    with Helper(MODULE) as helper:
        assert os.getpgid(helper._process.pid) != os.getpgid(0)


def test_it_ends_when_its_input_does() -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", MODULE], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_it_ends_in_silence_when_its_parent_has_gone() -> None:
    with subprocess.Popen(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        pickle.dump(1, process.stdin)
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == -signal.SIGPIPE
