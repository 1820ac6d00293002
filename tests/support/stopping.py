"""A server that does a known thing when it is told to end, and a probe beside it: processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from experiments.paths import ROOT
from tests.support.loopback import unused_address

SERVER: Final = ROOT / "tests" / "foreign" / "stopping" / "server.py"
PROBE: Final = """
from dataclasses import replace
from pathlib import Path
from experiments.probe import probe
from tests.support.results import a_sample
# Files of the first process of this machine may be none of ours to read.
probe.sample, probe.TRACE = lambda *_: a_sample("", 0.0, 0.0), Path("/none")
probe._at_gate = lambda found, port: replace(found, server_established=1_000)
probe.accept_queue_limit = lambda port: 128
probe.SERVER_PID, probe.PROBE_PORT = {pid}, {port}
probe.serve(1, ["0"])
"""
Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Said:
    """What a server printed as it ended: how many it lost, and when it answered, in ns."""

    lost: int = 0
    answered_ns: tuple[int, ...] = ()

    @classmethod
    def read(cls, line: str) -> Said:
        """From what it printed; of one that was killed, nothing."""
        if not line.strip():
            return cls()
        said = json.loads(line)
        return cls(said["lost"], tuple(said["answered_ns"]))

    def answered_since(self, told_ns: int) -> int:
        """How many answers it sent from that moment on."""
        return sum(moment >= told_ns for moment in self.answered_ns)


@contextmanager
def running(*arguments: str) -> Iterator[Process]:
    """Python with these arguments; killed in the end."""
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own programs
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def truth_server(truth: str, answer_s: float = 0.02) -> Iterator[tuple[Process, tuple[str, int]]]:
    """One that listens, and its address."""
    address = unused_address()
    with running(str(SERVER), truth, str(address[1]), str(answer_s)) as process:
        assert process.stdout
        assert "listening" in process.stdout.readline()
        yield process, address


@contextmanager
def probe_beside(pid: int) -> Iterator[tuple[Process, tuple[str, int]]]:
    """A probe beside the process of this number, and its address."""
    address = unused_address()
    with running("-c", PROBE.format(pid=pid, port=address[1])) as process:
        yield process, address
