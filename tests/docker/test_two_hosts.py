"""An experiment on two machines: the server on this one, the load on an engine of its own behind a
cable, which a program in the place of `ssh` leads to."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from rich.console import Console

from analysis.report.report import build
from experiments.hosts.wire_look import LOOKS
from experiments.run import session
from tests.support.second_engine import SecondEngine, obstacle, second_engine
from tests.support.several_hosts import (
    check_run_outlasts,
    nothing_left,
    put_in_place_of_ssh,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.images.build import Images

pytestmark = pytest.mark.docker

EXPERIMENT = """
question: Is a server on one machine loaded from another?
repeats: 1
settings: {active_connections: 8, window_s: 1.0, warm_up_s: 0.2}
sweeps:
  - {name: idle, axes: {server: [poll], idle_connections: [0, 200]}}
  - {name: open, settings: {load: open_loop, rate_per_s: 500}, axes: {server: [poll]}}
  - {name: comes, settings: {load: connection_per_request}, axes: {server: [poll]}}
  - name: told
    settings: {load: open_loop, rate_per_s: 500, stop_s: 1}
    axes: {server: [poll]}
  - {name: two, settings: {load_workers: 2}, axes: {server: [poll]}}
"""


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    if why := obstacle():
        pytest.skip(why)
    with second_engine(tmp_path_factory.mktemp("second")) as found:
        yield found


@pytest.fixture
def ssh(second: SecondEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_place_of_ssh(tmp_path, second, monkeypatch)


@pytest.mark.usefixtures("ssh")
def test_a_server_is_loaded_from_another_machine(
    images: Images, second: SecondEngine, results: Path
) -> None:
    said = io.StringIO()
    store = session.start(written(results, EXPERIMENT, second), Console(file=said, width=200))

    assert f"{images.load}: to the load's host" in said.getvalue()
    rows = pd.read_csv(store.folder / "trials.csv")
    rows = rows.drop_duplicates(["sweep", "idle_connections", "repeat"], keep="last")
    assert (rows["outcome"] == "completed").all(), rows["reason"].tolist()
    assert (rows["network"] == "wire").all()
    assert (rows["requests"] > 0).all()
    assert (rows["errors"] == 0).all()
    assert (rows["clock_bound_us"] < 20_000).all()
    assert rows["server_cpu_share"].between(0.0, 1.05).all()
    by_sweep = rows.set_index("sweep")
    idle = by_sweep.loc[["idle"]]
    assert idle["server_established"].tolist() == (8 + idle["idle_connections"]).tolist()
    assert by_sweep.loc["open", "requests_per_s"] == pytest.approx(500, rel=0.1)
    told = by_sweep.loc["told"]
    assert told["stop_ended_s"] < 1
    assert told["stop_unsent"] > 0
    assert by_sweep.loc["two", "load_workers"] == 2
    manifest = json.loads((store.folder / "manifest.json").read_text())
    assert set(manifest["hosts"]) == {"server", "load"}
    path = manifest["hosts"]["load"]["path"]
    assert 1 < path["round_trip_us"] < 20_000
    assert path["mbit_per_s"] > 10
    assert path["probe_lost"] < LOOKS
    assert "Hosts" in build(store.folder).markdown.read_text()
    assert nothing_left(second)


@pytest.mark.usefixtures("ssh", "images")
def test_a_run_outlasts_its_connections(second: SecondEngine, results: Path) -> None:
    """They are cut in the middle of it: what is called as `ssh` is killed."""
    check_run_outlasts(results, second, second)
