"""The benchmark of analysis: its limits, its records, what it says of a failure."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

import analysis
from analysis.compare.comparison import compare
from analysis.report.report import build
from contract.exits import Exit, LabError
from experiments.benchmarks.analysis_speed import benchmark as bench
from experiments.benchmarks.analysis_speed.made_up_run import write_run
from experiments.plan.experiment_file import find, read
from experiments.plan.trials import plan
from tests.support import made_up_run as made
from tests.support.trial_details import write_details

GB = bench.GB
C10K = read(find("c10k"))


@pytest.mark.parametrize(
    ("seconds", "memory", "within"), [(14.9, GB, True), (15.1, GB, False), (1, 2 * GB, False)]
)
def test_a_limit_is_kept_in_time_and_memory(seconds: float, memory: int, within: bool) -> None:
    assert bench.Taken("report", seconds, memory, 1.0, 15).within is within
    assert bench.Taken("report", seconds, memory, 1.0).within


def told_by(monkeypatch: pytest.MonkeyPatch, report_s: float, larger_s: float) -> tuple[Exit, str]:
    """What is printed when a report takes so long, and the largest one so long."""

    def timed(what: str, words: list[object]) -> tuple[float, int]:
        if words[0] == "-c":
            return 0.5, GB
        return (larger_s if "100,000" in what else report_s), GB

    monkeypatch.setattr(bench, "write_run", lambda folder, *_, **__: folder)
    monkeypatch.setattr(bench, "_run_of", lambda name, folder: (folder / name, ""))
    monkeypatch.setattr(bench, "_timed", timed)
    file = io.StringIO()
    code = bench.bench_analysis(Console(file=file, width=120))
    return code, " ".join(file.getvalue().split())


def test_limits_that_are_kept_are_told_beside_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    code, told = told_by(monkeypatch, 1.0, 2.0)
    assert code is Exit.OK
    assert "exceeded" not in told
    assert "report of a c10k run 1.0 0.5 2.0 1.00 GB 3 s, 1.5 GB kept" in told
    assert "twice the trials take 2.00 times as long" in told


@pytest.mark.parametrize(("report_s", "larger_s", "exceeded"), [(4.0, 8.0, 2), (1.0, 2.3, 0)])
def test_a_limit_that_is_exceeded_fails(
    monkeypatch: pytest.MonkeyPatch, report_s: float, larger_s: float, exceeded: int
) -> None:
    code, told = told_by(monkeypatch, report_s, larger_s)
    assert code is Exit.FAILED
    assert told.count("exceeded") == exceeded


def test_a_command_is_timed_to_its_end(tmp_path: Path) -> None:
    run = made.write_run(tmp_path / "run")
    seconds, peak = bench._timed("report", ["-m", "analysis", "report", run, "--json"])
    assert seconds > 0
    assert peak > 10 * 2**20
    assert (run / "report.html").is_file()
    with pytest.raises(LabError, match="ended with 3"):
        bench._timed("report", ["-m", "analysis", "report", tmp_path / "gone"])


def test_a_run_that_is_there_is_copied_and_one_cut_short_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    whole = write_run(results / "c10k" / "1", "c10k", C10K)
    write_run(results / "c10k" / "2", "c10k", C10K, rows=10)
    monkeypatch.setattr(bench, "RESULTS", results)
    copy, told = bench._run_of("c10k", tmp_path)
    assert (copy / "trials.csv").read_bytes() == (whole / "trials.csv").read_bytes()
    assert told == ""
    assert bench._run_of("smoke", tmp_path)[1] == " (made up)"


def test_many_trials_are_made(tmp_path: Path) -> None:
    made.write_run(tmp_path / "small", rows := made.trials(1))
    write_details(tmp_path / "small", rows)
    result = bench._largest_result(tmp_path / "small")
    folder = write_run(tmp_path / "run", "c10k", C10K, 3000, result, 1100)
    run = analysis.load(folder)
    assert len(run.trials) == run.trials["trial"].nunique() == 3000
    assert len(list((folder / "trials").iterdir())) == 1100
    assert run.trials["block"].is_monotonic_increasing
    figures = {path.stem for path in build(folder).html.parent.glob("figures/*.png")}
    assert {"heat_map", "percentiles", "timeline"} <= figures


def test_runs_of_every_experiment_can_be_compared(tmp_path: Path) -> None:
    experiment = read(find("all"))
    for name in ("a", "b"):
        write_run(tmp_path / name, "all", experiment)
    found = compare([tmp_path / "a", tmp_path / "b"])
    points = {trial.point.name for trial in plan(experiment) if not trial.point.settings.traced}
    assert len(points) - 20 < found.figures["point"].nunique() <= len(points)
