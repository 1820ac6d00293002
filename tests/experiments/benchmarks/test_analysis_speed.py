"""The benchmark of analysis: its limits, its records, what it says of a failure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import analysis
from analysis.compare.comparison import compare
from analysis.report.report import build
from contract.exits import Exit, LabError
from experiments.benchmarks import analysis_speed as bench
from tests.support import large_data
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

GB = bench.GB


@pytest.mark.parametrize(
    ("seconds", "memory", "within"), [(14.9, GB, True), (15.1, GB, False), (1, 2 * GB, False)]
)
def test_a_limit_is_kept_in_time_and_memory(seconds: float, memory: int, within: bool) -> None:
    assert bench.Taken("report", seconds, memory, bench.REPORT).within is within
    assert bench.Taken("report", seconds, memory).within


def test_a_limit_that_is_exceeded_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "_made", lambda folder, *_what: folder)
    for seconds, code in ((1.0, Exit.OK), (60.0, Exit.FAILED)):
        monkeypatch.setattr(
            bench,
            "_timed",
            lambda what, _words, limit=None, s=seconds: bench.Taken(what, s, GB, limit),
        )
        file = io.StringIO()
        assert bench.bench_analysis(Console(file=file, width=120)) is code
        assert ("exceeded" in file.getvalue()) is (code is Exit.FAILED)
        told = " ".join(file.getvalue().split())
        assert "twice the trials take 1.00 times as long" in told
        assert "1.0 times what pandas takes to read its trials" in told


def test_a_command_is_timed_to_its_end(tmp_path: Path) -> None:
    taken = bench._timed("report", bench._analysis("report", made.write_run(tmp_path / "run")))
    assert taken.seconds > 0
    assert taken.bytes > 10 * 2**20
    assert (tmp_path / "run" / "report.html").is_file()
    with pytest.raises(LabError, match="ended with 3"):
        bench._timed("report", bench._analysis("report", tmp_path / "gone"))


def test_many_trials_are_made(tmp_path: Path) -> None:
    large_data.write_many(tmp_path, 3000, 1100)
    run = analysis.load(tmp_path)
    assert len(run.trials) == 3000
    assert len(list((tmp_path / "trials").iterdir())) == 1100
    assert run.trials["block"].is_monotonic_increasing
    figures = {path.stem for path in build(tmp_path).html.parent.glob("figures/*.png")}
    assert {"heat_map", "percentiles", "timeline"} <= figures


def test_runs_of_many_points_can_be_compared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        large_data.write_points(tmp_path / name, 3, 4)
    found = compare([tmp_path / "a", tmp_path / "b"])
    assert found.figures["point"].nunique() == 25 * 4 + 1
    assert found.figures["reference"].sum() == 8
