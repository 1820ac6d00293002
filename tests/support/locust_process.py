"""Locust's master and workers as processes on loopback, and the pages that they serve."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from experiments.paths import ROOT
from tests.support.loopback import unused_address

WORKERS = 2
LOCUST = (sys.executable, "-m", "locust", "-f", str(ROOT / "loadgen" / "locustfile.py"))
PATIENCE_S = 60.0
OF_THE_RUN = "of this run"


def free_port() -> int:
    return unused_address()[1]


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)
    return answer


class Web:
    """The web UI's HTTP, asked by who knows the secret of a run, or by anybody."""

    def __init__(self, port: int, secret: str = "") -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def ask(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}/{path}", headers=self._headers, timeout=PATIENCE_S)

    def get(self, path: str) -> Any:
        return self.ask(path).json()

    def post(self, path: str, **form: Any) -> Any:
        url = f"{self.url}/{path}"
        return requests.post(url, data=form, headers=self._headers, timeout=PATIENCE_S).json()

    def workers(self) -> int:
        try:
            return int(self.get("worker-count")["worker_count"])
        except (requests.ConnectionError, requests.Timeout):
            return 0


def total(web: Web) -> int:
    return int(web.get("stats/requests")["stats"][-1]["num_requests"])


@contextmanager
def running(logs: Path, secret: str = "") -> Iterator[Web]:
    """A master and a worker of their own; with a secret, of a run."""
    port, bind = free_port(), str(free_port())
    environment = {**os.environ, "C10K_SECRET": secret}
    ui = ("--web-host", "127.0.0.1", "--web-port", str(port), "--master-bind-host", "127.0.0.1")
    commands = {
        "master": (*LOCUST, "--master", "--master-bind-port", bind, *ui),
        "worker": (*LOCUST, "--worker", "--master-port", bind),
    }
    processes = []
    for name, command in commands.items():
        with (logs / f"{name}.log").open("w") as log:
            processes.append(
                subprocess.Popen(  # noqa: S603 - our own locustfile, fixed words
                    command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
                )
            )
    found = Web(port, secret)
    try:
        until(lambda: found.workers() == 1, "the worker's arrival")
        yield found
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(PATIENCE_S)


@dataclass
class Processes:
    """A master and its workers, each with a log."""

    folder: Path
    master_port: str
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("w") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603 - our own locustfile, fixed words
                (*LOCUST, *arguments),
                cwd=ROOT,
                env={**os.environ, "C10K_WORKER": name, "C10K_SECRET": OF_THE_RUN},
                stdout=log,
                stderr=subprocess.STDOUT,
                # A shell that runs tests in the background has its children ignore it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )

    def join(self, name: str, *arguments: str) -> None:
        """One more worker."""
        self.start(name, "--worker", "--master-port", self.master_port, *arguments)

    def signal(self, name: str, number: int) -> None:
        self.running[name].send_signal(number)

    def end(self) -> None:
        for process in reversed(self.running.values()):
            process.terminate()
        for process in self.running.values():
            process.wait(PATIENCE_S)


@contextmanager
def lab(folder: Path, *of_master: str) -> Iterator[tuple[Processes, Web]]:
    port = free_port()
    processes = Processes(folder, str(free_port()))
    here = ("--master-bind-host", "127.0.0.1", "--master-bind-port", processes.master_port)
    ui = ("--web-host", "127.0.0.1", "--web-port", str(port))
    try:
        processes.start("master", "--master", *here, *(of_master or ui))
        for number in range(1, WORKERS + 1):
            processes.join(str(number))
        yield processes, Web(port, OF_THE_RUN)
    finally:
        processes.end()
