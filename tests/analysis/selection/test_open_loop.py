"""Open loops that differ in more than their rate are not put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import analysis
from analysis.selection.trials import open_loop
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run


def asked(folder: Path, *parts: dict[str, Any]) -> Run:
    """poll and epoll in open loops, with each of these settings three times."""
    base = made.trials(3)
    base = base[(base["active_connections"] == 64) & base["server"].isin(["poll", "epoll_level"])]
    found = []
    for place, cells in enumerate(parts):
        part = base.assign(load="open_loop", **{"rate_per_s": 1000.0, **cells})
        part["point"] += f"-{place}"
        part["trial"] += f"-{place}"
        found.append(part)
    frame = pd.concat(found, ignore_index=True)
    frame["position"] = range(1, len(frame) + 1)
    return analysis.load(made.write_run(folder, frame))


def test_rates_are_told_apart_later(tmp_path: Path) -> None:
    run = asked(tmp_path, {}, {"rate_per_s": 2000.0})
    assert set(open_loop(run)["rate_per_s"]) == {1000, 2000}
    assert set(open_loop(run)["server"]) == {"poll", "epoll_level"}


@pytest.mark.parametrize(
    ("setting", "usual", "other"),
    [("active_connections", 64, 10_000), ("idle_connections", 0, 500), ("path", "/", "/cpu/200")],
)
def test_another_setting_is_left_out(
    tmp_path: Path, setting: str, usual: object, other: object
) -> None:
    run = asked(
        tmp_path,
        {setting: usual},
        {setting: usual, "rate_per_s": 2000.0},
        {setting: other},
    )
    assert set(open_loop(run)[setting]) == {usual}
    assert len(open_loop(run)) == len(run.trials) * 2 / 3


def test_each_server_keeps_its_own_usual_settings(tmp_path: Path) -> None:
    """poll has four workers in most of its trials, and epoll none."""
    run = asked(tmp_path, {}, {"rate_per_s": 2000.0}, {"rate_per_s": 4000.0})
    frame = run.trials.copy()
    some = (frame["server"] == "poll") & (frame["rate_per_s"] > 1000)
    frame.loc[some, "workers"] = 4
    run = analysis.load(made.write_run(tmp_path, frame))
    kept = open_loop(run)
    assert set(kept.loc[kept["server"] == "poll", "workers"]) == {4}
    assert kept.loc[kept["server"] == "epoll_level", "workers"].isna().all()
    assert set(kept.loc[kept["server"] == "epoll_level", "rate_per_s"]) == {1000, 2000, 4000}


def test_a_run_without_any_has_none(tmp_path: Path) -> None:
    assert not len(open_loop(analysis.load(made.write_run(tmp_path, made.trials(2)))))
