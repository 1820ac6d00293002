"""A run that is interrupted or killed at any moment: nothing stays, and it goes on where it was."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contract.exits import Exit
from experiments.docker.ownership import LABEL_OWNER, LABEL_ROLE, ROLE_IMAGE
from experiments.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

EXPERIMENT = """
question: Is anything left?
repeats: 1
settings: {warm_up_s: 0.2, window_s: 1.0, active_connections: 4}
servers:
  - name: shop
    image: IMAGE
    command: [python3, -m, servers, poll, --port, 8080]
    needs: {db: {image: IMAGE, command: [python3, -m, http.server, 6000], port: 6000}}
sweeps: [{name: three, axes: {server: [poll, epoll_level, shop]}}]
"""
TRIALS = 5
PROGRAM = (
    "import sys; from pathlib import Path; from experiments.records import attempts; "
    "from experiments.run import session; attempts.MOST = 1; "
    "session.RESULTS = Path(sys.argv.pop(1)); from experiments.__main__ import cli; cli()"
)
WAIT_S = 300.0
ENDINGS = (
    (signal.SIGINT, "master", 0.0),
    (signal.SIGINT, "server", 0.0),
    (signal.SIGTERM, "load", 1.2),
    (signal.SIGKILL, "pod", 0.0),
    (signal.SIGKILL, "load", 1.2),
    (signal.SIGINT, "need", 0.0),
    (signal.SIGKILL, "need", 0.3),
)
"""How the run is ended: by which signal, and how long after a container of which role began."""


class Lab:
    """One run of a tiny experiment, as a process each time, with its results in a folder of the
    test."""

    def __init__(self, engine: DockerDriver, image: str, folder: Path) -> None:
        self._engine = engine
        self.folder = folder
        self.experiment = folder / "a tiny one.yaml"
        self.experiment.write_text(EXPERIMENT.replace("IMAGE", image))

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own command line
            (sys.executable, "-c", PROGRAM, str(self.folder / "results"), *arguments),
            cwd=ROOT,
            # A shell that runs tests in the background has its children ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def left(self) -> dict[str, str]:
        """Containers of this checkout by id, with their roles; but for those in which other tests
        build images beside this one."""
        match = {"label": f"{LABEL_OWNER}={self._engine.owner}"}
        there = self._engine.api.containers(all=True, filters=match)
        # One that the engine is removing has no name any more.
        found = {one["Id"]: one["Labels"][LABEL_ROLE] for one in there if one["Names"]}
        return {one: role for one, role in found.items() if role != ROLE_IMAGE}

    def await_role(self, role: str, process: subprocess.Popen[bytes], before: set[str]) -> None:
        """Until a container of this role is there that was not before."""
        deadline = time.monotonic() + WAIT_S
        while role not in {its for one, its in self.left().items() if one not in before}:
            assert process.poll() is None, f"it ended before it had a {role}"
            assert time.monotonic() < deadline, f"there was no {role}"
            time.sleep(0.02)


@pytest.fixture
def lab(engine: DockerDriver, images: Images, tmp_path: Path) -> Iterator[Lab]:
    made = Lab(engine, images.server, tmp_path)
    assert made.left() == {}
    yield made
    engine.sweep()


def test_run_that_is_ended_again_and_again_leaves_nothing_and_goes_on(lab: Lab) -> None:
    arguments: tuple[str, ...] = ("run", str(lab.experiment))
    for number, role, later_s in ENDINGS:
        ending = f"{number.name} {later_s} s after a {role}"
        before = set(lab.left())
        process = lab.begin(*arguments)
        lab.await_role(role, process, before)
        time.sleep(later_s)
        os.kill(process.pid, number)
        code = process.wait(WAIT_S)
        if number == signal.SIGKILL:
            assert code == -number, ending
            assert lab.left(), f"{ending}: what the next start removes"
        else:
            assert code == Exit.INTERRUPTED, ending
            assert lab.left() == {}, ending
        assert not before & set(lab.left()), f"{ending}: the start did not remove what was left"
        (manifest,) = (lab.folder / "results").rglob("manifest.json")
        arguments = ("resume", str(manifest.parent))
    code = lab.begin(*arguments).wait(WAIT_S)
    assert lab.left() == {}
    with (manifest.parent / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["trial"] for row in rows})
    # Other tests run beside this one, and may spoil each of its trials.
    assert len({(row["point"], row["repeat"]) for row in rows}) == TRIALS
    valid = {row["server"] for row in rows if row["validity"] != "void"}
    assert code == (Exit.OK if valid == {row["server"] for row in rows} else Exit.CANNOT_TELL)
    assert (manifest.parent / "report.html").exists()
