"""Runs and words that no comparison takes: each refusal says why."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from analysis.compare.comparison import compare
from contract.exits import Exit, LabError
from tests.support import made_up_run as made
from tests.support.compared_runs import invoked, written


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


@pytest.mark.parametrize("tolerance", ["much", "0", "1.5", "-3%", "nan"])
def test_a_tolerance_that_is_no_share_is_refused(tmp_path: Path, tolerance: str) -> None:
    done = invoked(tmp_path, tmp_path, f"--tolerance={tolerance}")
    assert isinstance(done.exception, LabError)
    assert "expected a share" in str(done.exception)
