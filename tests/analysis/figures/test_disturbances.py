"""What disturbed a run: told where it was recorded, and passed over where it was not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import analysis
from analysis.figures import disturbances
from analysis.figures.disturbances import PAUSE_S, PRESSURE, chart, reading, table
from contract.columns.machine import MACHINE
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.charts.model import Panel
    from analysis.records.run import Run

QUIET: dict[str, Any] = {
    "foreign_cpu_share": 0.02,
    "steal_share": 0.0,
    "cpu_pressure_share": 0.01,
    "server_core_loop_before_us": 1_000.0,
}


def run_with(folder: Path, frame: pd.DataFrame | None = None, **columns: Any) -> Run:
    rows = (made.trials(2) if frame is None else frame).assign(**columns)
    return analysis.load(made.write_run(folder, rows))


def titles(run: Run) -> list[str]:
    return [panel.choice for panel in chart(run).panels]


def panel(run: Run, choice: str) -> Panel:
    (found,) = (one for one in chart(run).panels if one.choice == choice)
    return found


def test_all_that_was_read_is_drawn_over_the_time_of_the_run(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    assert titles(run) == [
        *("rate of the reference trials", "others on the lab's cores", "tasks that waited"),
        "time of a fixed loop",
    ]
    minutes = panel(run, "tasks that waited").series[0].x
    assert minutes[0] == 0
    assert minutes[-1] == pytest.approx(4.6 * (len(run.trials) - 1) / 60)
    assert len(panel(run, "rate of the reference trials").series[0].x) == 4


def test_a_run_of_before_these_columns_is_drawn_without_them(tmp_path: Path) -> None:
    run = run_with(tmp_path)
    path = run.path / "trials.csv"
    added = [one.name for one in MACHINE if one.added]
    pd.read_csv(path, dtype=str).drop(columns=added).to_csv(path, index=False)
    older = analysis.load(run.path)
    assert titles(older) == ["rate of the reference trials", "others on the lab's cores"]
    assert not {*added, *(f"most_{name}" for name in PRESSURE)} & {*table(older)}
    assert reading(older) == (
        "Nothing that the lab reads disturbed this run by 5% or more: other programs had up to "
        "2% of a core and the hypervisor took up to 0% of the lab's cores. How long tasks waited "
        "is not known: the kernel does not tell, or nobody asked it. How fast the cores were is "
        "not known."
    )


def test_what_could_not_be_controlled_is_named_with_how_much(tmp_path: Path) -> None:
    frame = made.trials(2).assign(**QUIET)
    frame.loc[5, "foreign_cpu_share"] = 0.31
    frame.loc[9, "server_core_loop_after_us"] = 1_600.0
    told = reading(run_with(tmp_path, frame))
    assert told == (
        "What the lab could not control: other programs had up to 31% of a core and a fixed loop "
        "took the server's core 1 ms to 1.60 ms."
    )


def test_measurements_that_were_made_again_are_in_it(tmp_path: Path) -> None:
    frame = made.trials(2).assign(attempt=1)
    spoiled = frame.iloc[[7]].assign(trial="again", foreign_cpu_share=0.9)
    put_cause(spoiled, spoiled["attempt"] == 1, "surroundings", "other programs used 0.9 cores")
    frame.loc[7, "attempt"] = 2
    run = run_with(tmp_path, pd.concat([frame, spoiled]))
    assert len(run.repeated) == 1
    assert max(panel(run, "others on the lab's cores").series[0].y) == pytest.approx(0.9)
    assert reading(run).endswith(
        f"1 measurement of {len(frame) + 1:,} was spoiled by the surroundings."
    )
    found = table(run)
    assert found["spoiled_measurements"].tolist() == [1, 0]
    assert found["measurements"].sum() == len(frame) + 1


def test_a_pause_of_a_day_is_cut_short(tmp_path: Path) -> None:
    frame = made.trials(2)
    times = pd.to_datetime(frame["started_at"])
    late = frame["block"] == 2
    frame["started_at"] = times.mask(late, times + pd.Timedelta(days=1)).map(pd.Timestamp.isoformat)
    minutes = panel(run_with(tmp_path, frame), "tasks that waited").series[0].x
    window_s = float(frame["window_s"].iloc[0])
    assert max(minutes[1:] - minutes[:-1]) == pytest.approx((PAUSE_S + window_s) / 60)


def test_blocks_have_their_worst_and_their_median_core(tmp_path: Path) -> None:
    found = table(run_with(tmp_path))
    assert found["block"].tolist() == [1, 2]
    assert found["most_cpu_pressure_share"].tolist() == pytest.approx([0.04, 0.04])
    assert found["server_core_loop_before_us"].tolist() == [1_010.0, 1_010.0]
    assert found["load_core_loop_after_us"].tolist() == [1_005.0, 1_005.0]
    assert found["reference_requests_per_s"].notna().all()


def test_a_run_of_which_nothing_is_known_has_no_such_figure(tmp_path: Path) -> None:
    run = run_with(tmp_path, foreign_cpu_share=None, steal_share=None)
    assert not len(disturbances.FIGURE.rows(run))
    assert table(run).empty
