"""`make ui` on a real engine where some servers cannot run: the others do, nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from contract.exits import Exit, LabError
from experiments import by_hand
from experiments.docker import compose
from experiments.docker.compose import ComposeError
from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from experiments.plan.experiment_file import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

FORBID = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {
            "names": ["io_uring_setup", "io_uring_enter", "io_uring_register"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 1,
        }
    ],
}
REASON = "io_uring cannot be used here (Operation not permitted): it is forbidden"
MINE = """
  my_app:
    image: ${C10K_SERVER_IMAGE}
    user: "10001:10001"
    networks: [lab]
    command: [sh, -c, "echo no configuration; exit 1"]
  my_app_probe:
    image: ${C10K_SERVER_IMAGE}
    user: "10001:10001"
    network_mode: service:my_app
    pid: service:my_app
    command: [sleep, infinity]
"""
"""Nothing can join the namespaces of one that has ended, so the start of its probe mostly fails."""
PATIENCE_S = 60.0
INTERRUPTED = """
import sys
from pathlib import Path
from experiments.docker import compose
compose.PROJECT, compose.LOG = sys.argv[1], Path(sys.argv[2])
from experiments.__main__ import cli
cli(["ui"])
"""


@pytest.fixture
def project(
    engine: DockerDriver, images: Images, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """A name of the test's own, of which nothing is left; a folder whose name has a space."""
    assert images.server
    name = f"c10k-test-{uuid.uuid4().hex[:8]}"
    (tmp_path / "a path").mkdir()
    monkeypatch.setattr(compose, "PROJECT", name)
    monkeypatch.setattr(compose, "LOG", tmp_path / "a path" / "compose.log")
    yield name
    by_hand.down()
    assert left(engine, name) == []


def left(engine: DockerDriver, project: str) -> list[str]:
    match = {"label": f"{by_hand.LABEL_PROJECT}={project}"}
    containers = engine.api.containers(all=True, filters=match)
    return [one["Id"] for one in (*containers, *engine.api.networks(filters=match))]


def forbidden(folder: Path, *services: str, beside: str = "") -> tuple[Path, ...]:
    """The compose file, and one beside it that forbids io_uring to services."""
    profile, override = folder / "profile.json", folder / "override.yml"
    profile.write_text(json.dumps(FORBID))
    text = "".join(f'  {name}:\n    security_opt: ["seccomp={profile}"]\n' for name in services)
    override.write_text(f"services:\n{text}{beside}")
    return ROOT / "docker-compose.yml", override


def post(server: str) -> Any:
    form = {"user_count": 2, "spawn_rate": 2, "server": server}
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{by_hand.URL}/swarm", data=form, timeout=PATIENCE_S).json()


def running(engine: DockerDriver, project: str) -> dict[str, str]:
    """Ids of containers by service."""
    match = {"label": f"{by_hand.LABEL_PROJECT}={project}"}
    found = engine.api.containers(filters=match)
    return {one["Labels"][by_hand.LABEL_SERVICE]: one["Id"] for one in found}


def test_who_cannot_run_is_told_and_the_rest_is_loaded(
    engine: DockerDriver, project: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = forbidden(tmp_path / "a path", "epoll_level", "io_uring")
    monkeypatch.setattr(compose, "FILES", files)
    said: list[str] = []
    by_hand.up(say=said.append)
    told = [line for line in said if line.startswith("cannot run here: ")]
    assert [line.startswith(f"cannot run here: io_uring: {REASON}") for line in told] == [True]
    up = running(engine, project)
    able = set(servers()) - {"io_uring"}
    assert set(up) == {*able, *(f"{name}_probe" for name in able), "master", "worker"}

    refused = post("io_uring")
    assert refused["success"] is False
    assert refused["message"].startswith(f"io_uring cannot run here: {REASON}")
    engine.stop(up["poll"], 1.0)
    assert post("poll")["message"].startswith("poll does not run: it has ended")
    assert post("select")["success"] is True

    with pytest.raises(LabError, match=r"the web UI is up already, at .*; end it with: make down"):
        by_hand.up(say=said.append)
    assert set(running(engine, project)) == set(up) - {"poll", "poll_probe"}


def test_who_ends_after_the_check_and_somebodys_that_ends_at_once(
    engine: DockerDriver, project: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files = forbidden(tmp_path / "a path", "io_uring", beside=MINE)
    monkeypatch.setattr(compose, "FILES", files)
    said: list[str] = []
    by_hand.up(say=said.append)
    told = [line for line in said if line.startswith("cannot run here: ")]
    assert told[0].startswith(f"cannot run here: io_uring: {REASON}")
    assert told[1:] == ["cannot run here: my_app: it ended with exit code 1: no configuration"]
    gone = {"io_uring", "io_uring_probe", "my_app", "my_app_probe"}
    # Whether a probe comes before its server's end is the machine's affair; both were asked for.
    log = compose.LOG.read_text()
    assert "io_uring_probe" in log
    assert "my_app_probe" in log
    assert gone.isdisjoint(running(engine, project))
    assert post("io_uring")["message"].startswith(f"io_uring cannot run here: {REASON}")


def test_a_failure_of_compose_is_one_line_and_nothing_is_left(
    engine: DockerDriver, project: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A service whose device the engine does not have: no server's fault."""
    broken = '  select:\n    devices: ["/dev/no-such-device:/dev/none"]\n'
    files = forbidden(tmp_path / "a path", "epoll_level", beside=broken)
    monkeypatch.setattr(compose, "FILES", files)
    with pytest.raises(ComposeError) as failed:
        by_hand.up(say=lambda _line: None)
    message = str(failed.value)
    assert "no-such-device" in message
    assert str(compose.LOG) in message
    assert "\n" not in message
    assert "no-such-device" in compose.LOG.read_text()
    assert left(engine, project) == []


def test_an_interruption_while_it_works_leaves_nothing(engine: DockerDriver, project: str) -> None:
    with RunLock("tests", ROOT):  # nobody else's turn is taken for this one's
        pass
    started = subprocess.Popen(  # noqa: S603 - this interpreter, our own modules
        [sys.executable, "-c", INTERRUPTED, project, str(compose.LOG)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    for line in started.stdout:
        if line.startswith("starting"):
            break
    started.send_signal(signal.SIGINT)
    _, told = started.communicate(timeout=PATIENCE_S * 2)
    assert started.returncode == Exit.INTERRUPTED, told
    assert told.rstrip().endswith("stopped; nothing of it is left")
    assert left(engine, project) == []
