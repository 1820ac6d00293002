"""Records of runs in which a server suffers one way of failing, and what figures show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.claims.verdicts import Verdict, judge_all
from analysis.compare.comparison import RunComparison, compare
from analysis.failures import of_figure
from analysis.figures import all_figures
from analysis.outcomes.thresholds import ThresholdResult, judged
from tests.support import made_up_run as made
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from analysis.records.run import Run

POLL = {"server": "poll", "active_connections": 8, "idle_connections": 10000}
BLOCKS, HALF, HURT = 10, 5, 7
FEW, SOON_US = 100, 1.0
"""The rate and the time of a trial that starved its clients."""


@dataclass(frozen=True)
class Records:
    """Where runs are written in which poll suffers one way of failing beside 10,000."""

    folder: Path
    way: str

    def frame(self, hurt: int, seed: int = 1, blocks: int = BLOCKS) -> pd.DataFrame:
        frame = made.trials(blocks, seed=seed, noise=0.01)
        chosen = frame["block"] <= hurt
        for name, value in POLL.items():
            chosen &= frame[name] == value
        if self.way == "errors":
            frame.loc[chosen, "errors"] = frame.loc[chosen, "requests"] // 2
        elif self.way == "unanswered":
            frame.loc[chosen, "unanswered"] = frame.loc[chosen, "requests"] // 2
        elif self.way == "no figure":
            frame.loc[chosen, ["requests_per_s", "response_p99_us"]] = None
        elif self.way == "lower bounds":
            frame.loc[chosen, "lower_bounds"] = "response_p99_us response_max_us"
        else:
            cause = None if self.way == "unknown" else self.way
            put_cause(frame, chosen, cause, "what happened")
            frame.loc[chosen, "requests_per_s"] = 1e9  # whoever averages it in will show it
            frame.loc[chosen, "response_p99_us"] = 1e9
        if self.way == "server_starved":  # a few are served, and these well
            frame.loc[chosen, ["requests", "requests_per_s", "coverage"]] = [2 * FEW, FEW, 0.25]
            frame.loc[chosen, "response_p99_us"] = SOON_US
        return frame

    def written(
        self, hurt: int = HURT, seed: int = 1, claims: Sequence[int] = (), blocks: int = BLOCKS
    ) -> Path:
        """The folder of such a run, written once."""
        way = self.way if hurt else "none"
        name = "-".join(map(str, (way, hurt, seed, blocks, *claims)))
        if not (self.folder / name).exists():
            changes = {"claims": claims} if claims else {}
            made.write_run(self.folder / name, self.frame(hurt, seed, blocks), run=name, **changes)
        return self.folder / name

    def run(
        self, hurt: int = HURT, seed: int = 1, claims: Sequence[int] = (), blocks: int = BLOCKS
    ) -> Run:
        """Such a run, read once: nobody writes into it."""
        return _loaded(self.written(hurt, seed, claims, blocks))

    def shown(self, figure: str, hurt: int = HURT) -> dict[str, Any]:
        """Poll's row of a figure's table."""
        points = all_figures()[figure].table(self.run(hurt))
        mine = points[(points["server"] == "poll") & (points["idle_connections"] == 10000)]
        return {str(name): mine[name].iloc[0] for name in mine}

    def verdict(self, number: int = 3, hurt: int = HURT, blocks: int = BLOCKS) -> Verdict:
        (found,) = judge_all(self.run(hurt, claims=[number], blocks=blocks))
        return found

    def threshold(self, text: str, hurt: int = HURT) -> ThresholdResult:
        rows = self.frame(hurt)
        rows = rows[rows["server"] == "poll"]
        folder = self.folder / f"t{len(list(self.folder.iterdir()))}"
        (found,) = judged(analysis.load(made.write_run(folder, rows, thresholds=[text])))
        return found

    def compared(self, hurt: int = HURT, *, before: int = 0) -> RunComparison:
        return compare([self.written(before, 1), self.written(hurt, 2)], tolerance=0.9)


@cache
def _loaded(folder: Path) -> Run:
    return analysis.load(folder)


def _usual(records: Records, row: dict[str, Any]) -> None:
    """The figure itself is that of the trials that were measured."""
    clean = records.shown("idle_connections", hurt=0)
    assert row["requests_per_s"] == pytest.approx(clean["requests_per_s"], rel=0.1)


def limit_beside_a_rate(records: Records) -> None:
    failed_beside_a_rate(records)
    assert records.shown("idle_connections")["limit_reached"] == HURT


def failed_beside_a_rate(records: Records) -> None:
    row = records.shown("idle_connections")
    _usual(records, row)
    assert row["failed_share"] == pytest.approx(HURT / BLOCKS)
    assert row["goodput_per_s"] == pytest.approx(row["requests_per_s"] * 0.3, rel=0.1)


def starved_in_a_rate(records: Records) -> None:
    row = records.shown("idle_connections")
    assert (row["n"], row["starved"], row["void"]) == (BLOCKS - HURT, HURT, 0)
    assert (row["requests_per_s"], row["requests_per_s_bounded"]) == (FEW, True)
    assert row["failed_share"] == pytest.approx(HURT / BLOCKS)
    clean = records.shown("idle_connections", hurt=0)["requests_per_s"]
    assert row["goodput_per_s"] == pytest.approx(clean * 0.3 + FEW * 0.7, rel=0.1)


def starved_in_percentiles(records: Records) -> None:
    summary = analysis.summary(records.run())
    mine = summary[(summary["server"] == "poll") & (summary["idle_connections"] == 10000)].iloc[0]
    assert mine["response_p99_us"] == SOON_US
    assert "response_p99_us" in mine["lower_bounds"]
    assert "requests_per_s" not in mine["lower_bounds"]
    assert mine["failed_share"] == pytest.approx(HURT / BLOCKS)


def failed_beside_percentiles(records: Records) -> None:
    row = _percentiles(records)
    assert row["failed_share"] == pytest.approx(HURT / BLOCKS)


def _percentiles(records: Records) -> dict[str, Any]:
    run = records.run()
    summary = analysis.summary(run)
    mine = summary[(summary["server"] == "poll") & (summary["idle_connections"] == 10000)].iloc[0]
    clean = run.trials[(run.trials["server"] == "poll") & run.trials["valid"]]
    clean = clean[clean["idle_connections"] == 10000]
    assert mine["response_p99_us"] == pytest.approx(clean["response_p99_us"].median())
    assert mine["response_p99_us"] < 1e8
    return dict(mine)


def only_void(records: Records) -> None:
    row = records.shown("idle_connections")
    _usual(records, row)
    assert (row["n"], row["void"], row["starved"]) == (BLOCKS - HURT, HURT, 0)
    assert np.isnan(row.get("failed_share", np.nan)) or row["failed_share"] == 0


def percentiles_only_void(records: Records) -> None:
    row = _percentiles(records)
    assert (row["n"], row["void"]) == (BLOCKS - HURT, HURT)
    assert row["failed_share"] == 0


def share_beside_a_rate(records: Records) -> None:
    row = records.shown("idle_connections")
    _usual(records, row)
    share = {"errors": "error_share", "unanswered": "unanswered_share"}[records.way]
    # Half as many as were answered, in seven of ten repeats.
    assert row[share] == pytest.approx(0.7 / 3, abs=0.01)
    assert row["goodput_per_s"] == pytest.approx(row["requests_per_s"], rel=0.1)


def share_beside_percentiles(records: Records) -> None:
    share = {"errors": "error_share", "unanswered": "unanswered_share"}[records.way]
    assert _percentiles(records)[share] == pytest.approx(0.7 / 3, abs=0.01)


def told_beside_a_rate(records: Records) -> None:
    row = records.shown("idle_connections")
    _usual(records, row)
    run, figure = records.run(), all_figures()["idle_connections"]
    told = of_figure(run, run.trials.iloc[figure.candidate_rows(run)], figure.table(run))
    assert f"requests_per_s was not measured in {HURT} trials that count, of poll." in told
    clean = records.run(0)
    assert "not measured" not in of_figure(clean, clean.trials, figure.table(clean))


def told_beside_percentiles(records: Records) -> None:
    _percentiles(records)
    run, figure = records.run(), all_figures()["latency"]
    told = of_figure(run, run.trials, figure.table(run))
    assert f"response_p99_us was not measured in {HURT} trials that count, of poll." in told


def usual_rate(records: Records) -> None:
    _usual(records, records.shown("idle_connections"))


def marked_from_half_on(records: Records) -> None:
    for hurt, marked in ((4, False), (5, True)):
        summary = analysis.summary(records.run(hurt))
        mine = summary[(summary["server"] == "poll") & (summary["idle_connections"] == 10000)]
        told = mine["lower_bounds"].astype("string").fillna("").iloc[0]
        assert ("response_p99_us" in told) is marked
