"""A foreign image through a real sweep: measured, or void with its reason."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from rich.console import Console

from analysis.report.report import build
from contract.exits import Exit, LabError
from experiments.images.store import ImageStore
from experiments.plan.overrides import read_source
from experiments.run import session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

SERVER = """
import signal, socket, sys, time
from email.utils import formatdate
from threading import Thread

def answer(connection):
    status = "500 Broken" if sys.argv[1] == "wrong" else "200 OK"
    while connection.recv(65536):
        head = f"HTTP/1.1 {status}\\r\\nDate: {formatdate(usegmt=True)}\\r\\n"
        connection.sendall(f"{head}Content-Length: 4\\r\\n\\r\\nmine".encode())

if sys.argv[1] == "silent":
    signal.pause()
if sys.argv[1] == "dead":
    sys.exit("no configuration")
both = socket.create_server(("", 80), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
while True:
    Thread(target=answer, args=both.accept()[:1], daemon=True).start()
"""
EXPERIMENT = """
question: Is a foreign server measured like ours?
repeats: 1
reference: false
settings: {active_connections: 4, window_s: 1.2, warm_up_s: 0.1}
servers:
  - {name: good, image: IMAGE, port: 80, expect: {body: mine}, command: [python3, /server.py, good]}
  - {name: wrong, image: IMAGE, port: 80, command: [python3, /server.py, wrong]}
  - name: silent
    image: IMAGE
    port: 80
    command: [python3, /server.py, silent]
    ready: {timeout_s: 4}
  - {name: dead, image: IMAGE, port: 80, command: [python3, /server.py, dead]}
  - {name: absent, image: IMAGE, port: 80, command: [no-such-program]}
sweeps:
  - name: idle
    axes: {server: [good], idle_connections: [0, 50]}
  - name: void
    axes: {server: [wrong, silent, dead, absent]}
"""
REASONS = {
    "wrong": "verification failed: expected status 200, received b'HTTP/1.1 500 Broken'",
    "silent": "verification failed: the server was not ready within 4 s; at last: no response "
    "from 127.0.0.1:80: ",
    "dead": "the server ended with exit code 1; its log ends: no configuration",
    "absent": "its image lacks the command",
}


@pytest.fixture
def image(engine: DockerDriver, images: Images) -> Iterator[str]:
    """A tiny image that is none of the lab's; gone after the test."""
    reference = f"c10k-foreign-test/{engine.owner}:1"
    files = {"Dockerfile": f"FROM {images.server}\nCOPY server.py /\n", "server.py": SERVER}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    stream.seek(0)
    ImageStore(engine).build(stream, reference)
    yield reference
    engine.api.remove_image(reference)  # as a user does it, with the steps that it was built in


def test_through_a_sweep(image: str, results: Path) -> None:
    path = results / "mine.yaml"
    path.write_text(EXPERIMENT.replace("IMAGE", image))
    said = Console(file=io.StringIO())
    store = session.start(read_source(path, "mine"), said)

    rows = pd.read_csv(store.folder / "trials.csv").set_index("server")
    assert set(rows["origin"]) == {"foreign"}
    assert rows["backlog"].isna().all()
    good = rows.loc[["good"]]
    assert (good["outcome"] == "completed").all()
    assert (good["requests"] > 0).all()
    assert (good["errors"] == 0).all()
    assert good["server_established"].tolist() == (4 + good["idle_connections"]).tolist()
    for server, reason in REASONS.items():
        assert rows.loc[server, "validity"] == "void"
        assert reason in str(rows.loc[server, "reason"])
    log = store.folder / "trials" / str(rows.loc["dead", "trial"]) / "server.log"
    assert log.read_text() == "no configuration\n"

    servers = json.loads((store.folder / "manifest.json").read_text())["servers"]
    assert set(servers) == {"good", *REASONS}
    assert servers["good"]["id"].startswith("sha256:")
    assert "its own" in build(store.folder).markdown.read_text()


def test_an_image_that_is_nowhere_ends_the_run_before_it_begins(results: Path) -> None:
    path = results / "mine.yaml"
    path.write_text(
        "question: x\nservers: [{image: c10k-foreign-test/none}]\nsweeps: [{name: s}]\n"
    )
    with pytest.raises(LabError, match="server none: pulling c10k-foreign-test/none:latest") as no:
        session.start(read_source(path, "mine"), Console(file=io.StringIO()))
    assert no.value.exit is Exit.NOT_READY
    assert not list(results.glob("mine/*"))
