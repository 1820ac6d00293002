"""Servers that do a known thing when they are told to end: each is told. In containers.

As they end they print what they lost, to the request.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from contract.columns.cells import written
from experiments.images.context import build_context
from experiments.images.store import ImageStore
from experiments.paths import ROOT
from experiments.records.server_log import events
from tests.foreign.sweep import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

FOLDER = ROOT / "tests" / "foreign" / "stopping"
KINDS = ("open_loop", "open_connections")
EXPERIMENT = """
question: What is lost when they are told to end?
repeats: 1
reference: false
servers:
  - {{name: finishes, image: "{image}", command: [finishes]}}
  - {{name: loses, image: "{image}", command: [loses]}}
  - {{name: deaf, image: "{image}", command: [ignores]}}
settings: {{active_connections: 32, warm_up_s: 0.5}}
sweeps:
  - name: stays
    settings: &told {{load: open_loop, rate_per_s: 400, window_s: 1, stop_s: 3}}
    axes: {{server: &all [finishes, loses, deaf]}}
  - {{name: comes, settings: {{<<: *told, load: open_connections}}, axes: {{server: *all}}}}
  - name: starts
    settings: {{load: keep_alive, start_watched: true, window_s: 2}}
    axes: {{server: [finishes]}}
"""


@pytest.fixture(scope="module")
def image(engine: DockerDriver, images: Images) -> Iterator[str]:
    """Somebody's image; gone after the tests."""
    name = f"c10k-stopping-test/{engine.owner}:1"
    files = {file: (FOLDER / file).read_bytes() for file in ("Dockerfile", "server.py")}
    with build_context(files) as context:
        ImageStore(engine).build(context, name, arguments={"BASE": images.server})
    yield name
    engine.api.remove_image(name)


def told(folder: Path, row: dict[str, Any]) -> dict[str, int]:
    """What the server printed as it ended."""
    log = (folder / "trials" / row["trial"] / "server.log").read_text()
    return next(one for one in reversed(list(events(log))) if "lost" in one)


def test_what_is_lost_is_what_the_server_says_that_it_lost(image: str, results: Path) -> None:
    folder = run(EXPERIMENT.format(image=image), results, "stopping")
    read: Any = pd.read_csv(folder / "trials.csv").astype(object)
    rows: list[dict[str, Any]] = read.to_dict("records")
    found = {(row["sweep"], row["server"]): row for row in rows}
    for sweep in ("stays", "comes"):
        for name in ("finishes", "loses"):
            row = found[sweep, name]
            assert row["outcome"] == "completed", row["reason"]
            said = told(folder, row)
            assert row["stop_had_lost"] + row["stop_came_lost"] == said["lost"]
            assert row["stop_exit_code"] == 0
            assert row["stop_had"] > 0, "each answer takes 20 ms"
        assert told(folder, found[sweep, "finishes"])["lost"] == 0
        assert found[sweep, "finishes"]["stop_ended_s"] < 2.5
        assert told(folder, found[sweep, "loses"])["lost"] >= 6
        assert found[sweep, "loses"]["stop_ended_s"] > 1
        deaf = found[sweep, "deaf"]
        assert pd.isna(deaf["stop_ended_s"])
        assert deaf["stop_had_lost"] + deaf["stop_came_lost"] == 0
        assert deaf["stop_came"] == pytest.approx(1_200, rel=0.2)
    start = found["starts", "finishes"]
    assert 0 < start["start_listening_s"] < start["start_answered_s"] < 10
    result = json.loads((folder / "trials" / start["trial"] / "result.json").read_text())
    assert float(written(result["start"]["answered_s"])) == start["start_answered_s"]
