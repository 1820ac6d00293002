"""A second Docker engine on this machine, or more: the same program, in a network namespace of its
own, with a cable to this one. For root on Linux, with an engine whose program is here."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Final

from experiments.docker.ownership import owner_id

if TYPE_CHECKING:
    from collections.abc import Iterator

CABLES: Final = IPv4Network("198.19.255.0/24")
"""Where both ends of the cable are from: addresses for tests of networks (RFC 2544), which nobody
routes."""
BITS: Final = 30
PROGRAMS: Final = ("dockerd", "ip", "nsenter", "setpriv", "unshare")
CONFIGURATION: Final = Path("/etc/docker/daemon.json")
OWN: Final = ("hosts", "data-root", "exec-root", "pidfile", "containerd", "bip")
PID: Final = "dockerd.pid"
START_S: Final = 30.0
END_S: Final = 20.0
OWN_CONTAINERD: Final = 'mount -t tmpfs tmpfs /run/containerd; exec "$@"'
"""It would use that of the first engine, if it saw it."""


@dataclass(frozen=True, slots=True)
class SecondEngine:
    """Its socket, the file of its network namespace, and the ends of the cable: this machine's, and
    its own."""

    socket: Path
    namespace: Path
    here: str
    there: str


def obstacle() -> str:
    """Why there can be none here; empty where there can."""
    if os.geteuid() != 0:
        return "a second engine needs root"
    missing = [one for one in PROGRAMS if not shutil.which(one)]
    return f"a second engine needs {', '.join(missing)}" if missing else ""


@contextmanager
def second_engine(
    folder: Path, number: int = 2, reaches: str = "", ahead_s: int = 0
) -> Iterator[SecondEngine]:
    """Until the end of the block; its images and containers lie in the folder. One with another
    `number` may be there at once; through its cable it `reaches` this address of the machine, too.
    The monotonic clock of its containers is so far ahead of this machine's.
    """
    name = f"c10k-{owner_id()[:8]}-{number}"
    here, there = _free_ends()
    found = SecondEngine(folder / "docker.sock", Path("/run/netns") / name, here, there)
    (folder / "exec").mkdir()
    (folder / "containerd").mkdir()
    if found.namespace.exists():  # a killed test left it, and its engine has ended with that
        _call("ip", "netns", "delete", name)
    _call("ip", "netns", "add", name)
    try:
        _lay_cable(name, here, there)
        if reaches:
            _call("ip", "-netns", name, "route", "add", reaches, "via", here)
        with (folder / "dockerd.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - fixed words
                _command(found, folder, ahead_s),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, range(os.cpu_count() or 1)),
            )
        try:
            _await(found.socket, process, folder / "dockerd.log")
            yield found
        finally:
            _end(process, folder / PID)
    finally:
        _call("ip", "netns", "delete", name)


def _command(found: SecondEngine, folder: Path, ahead_s: int) -> list[str]:
    """A namespace of time is that of children alone, so there has to be one."""
    of_time = ("--time", f"--monotonic={ahead_s}", "--fork", "--kill-child=TERM")
    return [
        *("nsenter", f"--net={found.namespace}", "setpriv", "--pdeathsig=TERM"),
        *("unshare", "--mount", *(of_time if ahead_s else ()), "sh", "-c", OWN_CONTAINERD, "sh"),
        *("dockerd", f"--host=unix://{found.socket}", f"--data-root={folder / 'data'}"),
        *(f"--exec-root={folder / 'exec'}", f"--pidfile={folder / PID}"),
        f"--config-file={_configuration(folder)}",
    ]


def _end(process: subprocess.Popen[bytes], pid: Path) -> None:
    """Of the engine, and with it of what waits for it."""
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(pid.read_text()), signal.SIGTERM)
        process.wait(END_S)
    process.kill()  # one that has not begun
    process.wait()


def _configuration(folder: Path) -> Path:
    """That of the first, without what a flag says of the second."""
    first = json.loads(CONFIGURATION.read_text()) if CONFIGURATION.exists() else {}
    own = folder / "daemon.json"
    own.write_text(json.dumps({key: first[key] for key in first if key not in OWN}))
    return own


def _free_ends() -> tuple[str, str]:
    """Of a cable that nobody has: that of a killed test may still lie, and it answers for its
    addresses."""
    taken = [
        IPv4Network(f"{one['local']}/{one['prefixlen']}", strict=False)
        for device in json.loads(_call("ip", "-json", "-4", "address"))
        for one in device["addr_info"]
    ]
    cables = CABLES.subnets(new_prefix=BITS)
    free = next(cable for cable in cables if not any(map(cable.overlaps, taken)))
    here, there = map(str, free.hosts())
    return here, there


def _lay_cable(name: str, here: str, there: str) -> None:
    device = name[-15:]
    _call("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
    _call("ip", "address", "add", f"{here}/{BITS}", "dev", device)
    _call("ip", "link", "set", device, "up")
    _call("ip", "-netns", name, "address", "add", f"{there}/{BITS}", "dev", "eth0")
    for one in ("lo", "eth0"):
        _call("ip", "-netns", name, "link", "set", one, "up")


def _await(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not path.exists():
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.05)


def _call(*words: str) -> str:
    """What it printed."""
    done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603 - fixed words
    assert not done.returncode, f"{' '.join(words)}: {done.stderr}"
    return done.stdout
