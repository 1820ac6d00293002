"""The four words: read from every version's records, and no way for a figure to look better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.claims import verdicts
from analysis.claims.verdicts import judge_all
from analysis.failures import of_figure
from analysis.figures import all_figures
from analysis.outcomes.limits_hit import limits_hit
from analysis.outcomes.lower_bounds import END
from analysis.report.server_page import pages
from contract.outcomes import OF_CAUSE, VOID, WORD_OF
from contract.void_causes import SPOILED_BY
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run

POLL = {"server": "poll", "active_connections": 8, "idle_connections": 10000}
RATE, TAIL = "requests_per_s", "response_p99_us"


def where(frame: pd.DataFrame, blocks: int, **settings: Any) -> pd.Series[bool]:
    chosen = frame["block"] <= blocks
    for name, value in settings.items():
        chosen &= frame[name] == value
    return chosen


def words(run: Run) -> set[str]:
    mine = run.trials[where(run.trials, 9, **POLL)]
    return {WORD_OF[str(one)] for one in mine["validity"]}


@pytest.mark.parametrize("cause", SPOILED_BY)
def test_a_cause_has_the_same_word_in_records_of_before(tmp_path: Path, cause: str) -> None:
    found = []
    for name in ("now", "before"):
        frame = made.trials(2)
        put_cause(frame, where(frame, 9, **POLL), cause, "r")
        if name == "before":
            frame.loc[frame["spoiled_by"] == cause, "validity"] = VOID
        found.append(words(analysis.load(made.write_run(tmp_path / name, frame))))
    assert found == [{WORD_OF[OF_CAUSE[cause]]}] * 2  # type: ignore[index]  # any cause is a key


STOLEN: dict[str, Any] = {"steal_share": 0.95}
NOBODY: dict[str, Any] = {"reason": "no response came in the window", "requests": 0}
WITHOUT_CAUSE: dict[str, tuple[dict[str, Any], str]] = {
    "named a limit": ({"server_limit": "threads: no more"}, "limit reached"),
    "named it, stolen": ({"server_limit": "threads: no more", **STOLEN}, "void"),
    "served nobody": (NOBODY, "starved"),
    "served nobody, stolen": ({**NOBODY, **STOLEN}, "void"),
    "served nobody, who knows": ({**NOBODY, "foreign_cpu_share": np.nan}, "void"),
    "anything else": ({"reason": "worker lost"}, "void"),
}


@pytest.mark.parametrize("name", WITHOUT_CAUSE)
def test_without_a_cause_the_records_tell(tmp_path: Path, name: str) -> None:
    changes, word = WITHOUT_CAUSE[name]
    frame = made.trials(2)
    chosen = where(frame, 9, **POLL)
    put_cause(frame, chosen, None, "r")
    for column, value in changes.items():
        frame.loc[chosen, column] = value
    assert words(analysis.load(made.write_run(tmp_path, frame))) == {word}


def test_who_starved_them_while_others_had_the_machine_is_void(tmp_path: Path) -> None:
    frame = made.trials(2)
    chosen = where(frame, 9, **POLL)
    put_cause(frame, chosen, "server_starved", "r")
    frame.loc[chosen, "steal_share"] = 0.95
    run = analysis.load(made.write_run(tmp_path, frame))
    assert words(run) == {"void"}
    assert set(run.void["spoiled_by"]) == {"surroundings"}


def test_a_run_of_before_has_the_same_verdicts(tmp_path: Path) -> None:
    """Its limit was void, for a cause that was not recorded."""
    frame = made.trials(5)
    before = frame.assign(spoiled_by=None)
    before.loc[frame["outcome"] == "failed", "validity"] = VOID
    now, then = (
        analysis.load(made.write_run(tmp_path / name, rows))
        for name, rows in (("now", frame), ("then", before))
    )
    assert not len(then.void)
    first, second = (verdicts.as_table(judge_all(run)) for run in (now, then))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("served", [0.0, 0.25, 0.9])
@pytest.mark.parametrize("blocks", [1, 3, 5])
def test_starved_trials_stay_in_each_figure_and_none_looks_better(
    tmp_path: Path, blocks: int, served: float
) -> None:
    """Those who are served get ten times the usual rate, in a tenth of the time."""
    frame = made.trials(5)
    chosen = where(frame, blocks, **POLL)
    without = frame[~chosen]
    put_cause(frame, chosen, "server_starved", "r")
    frame.loc[chosen, "coverage"] = served
    for name in [RATE, *(str(one) for one in frame if str(one).startswith("response_"))]:
        factor = 10.0 if name == RATE else 0.1
        frame.loc[chosen, name] = frame.loc[chosen, name] * factor if served else np.nan
    if not served:
        frame.loc[chosen, [RATE, "requests"]] = 0
    run, less = (
        analysis.load(made.write_run(tmp_path / name, rows))
        for name, rows in (("run", frame), ("less", without))
    )
    seen = set()
    for name, figure in all_figures().items():
        rows = figure.table(run)
        if "starved" not in rows or IDLE_COLUMN not in rows:
            continue
        mine = rows[(rows["server"] == "poll") & (rows[IDLE_COLUMN] == 10000)]
        if not len(mine):
            continue
        seen.add(name)
        row = mine.iloc[0]
        assert (row["n"], row["starved"], row["void"]) == (5 - blocks, blocks, 0)
        assert row["failed_share"] == pytest.approx(blocks / 5)
        told = of_figure(run, figure.chosen(run), rows)
        assert "Starved clients are in these figures" in told
        old = figure.table(less)
        old = old[(old["server"] == "poll") & (old[IDLE_COLUMN] == 10000)]
        if RATE in row and len(old):
            assert row[RATE] <= old.iloc[0][RATE] or row[f"{RATE}{END}"]
    assert {"idle_connections", "cpu_per_request", "memory"} <= seen
    summary = analysis.summary(run)
    row = summary[(summary["server"] == "poll") & (summary["idle_connections"] == 10000)].iloc[0]
    assert TAIL in row["lower_bounds"].split() or np.isnan(row[TAIL])
    (page,) = [one for one in pages(run) if one.server == "poll"]
    assert f"It starved its clients in {blocks} of 25 trials" in " ".join(page.weaknesses)


IDLE_COLUMN = "idle_connections"


def test_a_limit_is_listed_with_how_far_the_server_went(tmp_path: Path) -> None:
    run = analysis.load(made.write_run(tmp_path, made.trials(5)))
    (hit,) = limits_hit(run.trials)
    assert (hit.server, hit.held, hit.asked, hit.trials) == ("select", 1016, 10008, 5)
    rows = all_figures()["idle_connections"].table(run)
    row = rows[(rows["server"] == "select") & (rows[IDLE_COLUMN] == 10000)].iloc[0]
    assert (row["n"], row["limit_reached"], row["void"]) == (0, 5, 0)
    assert row["failed_share"] == 1
