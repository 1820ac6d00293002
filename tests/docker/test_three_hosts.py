"""An experiment on three machines: the server on this one, the load on two engines of their own,
each behind a cable."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import yaml
from rich.console import Console

from analysis.report.report import build
from contract.exits import Exit, LabError
from experiments.docker.leftovers import found
from experiments.docker.tool import run_tool
from experiments.hosts import host_doctor
from experiments.hosts.carry import carry
from experiments.hosts.ways import engines
from experiments.plan.hosts import Host
from experiments.run import session
from tests.support.second_engine import SecondEngine, obstacle, second_engine
from tests.support.several_hosts import (
    CUT,
    check_run_outlasts,
    hosts_of,
    kill_run,
    nothing_left,
    put_in_place_of_ssh,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.images.build import Images

pytestmark = [pytest.mark.docker, pytest.mark.hosts]

COUNTER = """
import os, socket, time
from threading import Thread

def serve(sock, peer):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    left = b""
    while some := sock.recv(4096):
        *asked, left = (left + some).split(b"\\r\\n\\r\\n")
        for _ in asked:
            os.write(1, f"handled {time.perf_counter_ns()} {peer[0]}\\n".encode())
            sock.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nok\\n")

listener = socket.create_server(("", 8080), backlog=128)
while True:
    Thread(target=serve, args=listener.accept(), daemon=True).start()
"""
"""Tells each request that it handles: the moment, by the clock of its machine, and who asked."""
AHEAD_S = (420, 60)
"""Of the server's clock, where the load is."""
RATE, WINDOW_S = 50, 2.0
EXPERIMENT = {
    "question": "Is a server on one machine loaded from two others?",
    "repeats": 1,
    "reference": False,
    "settings": {"active_connections": 8, "window_s": 1.0, "warm_up_s": 0.2},
    "sweeps": [
        {
            # The edges of the window are in the middle between two requests.
            "name": "counted",
            "settings": {
                "load": "open_loop",
                "arrivals": "fixed",
                "rate_per_s": RATE,
                "warm_up_s": 0.21,
                "window_s": WINDOW_S,
            },
            "axes": {"server": ["counter"]},
        },
        {"name": "idle", "settings": {"idle_connections": 201}, "axes": {"server": ["poll"]}},
        {
            "name": "comes",
            "settings": {"load": "connection_per_request"},
            "axes": {"server": ["poll"]},
        },
        {
            "name": "told",
            "settings": {"load": "open_loop", "rate_per_s": 500, "stop_s": 1},
            "axes": {"server": ["poll"]},
        },
        {"name": "steady", "settings": {"warm_up_s": "auto"}, "axes": {"server": ["poll"]}},
        {"name": "four", "settings": {"load_workers": 4}, "axes": {"server": ["poll"]}},
    ],
}


@pytest.fixture(scope="module")
def loads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SecondEngine]]:
    """Both reach the server at this machine's end of the first one's cable, and have their own
    clocks."""
    if why := obstacle():
        pytest.skip(why)
    here, there = (tmp_path_factory.mktemp(name) for name in ("second", "third"))
    with (
        second_engine(here, ahead_s=AHEAD_S[0]) as second,
        second_engine(there, 3, reaches=second.here, ahead_s=AHEAD_S[1]) as third,
    ):
        yield [second, third]


@pytest.fixture
def ssh(loads: list[SecondEngine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called as such."""
    put_in_place_of_ssh(tmp_path, loads[0], monkeypatch)


@dataclass(frozen=True)
class Trial:
    """Its row, its result, and the log of its server."""

    row: pd.Series[Any]
    result: dict[str, Any]
    log: str

    def workers(self) -> dict[str, int]:
        """Requests of each in the window."""
        return {one["name"]: one["requests"] for one in self.result["workers"]}


def trials_of(run: Path) -> dict[str, Trial]:
    """The last attempt at each, by sweep."""
    trials = {}
    for _, row in pd.read_csv(run / "trials.csv").iterrows():
        folder = run / "trials" / str(row["trial"])
        result = json.loads((folder / "result.json").read_text())
        trials[str(row["sweep"])] = Trial(row, result, (folder / "server.log").read_text())
    return trials


@pytest.mark.usefixtures("ssh")
def test_a_server_is_loaded_from_two_machines_and_every_request_is_counted(
    images: Images, loads: list[SecondEngine], results: Path
) -> None:
    counter = {"name": "counter", "image": images.server, "command": ["python3", "-c", COUNTER]}
    text = yaml.safe_dump({**EXPERIMENT, "servers": [counter]})
    said = io.StringIO()
    store = session.start(written(results, text, *loads), Console(file=said, width=200))

    for number in (1, 2):
        assert f"{images.load}: to load host {number}" in said.getvalue()
    trials = trials_of(store.folder)
    assert len(trials) == len(EXPERIMENT["sweeps"])  # type: ignore[arg-type]
    for one in trials.values():
        assert one.row["outcome"] == "completed", one.row["reason"]
        assert one.row["network"] == "wire"
        assert one.row["errors"] == 0
        assert 0 < one.row["clock_bound_us"] < 20_000
        workers = one.workers()
        assert len(workers) == one.row["load_workers"]
        assert min(workers.values()) > 0
        assert sum(workers.values()) == one.row["requests"]
    _all_are_counted(trials["counted"], loads)
    assert trials["idle"].row["server_established"] == 8 + 201
    assert trials["told"].row["stop_ended_s"] < 1
    assert trials["told"].row["stop_unsent"] > 0
    assert trials["steady"].result["warmed_up_s"] >= 1
    assert trials["four"].row["load_workers"] == 4
    manifest = json.loads((store.folder / "manifest.json").read_text())
    hosts = manifest["hosts"]
    assert set(hosts) == {"server", "load 1", "load 2"}
    assert all(hosts[name]["path"]["mbit_per_s"] > 10 for name in ("load 1", "load 2"))
    placed = manifest["cpu"]["placement"]["load_hosts"]
    assert [one["side"] for one in placed] == ["load 1", "load 2"]
    report = build(store.folder).markdown.read_text()
    assert "load 2 on ssh" in report
    assert nothing_left(*loads)


def _all_are_counted(trial: Trial, loads: list[SecondEngine]) -> None:
    """What the server says that it handled in the window, from whom, is what each worker counted:
    to the request."""
    window = trial.result["window"]
    handled = [line.split()[1:] for line in trial.log.splitlines() if line.startswith("handled")]
    inside = Counter(
        peer
        for moment, peer in handled
        if window["started_ns"] <= int(moment) <= window["ended_ns"]
    )
    workers = trial.workers()
    assert inside == {
        loads[0].there: workers["load worker 1"],
        loads[1].there: workers["load worker 2"],
    }
    assert inside.total() == trial.row["requests"] == round(RATE * WINDOW_S)


@pytest.mark.usefixtures("ssh")
def test_the_machines_have_clocks_of_their_own(images: Images, loads: list[SecondEngine]) -> None:
    """By minutes: else nothing that is said of windows here would say much."""
    look = ("python3", "-c", "import time; print(time.perf_counter())")
    with engines("a-look", hosts_of(*loads)) as driver:
        carry(driver, images, print)
        shown = [float(run_tool(one, images.load, look)) for one in driver.sides.values()]
    assert [one - shown[0] for one in shown[1:]] == pytest.approx(AHEAD_S, abs=30)


@pytest.mark.usefixtures("ssh", "images")
def test_a_run_outlasts_the_connections_to_one_of_its_load_hosts(
    loads: list[SecondEngine], results: Path
) -> None:
    check_run_outlasts(results, loads[1], *loads)


@pytest.mark.usefixtures("ssh", "images")
def test_what_a_killed_run_left_is_swept_on_every_host(
    loads: list[SecondEngine], results: Path
) -> None:
    written(results, CUT, *loads)
    kill_run(results)
    with engines("a-look", hosts_of(*loads)) as driver:
        for side, engine in driver.sides.items():
            left = found(engine, of_runs=True)
            assert left["networks"], side
            assert left["containers"], side
        driver.sweep()
        for engine in driver.sides.values():
            assert not any(found(engine, of_runs=False).values())


@pytest.mark.usefixtures("ssh", "images")
def test_one_machine_by_two_names_is_refused_before_anything_is_carried(
    loads: list[SecondEngine], results: Path
) -> None:
    source, hosts = written(results, CUT, *loads), hosts_of(*loads)
    again = Host(docker=f"unix://{loads[0].socket}")
    hosts = hosts.model_copy(update={"load": [hosts.load[0], again]})
    experiment = source.experiment.model_copy(update={"hosts": hosts})
    source = replace(source, experiment=experiment)
    said = io.StringIO()
    with pytest.raises(
        LabError, match=r"load 2: machine: the engine of load 1; .* once"
    ) as refused:
        session.start(source, Console(file=said, width=200))
    assert refused.value.exit is Exit.NOT_READY
    assert "to load host" not in said.getvalue()
    assert not list(results.glob("*/2*"))


@pytest.mark.usefixtures("ssh")
def test_the_doctor_tells_each_host(loads: list[SecondEngine]) -> None:
    done = host_doctor.checks(hosts_of(*loads))
    assert not [one for one in done if one.status == "fail"]
    wanted = {
        f"{name}: {what}"
        for name in ("server", "load 1", "load 2")
        for what in ("engine", "kernel", "cores", "clock")
    }
    assert {one.name for one in done} == {*wanted, "architecture"}
