"""Runs against runs: noise stays noise, and changes are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.compare.comparison import compare
from analysis.compare.metrics import CANNOT_TELL, CHANGED, METRICS, WITHIN_NOISE
from contract.exits import Exit
from tests.support import made_up_run as made
from tests.support.compared_runs import (
    CPU,
    RATE,
    TIMES,
    both,
    invoked,
    ratios,
    slowed,
    words,
    written,
)


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


def test_worse_is_told_from_better() -> None:
    assert METRICS[RATE].worsening(0.8) == pytest.approx(0.2)
    assert METRICS[CPU].worsening(1.25) == pytest.approx(0.25)
    assert METRICS[CPU].worsening(0.5) < 0
    assert np.sign(METRICS[RATE].worsening(1.5)) == -1
