"""Runs on this engine and on further ones behind cables, to which a program in the place of `ssh`
leads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pandas as pd
import psutil
import yaml

from experiments.docker.address import engine_address
from experiments.hosts.patience import WAIT_S
from experiments.hosts.ways import engines
from experiments.paths import ROOT
from experiments.plan.hosts import Host, Hosts
from experiments.plan.overrides import read_source
from tests.support import relay_ssh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from experiments.plan.source import Source
    from tests.support.second_engine import SecondEngine

SSH: Final = """#!/bin/sh
exec "{python}" "{program}" "$@"
"""
PROGRAM: Final = (
    "import sys; from pathlib import Path; from experiments.records import attempts; "
    "from experiments.run import session; attempts.MOST = 1; "
    "session.RESULTS = Path(sys.argv.pop(1)); from experiments.__main__ import cli; cli()"
)
RUN_S: Final = 120.0
CUT: Final = """
question: Does a run outlast its connections?
repeats: 3
reference: false
settings: {active_connections: 8, window_s: 1.0, warm_up_s: 0.2}
sweeps: [{name: stays, axes: {server: [poll]}}]
"""
"""A run that is cut off from a host in the middle of it."""


def put_in_place_of_ssh(folder: Path, first: SecondEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called as such; a port that it forwards is that of the `first`."""
    program = folder / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH.format(python=sys.executable, program=relay_ssh.__file__))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("C10K_TEST_NETNS", str(first.namespace))


def hosts_of(*load: SecondEngine) -> Hosts:
    """The server here, at this end of the first one's cable, and these to load it."""
    server = Host(docker=engine_address().url, address=load[0].here)
    return Hosts(server=server, load=[Host(docker=address_of(one)) for one in load])


def address_of(engine: SecondEngine) -> str:
    return f"ssh://lab@{engine.namespace.name}{engine.socket}"


def written(folder: Path, text: str, *load: SecondEngine) -> Source:
    """An experiment on these engines."""
    path = folder / "apart.yaml"
    hosts = hosts_of(*load).model_dump(exclude_none=True)
    path.write_text(text + yaml.safe_dump({"hosts": hosts}))
    return read_source(path, "apart")


def told_by_run_that_is_cut(results: Path, lost: SecondEngine) -> str:
    """What the run of `written` says, whose connections to this one are cut in the middle of it:
    what is called as `ssh` is killed."""
    with _in_the_middle(results) as process:
        for child in psutil.Process(process.pid).children():
            with suppress(psutil.NoSuchProcess):  # others come and go
                words = child.cmdline()
                if relay_ssh.__file__ in words and lost.namespace.name in words:
                    child.kill()
        return process.communicate(timeout=RUN_S)[0]


def check_run_outlasts(results: Path, lost: SecondEngine, *load: SecondEngine) -> None:
    """A run on these engines goes on after its connections to one of them were cut."""
    written(results, CUT, *load)
    told = told_by_run_that_is_cut(results, lost)
    gone = f"ssh to {lost.namespace.name} ended with -9"
    assert f"{gone}; it is waited for, {WAIT_S:.0f} s at most" in told
    assert "it is there again; the run goes on" in told
    (folder,) = (path.parent for path in results.glob("*/2*/trials.csv"))
    rows = pd.read_csv(folder / "trials.csv")
    assert sorted(rows["repeat"]) == [1, 2, 3]
    cut = rows[rows["outcome"] != "completed"]
    assert len(cut) <= 1
    assert set(cut["spoiled_by"]) <= {"load", "surroundings"}, cut["reason"].tolist()
    assert len(json.loads((folder / "manifest.json").read_text())["resumed_at"]) == 1
    assert nothing_left(*load)


def kill_run(results: Path) -> None:
    """That of `written`, in the middle of it: it removes nothing."""
    with _in_the_middle(results):
        """It ends with this."""


@contextmanager
def _in_the_middle(results: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with the run of `written`, which is killed in the end."""
    command = (sys.executable, "-c", PROGRAM, str(results), "run", str(results / "apart.yaml"))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            _await_row(results, process)
            yield process
        finally:
            process.kill()


def _await_row(results: Path, process: subprocess.Popen[str]) -> None:
    """Until a trial is recorded."""
    deadline = time.monotonic() + RUN_S
    while not any(len(one.read_text().splitlines()) > 1 for one in results.glob("*/2*/trials.csv")):
        assert process.poll() is None, "it ended before its first trial had"
        assert time.monotonic() < deadline, "there was no trial"
        time.sleep(0.1)


def nothing_left(*load: SecondEngine) -> bool:
    """On any engine."""
    with engines("a-look", hosts_of(*load)) as driver:
        return not driver.sweep()
