"""`python -m servers check`: who can run here, found out by running each."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from contract.exits import ServerExit
from experiments.paths import ROOT
from servers import check
from servers.registry import names
from tests.support.forbidden_call import without_io_uring
from tests.support.peer import PATIENCE_S
from tests.support.server_process import command, environment, eventually

LISTENS = """
import json, signal, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"event": "listening", "port": listener.getsockname()[1]}), flush=True)
"""
SERVES = f"""{LISTENS}
signal.signal(signal.SIGTERM, signal.SIG_IGN)
peer = listener.accept()[0]
peer.recv(4096)
peer.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
peer.close()
"""
WRONG = {
    "import sys; sys.exit('error: no such thing here')": "no such thing here",
    "import os; os._exit(3)": "it ended with 3",
    "raise OSError('a bug')": "OSError: a bug",
    "import signal; signal.pause()": "it did not listen within 3 s",
    f"{LISTENS}listener.close(); sys.exit('it changed its mind')": "did not answer",
    LISTENS + "signal.pause()": "did not answer (timed out)",
    SERVES.replace("200 OK", "500 No"): "it answered b'HTTP/1.1 500'",
    SERVES + "sys.exit('error: broken by the first request')": "broken by the first request",
    f"{SERVES}signal.pause()": "did not stop within 3 s of SIGTERM",
}
"""What a server may do, and the reason that it then has."""


def test_every_variant_can_run_here_but_the_one_that_is_forbidden() -> None:
    done = subprocess.run(  # noqa: S603 - this repository's own command, no shell
        without_io_uring(errno.EPERM, *command("check")),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=len(names()) * PATIENCE_S,
        check=False,
    )
    assert done.returncode == ServerExit.OK, done.stderr
    reasons = json.loads(done.stdout)
    assert sorted(reasons) == names()
    assert reasons.pop("io_uring").startswith("io_uring cannot be used here (")
    assert set(reasons.values()) == {""}


@pytest.mark.parametrize(("program", "reason"), WRONG.items())
def test_a_server_that_cannot_run_has_a_reason(
    monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    monkeypatch.setattr(check, "COMMAND", (sys.executable, "-c", program))
    if "within" in reason or "timed out" in reason:
        monkeypatch.setattr(check, "PATIENCE_S", 3.0)
    assert reason in check.why_not("any")


def test_server_that_dies_of_the_signal_that_stops_it_can_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ending = SERVES.replace("signal.SIG_IGN", "signal.SIG_DFL") + "signal.pause()"
    monkeypatch.setattr(check, "COMMAND", (sys.executable, "-c", ending))
    assert check.why_not("any") == ""


def test_nothing_of_a_server_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not even a process that it forked and that outlives it."""
    told = tmp_path / "pid"
    forks = f"""
import os, signal
child = os.fork()
if child:
    open({str(told)!r}, "w").write(str(child))
    raise SystemExit("its child goes on")
signal.pause()
"""
    monkeypatch.setattr(check, "COMMAND", (sys.executable, "-c", forks))
    assert check.why_not("any") == "its child goes on"
    child = int(told.read_text())

    def is_gone() -> bool:
        return not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"

    eventually(is_gone, "the end of the child")
