"""A helper answers, tells its faults, and is gone when its parent has no more to ask."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from analysis import csv_read
from analysis.csv_piece import piece
from analysis.csv_read import Parser
from analysis.helper import Helper, HelperGoneError
from tests.unit import analysis_data as made

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "analysis.csv_helper"


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return (made.write_run(tmp_path, made.trials(5)) / "trials.csv").read_bytes()


def split(content: bytes) -> tuple[list[str], bytes]:
    header, _, rest = content.partition(b"\n")
    return header.decode().split(","), rest


def test_it_answers_one_job_after_the_other(content: bytes) -> None:
    header, raw = split(content)
    here = piece(raw, header)
    assert here is not None
    with Helper(MODULE) as helper:
        for _ in range(2):
            found = helper.ask((raw, header))
            assert found.rows == here.rows
            assert found.columns.keys() == here.columns.keys()
            for name, cells in here.columns.items():
                assert str(found.columns[name]) == str(cells)
        assert helper.ask((b"no line", header)) is None


def test_its_faults_are_raised_here_and_it_goes_on(content: bytes) -> None:
    header, raw = split(content)
    with Helper(MODULE) as helper:
        with pytest.raises(TypeError):
            helper.ask((raw,))
        assert helper.ask((raw, header)) is not None


def test_one_that_has_died_is_told() -> None:
    with Helper(MODULE) as helper:
        helper.kill()
        with pytest.raises(HelperGoneError):
            helper.ask((b"", []))


def test_it_is_found_where_its_parent_found_it(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a folder that happens to have a package of the same name."""
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "__init__.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])  # no text, as the importer allows
    header, raw = split(content)
    with Helper(MODULE) as helper:
        assert helper.ask((raw, header)) is not None


def test_ctrl_c_is_not_for_it() -> None:
    with Helper(MODULE) as helper:
        assert os.getpgid(helper._process.pid) != os.getpgid(0)


def test_it_ends_when_its_input_does() -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", MODULE], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_it_ends_in_silence_when_its_parent_has_gone(content: bytes) -> None:
    header, raw = split(content)
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
        pickle.dump((raw, header), process.stdin)
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == -signal.SIGPIPE


@pytest.mark.parametrize("dies", [False, True])
def test_a_large_file_is_the_same_with_a_helper_and_after_its_death(
    content: bytes, dies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = csv_read.parse(io.BytesIO(content))
    helpers = []

    class Watched(Helper):
        answers = 0

        def __init__(self, module: str) -> None:
            super().__init__(module)
            helpers.append(self)
            if dies:
                self.kill()

        def ask(self, job: Any) -> Any:
            found = super().ask(job)
            self.answers += 1
            return found

    monkeypatch.setattr(csv_read, "Helper", Watched)
    monkeypatch.setattr(csv_read, "HELPED_FROM", 1)
    monkeypatch.setattr(csv_read, "PIECE_BYTES", 4000)
    helped = csv_read.parse(io.BytesIO(content))
    assert len(helpers) == 1
    assert alone is not None
    assert helped is not None
    pd.testing.assert_frame_equal(helped, alone)
    assert bool(helpers[0].answers) is not dies
    assert helpers[0]._process.returncode is not None


def test_a_helper_that_is_busy_is_not_waited_for(content: bytes) -> None:
    header, raw = split(content)
    with Parser(helped=True) as parser:
        assert parser._helper is not None
        parser._helper.kill()  # whoever asked it now would find the lock taken for good
        assert parser._free.acquire(blocking=False)
        assert parser.parse(raw, header) is not None
        parser._free.release()
        assert parser.parse(raw, header) is not None
        assert parser._free.locked()
