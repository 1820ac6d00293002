"""The records of every experiment that the lab ships give a report, whatever was measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.figures import load_latency, worker_shares
from analysis.figures._workers import bars as bars_of
from analysis.records.run import load
from analysis.report.report import build
from analysis.report.server_page import pages, verdict_in_short
from analysis.report.server_points import COST, points
from contract.outcomes import NOT_MEASURED
from experiments.plan.experiment_file import find, names, read
from tests.support import planned_data as planned

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of all experiments together."""
    return load(planned.write(tmp_path_factory.mktemp("run") / "all", "all"))


@pytest.mark.parametrize("name", names())
def test_its_records_give_a_report(name: str, tmp_path: Path) -> None:
    folder = planned.write(tmp_path / name, name)
    found = build(folder)
    assert [one.claim for one in found.verdicts] == read(find(name)).claims
    assert not found.notes
    run = load(folder)
    table = points(run)
    assert not table.duplicated(["server", "condition"]).any()
    untraced = run.trials[~run.trials["traced"].to_numpy(dtype=bool)]
    assert table[["n", *NOT_MEASURED]].to_numpy().sum() == len(untraced)


def test_workers_of_unlike_settings_are_not_mixed(run: Run) -> None:
    bars = {bar.label: bar for bar in bars_of(run)}
    assert "prefork epoll, 4 workers, 10,000 idle" in bars
    assert "prefork epoll, 16 workers, not exclusive" in bars
    assert not any("process per connection" in label for label in bars)
    assert all(f"{bar.workers} workers" in label for label, bar in bars.items())
    assert len(bars) == len(bars_of(run))
    trials = worker_shares.chosen(run)
    assert len(bars) == trials["point"].nunique()
    for panel in worker_shares.chart(run).panels:
        for one in panel.series:
            assert len(one.x) == len(one.y) == len(one.low) == len(one.high), one.label


def test_rising_rates_are_drawn_where_servers_met_them(run: Run) -> None:
    table = load_latency.table(run)
    rates = table.groupby("server", observed=True)["rate_per_s"].agg(list)
    asked = [2000.0, 3500.0, 4500.0, 8000.0]
    assert rates.to_dict() == {"epoll_level": asked, "thread_pool": asked}
    assert set(load_latency.chosen(run)["path"]) == {"/cpu/200"}


def test_a_pool_is_compared_with_a_loop_under_the_same_load(run: Run) -> None:
    table = points(run)
    pool = table[(table["server"] == "thread_pool") & table["shared"].str.contains("/cpu/200")]
    assert len(pool) > 4
    assert pool[f"{COST}_ratio"].notna().all()


def test_rates_at_which_nothing_was_measured_are_no_curve(tmp_path: Path) -> None:
    folder = planned.write(tmp_path / "run", "overload")
    trials = pd.read_csv(folder / "trials.csv", dtype=str, keep_default_na=False)
    trials.loc[trials["load"] == "open_connections", "validity"] = "void"
    trials.to_csv(folder / "trials.csv", index=False)
    assert load_latency.chosen(load(folder))["load"].eq("keep_alive").all()


def test_a_server_that_is_like_the_reference_is_told_by_what_a_request_costs(run: Run) -> None:
    page = next(page for page in pages(run) if page.server == "epoll_oneshot")
    alike = replace(page, strengths=[], weaknesses=[])
    assert "the CPU time of epoll (level) (keep-alive, 64 active" in verdict_in_short(alike)
