"""Of what nothing is known, a comparison does not pass: points, runs, ends of intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli.commands import cli
from analysis.compare.comparison import RunComparison, compare
from analysis.compare.metrics import CANNOT_TELL, WITHIN_NOISE
from analysis.compare.picture import picture
from analysis.compare.report import write
from contract.exits import Exit
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[pd.DataFrame], None]
P99 = "response_p99_us"
LACKS = "the server ended with exit code 3 not here"


def nothing(_: pd.DataFrame) -> None:
    return


def void(cause: str | None, reason: str = "others had the cores", **more: Any) -> Change:
    """Poll beside 10,000 is void in all blocks, which has a few other points."""

    def change(frame: pd.DataFrame) -> None:
        rows = (frame["server"] == "poll") & (frame["idle_connections"] == 10000)
        values = {"validity": "void", "reason": reason, "spoiled_by": cause, **more}
        frame.loc[rows, list(values)] = list(values.values())

    return change


def two(folder: Path, *changes: Change, **options: Any) -> RunComparison:
    folders = []
    for number, change in enumerate(changes):
        frame = made.trials(10, seed=number, noise=0.01)
        change(frame)
        folders.append(made.write_run(folder / f"run{number}", frame, run=f"run{number}"))
    return compare(folders, **options)


@pytest.mark.parametrize("cause", ["surroundings", "load", "probe", "lab", None])
def test_a_point_of_which_neither_run_knows_anything_was_not_compared(
    tmp_path: Path, cause: str | None
) -> None:
    found = two(tmp_path, void(cause), void(cause))
    (name,) = found.uncompared
    assert name.startswith("poll: ")
    assert "10,000 idle" in name
    assert found.exit is Exit.CANNOT_TELL
    assert f"Nothing of {name} was compared" in found.summary
    assert any(f"{name} was compared: it was measured in no run" in note for note in found.notes)


@pytest.mark.parametrize(
    "change",
    [
        void("server_gone"),
        void("server_gone", LACKS),
        void(None, server_limit="FD_SETSIZE: no more"),
    ],
)
def test_a_point_that_failed_alike_or_cannot_be_hides_nothing(
    tmp_path: Path, change: Change
) -> None:
    found = two(tmp_path, change, change)
    assert not found.uncompared
    assert found.exit is Exit.OK


@pytest.mark.parametrize("short", [0, 1])
def test_a_run_that_is_not_finished_does_not_pass(tmp_path: Path, short: int) -> None:
    folders = []
    for number in (0, 1):
        frame = made.trials(10, seed=number, noise=0.01)
        trials = len(frame) + short * number
        name = f"run{number}"
        folders.append(made.write_run(tmp_path / name, frame, run=name, trials=trials))
    found = compare(folders)
    assert found.exit is (Exit.CANNOT_TELL if short else Exit.OK)
    assert ("run1 is not finished" in found.summary) is bool(short)


def test_a_comparison_that_passes_says_what_decided(tmp_path: Path) -> None:
    def noisy(frame: pd.DataFrame) -> None:
        frame[P99] *= np.exp(np.random.default_rng(5).normal(0, 1, len(frame)))

    found = two(tmp_path, nothing, noisy)
    assert found.exit is Exit.OK
    told = "that decides (requests per second, CPU per request, resident memory and what failed)"
    assert told in found.summary
    others = int(found.summary.rpartition("; ")[2].split()[0])
    assert others == (found.figures["metric"] == P99).sum()
    assert "could not" not in two(tmp_path / "quiet", nothing, nothing).summary


def bounded(factor: float, **where: Any) -> Change:
    """The p99 of some trials is so many times the usual one, and a lower bound."""

    def change(frame: pd.DataFrame) -> None:
        rows = np.logical_and.reduce([frame[name] == value for name, value in where.items()])
        frame.loc[rows, P99] *= factor
        frame.loc[rows, "lower_bounds"] = P99

    return change


POLL = {"server": "poll", "idle_connections": 10000}


@pytest.mark.parametrize(
    ("changes", "sign", "ends"),
    [
        ((nothing, bounded(1.0, **POLL)), "≥ ", (False, True)),
        ((bounded(1.0, **POLL), nothing), "≤ ", (True, False)),
        ((bounded(1.0, **POLL),) * 2, "unknown, of lower bounds ", (True, True)),
    ],
)
def test_an_interval_has_no_end_where_a_lower_bound_leaves_it_open(
    tmp_path: Path, changes: tuple[Change, Change], sign: str, ends: tuple[bool, bool]
) -> None:
    found = two(tmp_path, *changes, metrics=[P99])
    page = write(found, tmp_path / "out").markdown.read_text()
    (row,) = found.figures[found.figures["point"].str.match("poll: .*10,000 idle")].to_dict(
        "records"
    )
    assert (row["low"] == 0, row["high"] == np.inf) == ends
    (line,) = [one for one in page.splitlines() if one.startswith("| poll: ") and "10,000" in one]
    assert line.split(" | ")[4].startswith(sign)
    assert " to " not in line.split(" | ")[4]
    shown = picture(found.figures, "run1", "run0").panels[0]
    (series,) = [one for one in shown.series if one.label == CANNOT_TELL]
    assert shown.x.high is not None
    assert (series.x_low[0] < -shown.x.high, series.x_high[0] > shown.x.high) == ends


def test_a_reference_of_lower_bounds_excuses_nobody(tmp_path: Path) -> None:
    """Its times in the first run may have been as long as those of the second: it did not move."""

    def longer(frame: pd.DataFrame) -> None:
        frame[P99] *= 1.5

    found = two(tmp_path, bounded(1.0, sweep="reference"), longer, metrics=[P99])
    others = found.figures[~found.figures["reference"] & (found.figures["metric"] == P99)]
    assert not others["beside"].any()
    assert (others["ratio"] > 1.4).all()
    assert found.exit is Exit.REGRESSED


@pytest.mark.parametrize("factor", [1.0, 3.0, 50.0, 1e5])
def test_every_figure_stands_in_the_picture(tmp_path: Path, factor: float) -> None:
    def slower(frame: pd.DataFrame) -> None:
        frame.loc[frame["server"] == "poll", P99] *= factor

    found = two(tmp_path, nothing, slower, metrics=[P99])
    shown = picture(found.figures, "run1", "run0").panels[0]
    assert shown.x.low is not None
    assert shown.x.high is not None
    places = np.concatenate([one.x for one in shown.series])
    assert len(places) == (found.figures["metric"] == P99).sum()
    assert ((places > shown.x.low) & (places < shown.x.high)).all()
    assert len(shown.x.ticks) >= 3
    assert (found.figures["word"] == WITHIN_NOISE).all() == (factor == 1.0)


def test_a_metric_that_nobody_measured_is_told_as_that(tmp_path: Path) -> None:
    def unmeasured(frame: pd.DataFrame) -> None:
        frame.loc[frame["server"] == "poll", P99] = np.nan

    found = two(tmp_path, unmeasured, unmeasured, metrics=[P99])
    assert found.uncompared == {"poll": "none of these metrics was measured at a point in two runs"}
    assert found.exit is Exit.CANNOT_TELL


def test_a_regression_is_not_cut_off_by_what_got_better(tmp_path: Path) -> None:
    """Poll, which comes before the others in the list of figures, is faster in many."""

    def change(frame: pd.DataFrame) -> None:
        others = frame["server"] != "epoll_level"
        frame.loc[others, ["requests_per_s"]] *= 2
        frame.loc[others, ["server_cpu_us_per_request", P99, "response_p50_us"]] /= 2
        last = (frame["server"] == "iterative") & (frame["backlog"] == 128)
        frame.loc[last, "response_p999_us"] *= 5

    two(tmp_path, nothing, change)
    done = CliRunner().invoke(cli, ["compare", str(tmp_path / "run0"), str(tmp_path / "run1")])
    assert done.exit_code == Exit.REGRESSED
    assert " more\n" in done.output
    assert "p99.9: slower by a factor of" in done.output
