"""Runs against runs: noise stays noise, changes are found, unlike runs are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from analysis.cli.commands import cli
from analysis.compare.comparison import RunComparison, compare
from analysis.compare.metrics import CANNOT_TELL, CHANGED, METRICS, WITHIN_NOISE
from analysis.compare.report import usual_folder
from analysis.wording import MISSING
from contract.exits import Exit, LabError
from tests.support import made_up_run as made

RATE, CPU = "requests_per_s", "server_cpu_us_per_request"
TIMES = [name for name in METRICS if name.endswith("_us")]


def slowed(frame: pd.DataFrame, server: str, factor: float) -> pd.DataFrame:
    """The same records with `server` slower by a factor; the reference stays."""
    chosen = (frame["server"] == server) & (frame["sweep"] != "reference")
    frame.loc[chosen, RATE] /= factor
    frame.loc[chosen, [CPU, *TIMES]] *= factor
    return frame


def written(folder: Path, name: str, frame: pd.DataFrame | None = None, **changes: Any) -> Path:
    return made.write_run(folder / name, frame, **{"run": name, **changes})


def both(
    folder: Path, repeats: int = 3, noise: float = 0.05, factor: float = 1.0, **options: Any
) -> RunComparison:
    """Two runs of the same machine; poll is slower in the second."""
    first = written(folder, "a", made.trials(repeats, seed=11, noise=noise))
    frame = slowed(made.trials(repeats, seed=12, noise=noise), "poll", factor)
    return compare([first, written(folder, "b", frame)], **options)


def ratios(comparison: RunComparison) -> pd.DataFrame:
    """The figures but for what failed: select reaches its limit in any run."""
    return comparison.figures[comparison.figures["metric"].isin(METRICS)]


def words(comparison: RunComparison, server: str, metric: str = RATE) -> pd.Series[str]:
    figures = comparison.figures
    chosen = (figures["server"] == server) & (figures["metric"] == metric)
    return figures.loc[chosen, "word"]


def invoked(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["compare", *map(str, arguments)])


def test_two_runs_of_one_machine_are_within_noise(tmp_path: Path) -> None:
    found = both(tmp_path)
    assert (found.figures["word"] == WITHIN_NOISE).mean() >= 0.95
    assert not len(found.regressions)
    assert found.figures["text"].str.fullmatch(r"within noise \(±[\d.]+%\)").mean() >= 0.95


def test_a_server_slower_by_a_fifth_is_found(tmp_path: Path) -> None:
    found = both(tmp_path, factor=1.25)
    assert (words(found, "poll") == CHANGED).all()
    assert (words(found, "select") == WITHIN_NOISE).all()
    assert found.exit is Exit.REGRESSED
    assert set(found.regressions["server"]) == {"poll"}
    text = found.figures.loc[words(found, "poll").index[0], "text"]
    assert text.startswith("slower by ")


def test_a_tenth_is_found_with_the_repeats_that_were_asked_for(tmp_path: Path) -> None:
    few = both(tmp_path / "few", noise=0.08)
    asked = int(few.figures.loc[few.figures["metric"] == RATE, "repeats"].median())
    assert asked > 3
    enough = both(tmp_path / "enough", repeats=asked, noise=0.08, factor=1 / 0.9)
    assert (words(enough, "poll") == CHANGED).mean() >= 0.6
    assert enough.exit is Exit.REGRESSED


def test_a_faster_server_is_no_regression(tmp_path: Path) -> None:
    found = both(tmp_path, factor=0.5, noise=0.02)
    assert (words(found, "poll") == CHANGED).all()
    assert found.figures.loc[words(found, "poll").index[0], "text"].startswith("faster by ")
    assert found.exit is Exit.OK


def test_noise_above_the_tolerance_cannot_pass(tmp_path: Path) -> None:
    found = both(tmp_path, noise=0.15)
    assert found.exit is Exit.CANNOT_TELL
    assert "could not show it: 3 repeats, about" in found.summary
    assert both(tmp_path, noise=0.15, tolerance=0.9).exit is Exit.OK


def test_single_repeats_cannot_tell_and_say_so(tmp_path: Path) -> None:
    found = both(tmp_path, repeats=1)
    assert set(ratios(found)["word"]) == {CANNOT_TELL}
    rates = found.figures[found.figures["metric"] == RATE]
    assert rates["text"].str.fullmatch(r"cannot tell: 1 repeat, needs about \d+").all()
    assert found.exit is Exit.CANNOT_TELL


def test_a_machine_that_changed_is_told_from_a_server_that_changed(tmp_path: Path) -> None:
    frame = made.trials(5, seed=2, noise=0.02)
    frame[RATE] *= 0.7
    frame[CPU] /= 0.7
    frame = slowed(frame, "poll", 2.0)
    found = compare(
        [written(tmp_path, "a", made.trials(5, seed=1, noise=0.02)), written(tmp_path, "b", frame)]
    )
    assert any("reference trials of b are slower" in note for note in found.notes)
    assert (words(found, "poll") == CHANGED).all()
    others = found.figures[~found.figures["reference"] & (found.figures["metric"] == RATE)]
    others = others[others["server"] != "poll"]
    assert (others["word"] == WITHIN_NOISE).all()
    # It is not lost: the reference itself is a figure.
    assert found.regressions["reference"].any()


def test_a_server_that_lost_what_the_machine_gained_is_told_beside_the_reference(
    tmp_path: Path,
) -> None:
    frame = made.trials(10, seed=2, noise=0.02)
    frame[RATE] *= 1.12
    frame[[CPU, *TIMES]] /= 1.12
    frame = slowed(frame, "poll", 1.12)
    found = compare(
        [written(tmp_path, "a", made.trials(10, seed=1, noise=0.02)), written(tmp_path, "b", frame)]
    )
    assert (words(found, "poll") == CHANGED).all()
    mine = found.figures.loc[words(found, "poll").index]
    assert mine["ratio"].to_numpy() == pytest.approx(1 / 1.12, rel=0.05)
    assert (mine["value"] / mine["base_value"]).to_numpy() == pytest.approx(1, rel=0.05)
    assert mine["text"].str.fullmatch(r"slower by [\d.]+% to [\d.]+% beside the reference").all()
    assert set(found.regressions["server"]) == {"poll"}


def test_a_figure_beside_the_reference_has_the_repeats_of_both(tmp_path: Path) -> None:
    """And it is told that the machine moved, however few figures are asked for."""
    frame = made.trials(10, seed=2, noise=0.02)
    frame[RATE] *= 1.12
    lost = (frame["sweep"] == "reference") & (frame["block"] > 4)
    frame.loc[lost, "validity"], frame.loc[lost, "reason"] = "void", "the server died"
    base = written(tmp_path, "a", made.trials(10, seed=1, noise=0.02))
    found = compare([base, written(tmp_path, "b", frame)], metrics=[RATE])
    assert found.figures["beside"].sum() == (~ratios(found)["reference"]).sum()
    measured = found.figures[found.figures["beside"] & (found.figures["why"] == "")]
    assert set(measured["n"]) == {4}
    assert set(measured["n_base"]) == {10}
    assert len([note for note in found.notes if "“beside the reference” are ratios" in note]) == 1


def test_a_point_that_became_void_cannot_be_told(tmp_path: Path) -> None:
    frame = made.trials(3, seed=2)
    gone = (frame["server"] == "poll") & (frame["idle_connections"] == 10000)
    frame.loc[gone, "validity"], frame.loc[gone, "reason"] = "void", "the server died"
    found = compare([written(tmp_path, "a"), written(tmp_path, "b", frame)])
    void = found.figures[found.figures["why"] != ""]
    assert set(void["text"]) == {
        "cannot tell: not measured in the second run (void: the server died)"
    }
    assert found.exit is Exit.CANNOT_TELL


def test_runs_of_nothing_but_void_trials_cannot_be_told(tmp_path: Path) -> None:
    frame = made.trials(3).assign(
        validity="void", reason="stolen cores", spoiled_by=None, server_limit=None
    )
    found = compare([written(tmp_path, name, frame) for name in "ab"])
    assert not len(found.figures)
    assert found.exit is Exit.CANNOT_TELL
    assert invoked(tmp_path / "a", tmp_path / "b").exit_code == Exit.CANNOT_TELL


def test_a_run_whose_server_an_emulator_ran_says_so(tmp_path: Path) -> None:
    db = {"image": "db:1", "emulated": "arm64 on x86_64"}
    servers = {"shop": {"image": "shop:1", "needs": {"db": db}}}
    found = compare([written(tmp_path, "a"), written(tmp_path, "b", servers=servers)])
    told = "b: the image of db, which shop needs, says that it is for another processor "
    assert [note for note in found.notes if "processor" in note] == [
        f"{told}(arm64 on x86_64): what ran it is an emulator, and so are its figures."
    ]


def test_a_run_without_references_says_what_is_missing(tmp_path: Path) -> None:
    frame = made.trials(3).query("server == 'poll'")
    found = compare([written(tmp_path, name, frame) for name in "ab"])
    assert sum("measured no reference trial" in note for note in found.notes) == 2
    assert set(found.figures["word"]) == {WITHIN_NOISE}


def test_other_experiments_and_points_are_refused(tmp_path: Path) -> None:
    base = written(tmp_path, "a")
    with pytest.raises(LabError, match="a is of experiment c10k, other of smoke") as caught:
        compare([base, written(tmp_path, "other", experiment="smoke")])
    assert caught.value.exit is Exit.BAD_INPUT
    fewer = made.trials(3).query("idle_connections < 10000")
    with pytest.raises(LabError, match="fewer lacks 4 of 27 points") as caught:
        compare([base, written(tmp_path, "fewer", fewer)])
    assert "poll: keep-alive, 8 active, 10,000 idle" in str(caught.value)
    longer = made.trials(3).assign(window_s=4.0)
    with pytest.raises(LabError, match=r"windows of 2 s in a, of 4 s in longer"):
        compare([base, written(tmp_path, "longer", longer)])
    with pytest.raises(LabError, match="unknown metric latency: choose from requests_per_s"):
        compare([base, base], metrics=["latency"])


@pytest.mark.parametrize("again", ["a", "latest", "b/../a"])
def test_a_run_is_not_compared_with_itself(tmp_path: Path, again: str) -> None:
    a, b = written(tmp_path, "a"), written(tmp_path, "b")
    (tmp_path / "latest").symlink_to(a, target_is_directory=True)
    for runs in ([a, tmp_path / again], [b, a, tmp_path / again]):
        with pytest.raises(LabError, match=f"{a} and .* are the same run, {a}: name two") as caught:
            compare(runs)
        assert caught.value.exit is Exit.BAD_INPUT


def test_a_copy_of_a_run_is_another_folder_and_compared(tmp_path: Path) -> None:
    """As a pipeline may keep one; and of one that is not there, that is what is said."""
    a = written(tmp_path, "a", made.trials(3, noise=0.01))
    assert compare([a, copytree(a, tmp_path / "copy")]).exit is Exit.OK
    with pytest.raises(LabError, match="no such folder"):
        compare([tmp_path / "gone", tmp_path / "gone"])


def test_a_run_without_a_trial_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no trial has finished"):
        compare([written(tmp_path, "a"), written(tmp_path, "b", made.trials(1).head(0))])


def test_what_differs_between_the_machines_comes_first(tmp_path: Path) -> None:
    a = written(tmp_path, "a", limits={"memory_bytes": 10**9, "nofile": 1_024})
    limits = {"memory_bytes": 2 * 10**9, "nofile": 1_024}  # free memory always differs
    machine: dict[str, Any] = {
        "kernel": {"release": "6.19.0"},
        "governor": "powersave",
        "clock_source": None,
    }
    b = written(tmp_path, "b", seed=5, limits=limits, **machine)
    told = {one.key: one.values for one in compare([a, b]).differences}
    assert told == {
        "clock_source": ("tsc", MISSING),
        "governor": (MISSING, "powersave"),
        "kernel.release": ("6.18.0", "6.19.0"),
        "seed": ("20260101", "5"),
    }
    lines = invoked(a, b).output.splitlines()
    assert lines[0].startswith("differs: clock_source")


def test_that_a_run_began_ended_and_decided_at_another_time_is_no_difference(
    tmp_path: Path,
) -> None:
    """As all runs of one machine do."""
    for number, name in enumerate("ab", 1):
        ended = f"2026-01-0{number}T12:20:00+00:00"
        block = {"block": 4, "question": "claim 3", "points": [], "took_s": 9.5 + number}
        clock = {"docker": "local", "clock_offset_s": number / 1e3, "clock_bound_s": number / 1e6}
        own: dict[str, Any] = dict.fromkeys(("started_at", "ended_at", "checkup_ended_at"), ended)
        own |= {"sequence": number, "trials": 80 + number, "resumed_at": [ended]}
        own |= {"more_blocks": [block] * number, "hosts": {"server": clock, "load": clock}}
        written(tmp_path, name, **own)
    told = invoked(tmp_path / "a", tmp_path / "b", "--json", "--output", tmp_path)
    assert json.loads(told.stdout)["differences"] == {}
    page = (tmp_path / "comparison.md").read_text()
    assert "Nothing: the manifests name the same machine, software and seed." in page


def test_the_speed_of_traced_trials_is_no_figure(tmp_path: Path) -> None:
    frame = made.trials(3)
    frame["traced"] = frame["server"] == "poll"
    found = compare([written(tmp_path, name, frame) for name in "ab"])
    assert "poll" not in set(found.figures["server"])
    assert "select" in set(found.figures["server"])


def test_many_runs_are_compared_with_the_first(tmp_path: Path) -> None:
    runs = [written(tmp_path, name, made.trials(3, seed=n)) for n, name in enumerate("abc", 1)]
    found = compare(runs)
    assert found.figures["run"].unique().tolist() == ["b", "c"]
    assert set(found.figures["base"]) == {"a"}


def test_chosen_metrics_alone_are_compared_and_decide(tmp_path: Path) -> None:
    found = both(tmp_path, metrics=["response_p999_us"], noise=0.3)
    assert set(ratios(found)["metric"]) == {"response_p999_us"}
    assert found.exit is Exit.CANNOT_TELL


def test_the_files_are_written_into_the_newest_run(tmp_path: Path) -> None:
    later = made.trials(3, seed=5).assign(started_at="2026-02-01T12:00:00+00:00")
    frame = slowed(later, "poll", 1.5)
    evil = "<script>x</script>|"
    a, b = written(tmp_path, "a", question=evil, governor=evil), written(tmp_path, "b", frame)
    done = invoked(b, a, "--tolerance", "20%")
    assert done.exit_code == Exit.OK
    done = invoked(a, b)
    assert done.exit_code == Exit.REGRESSED
    assert f"Comparison: {b}/comparison.html" in done.output
    assert "slower by" in done.output
    page = (b / "comparison.html").read_text()
    assert page.count("<svg") == 1
    assert "<script" not in page
    plain = (b / "comparison.md").read_text()
    assert "<script" not in plain
    table = pd.read_csv(b / "comparison.csv")
    assert table["text"].str.startswith("slower by").any()
    assert "p" not in table.columns
    assert (b / "figures" / "comparison.png").stat().st_size > 1000
    assert not (a / "comparison.html").exists()


def test_runs_may_lie_at_the_root_of_a_file_system(tmp_path: Path) -> None:
    later = made.trials(3, seed=5).assign(started_at="2026-02-01T12:00:00+00:00")
    found = compare([written(tmp_path, "a"), written(tmp_path, "b", later)])
    places = [Path("/no-run-a"), Path("/no-run-b")]
    runs = tuple(replace(run, path=at) for run, at in zip(found.runs, places, strict=True))
    assert usual_folder(replace(found, runs=runs)) == places[1]


@pytest.mark.parametrize(
    ("numbers", "newest"), [((1, 2, 3), 2), ((3, 2, 1), 0), ((2, 1, 1), 2), ((None, 1, None), 1)]
)
def test_the_newest_run_is_that_of_the_highest_number_unless_one_was_given_twice(
    tmp_path: Path, numbers: tuple[int | None, ...], newest: int
) -> None:
    """Runs of one month each, by the clock."""
    runs = []
    for month, number in enumerate(numbers, 1):
        frame = made.trials(3, seed=month).assign(started_at=f"2026-0{month}-01T12:00:00+00:00")
        own = {"sequence": number} if number else {}
        runs.append(written(tmp_path / "c10k", f"run{month}", frame, **own))
    assert usual_folder(compare(runs)) == runs[newest]


def test_a_pipeline_gets_one_document(tmp_path: Path) -> None:
    a, b = written(tmp_path, "a"), written(tmp_path, "b", slowed(made.trials(3), "poll", 1.5))
    done = invoked(a, b, "--json", "--output", tmp_path / "out")
    answer = json.loads(done.stdout)
    assert (answer["exit"], answer["result"]) == (Exit.REGRESSED, "regressed")
    assert done.exit_code == Exit.REGRESSED
    assert answer["report"] == str(tmp_path / "out" / "comparison.html")
    assert answer["regressions"][0]["text"].startswith("slower by")
    assert invoked(a, b, "--quiet", "--output", tmp_path / "out").output == ""
    failed = invoked(a, tmp_path / "gone", "--json")
    assert json.loads(failed.stdout)["exit"] == failed.exit_code == Exit.BAD_INPUT


@pytest.mark.parametrize("tolerance", ["much", "0", "1.5", "-3%", "nan"])
def test_a_tolerance_that_is_no_share_is_refused(tmp_path: Path, tolerance: str) -> None:
    done = invoked(tmp_path, tmp_path, f"--tolerance={tolerance}")
    assert isinstance(done.exception, LabError)
    assert "expected a share" in str(done.exception)


def test_worse_is_told_from_better() -> None:
    assert METRICS[RATE].worsening(0.8) == pytest.approx(0.2)
    assert METRICS[CPU].worsening(1.25) == pytest.approx(0.25)
    assert METRICS[CPU].worsening(0.5) < 0
    assert np.sign(METRICS[RATE].worsening(1.5)) == -1
