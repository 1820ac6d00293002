"""More connections than one process has descriptors, as a real engine limits them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from contract.settings.trial import Settings
from experiments.benchmarks.frame import Trials, frame
from experiments.run.trial_environment import trial_environment

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver

pytestmark = pytest.mark.docker

NOFILE = 300
ASKED = Settings(
    server="reuseport_epoll",
    workers=2,
    server_nofile=NOFILE,
    load_workers=2,
    source_addresses=2,
    active_connections=4,
    idle_connections=400,
    warm_up_s=0.1,
    window_s=1.0,
)


def test_two_processes_hold_what_one_cannot(
    engine: DockerDriver, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.owner
    monkeypatch.setattr("experiments.benchmarks.frame.RESULTS", tmp_path)
    with (
        frame("processes-test", ("server", "load"), Console(file=io.StringIO())) as made,
        trial_environment(made.run, made.driver, made.images) as runner,
    ):
        held, _ = Trials(made, runner).attempt(ASKED, attempts=1)
        runner.settle()
    assert (held["idle_established"], held["server_established"]) == (400, 404), held["reason"]
    shares = json.loads(held["worker_connections"])
    assert (len(shares), sum(shares)) == (2, 404)
    assert max(shares) < NOFILE < 404
    assert held["generator_rss_bytes"] > held["generator_rss_idle_bytes"] > 2 * 20e6  # two Pythons
