"""A short hostile campaign, and a traced server, as the benchmark traces it."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from contract.exits import LabError
from experiments.docker.tool import run_tool
from experiments.faults.campaign import campaign
from experiments.hostile.campaign import hostile
from experiments.hostile.verdict import judge
from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from tests.support.images import images_of

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.docker.docker_driver import DockerDriver

pytestmark = pytest.mark.docker

INPUTS, ENDINGS = 500, 6


def test_a_short_campaign(
    engine: DockerDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.owner
    monkeypatch.setattr("experiments.benchmarks.frame.RESULTS", tmp_path)
    told = io.StringIO()
    path = hostile(Console(file=told), INPUTS, ["epoll_level"], seed=1)
    assert path.is_relative_to(tmp_path)
    report = json.loads(path.read_text())
    result = report["servers"]["epoll_level"]
    assert judge(result) == []
    thrown = result["client"]["thrown"]
    assert sum(thrown.values()) - thrown["flood"] == INPUTS
    assert thrown["flood"] > 256, "past the descriptors that the server has"
    assert "epoll_level: passed" in told.getvalue()


def test_trial_after_any_ending_gets_its_window(
    engine: DockerDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.owner
    monkeypatch.setattr("experiments.benchmarks.frame.RESULTS", tmp_path)
    with suppress(LabError):  # other tests run beside it; what went wrong is in the file
        campaign(Console(file=io.StringIO()), ENDINGS, seed=4)
    (path,) = tmp_path.rglob("faults.json")
    ended = json.loads(path.read_text())["ended"]
    assert len(ended) == ENDINGS
    assert [one["faults"] for one in ended] == [[]] * ENDINGS


def test_calls_of_a_traced_server(driver: DockerDriver, engine: DockerDriver) -> None:
    with RunLock("tests", ROOT):
        images = images_of(engine, ("traced",))
    output = run_tool(driver, images.traced, ("python3", "/opt/lab/tracing.py", "epoll_level"))
    counted = json.loads(output.splitlines()[-1])
    alone = counted["1"]["calls_per_request"]
    # A wait more or less at an edge of the 500 requests is the scheduler's.
    assert alone == pytest.approx({"epoll_wait": 1.0, "read": 1.0, "write": 1.0}, abs=0.01)
    together = counted["64"]["calls_per_request"]
    assert (together["read"], together["write"]) == (1.0, 1.0)
    assert together["epoll_wait"] <= 1.0
