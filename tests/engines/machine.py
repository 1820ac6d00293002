"""A machine of its own: begun, commanded and ended; what a killed run left of one is removed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from experiments.images.cache import OWNED
from experiments.paths import ROOT
from tests.engines import control_groups
from tests.engines.network import Link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.engines.control_groups import Hierarchy

MACHINES: Final = OWNED / "machines"
PIP_CACHE: Final = OWNED / "pip"
"""All machines use it, so that a package is fetched once."""
CHECKOUT: Final = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
GROUP: Final = f"c10k-lab-{CHECKOUT}"
ENTER: Final = Path(__file__).with_name("enter.sh")
INIT: Final = "docker-init"
"""What the first process becomes when all is in its place."""
JOIN: Final = 'until test "$1" = --; do echo $$ > "$1"; shift; done; shift; exec "$@"'
NAMESPACES: Final = ("--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup")
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED: Final = ("http_proxy", "https_proxy", "no_proxy", "pip_index_url", "pip_extra_index_url")
"""Variables with which the host reaches its mirrors, in either case."""
USER: Final = "user"
READY_S: Final = 30.0
LONGEST_S: Final = 1_200.0
TAIL: Final = 1_500


class MachineError(Exception):
    """A machine, or a command on one, failed; the message has what it said last."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended, and what it printed."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Machine:
    """`first` is its first process, as the host numbers it; `groups` are where all others go."""

    first: int
    groups: Sequence[Path]
    log: IO[str]
    environment: dict[str, str] = field(default_factory=dict)
    """Of all commands."""

    def run(
        self,
        *words: str,
        folder: str = "/",
        user: str = "root",
        given: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
    ) -> Done:
        """A command, waited for; `given` are variables. Raises MachineError if it does not end."""
        called = " ".join(words)
        try:
            done = subprocess.run(  # noqa: S603 - our own commands
                [*self._inside(), *self._as(user, folder, given or {}), *words],
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                timeout=LONGEST_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MachineError(f"{called} did not end within {LONGEST_S:.0f} s") from error
        self.log.write(f"{user}$ {called}\n{done.stdout}[{done.returncode}]\n")
        self.log.flush()
        return Done(done.returncode, done.stdout)

    def must(
        self,
        *words: str,
        folder: str = "/",
        user: str = "root",
        given: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
    ) -> str:
        """What it printed. Raises MachineError when it fails."""
        done = self.run(*words, folder=folder, user=user, given=given, stdin=stdin)
        if done.code:
            last = done.said.strip()[-TAIL:]
            raise MachineError(f"{' '.join(words)} ended with {done.code}: {last}")
        return done.said

    def begin(self, *words: str, log: str, user: str = "root") -> None:
        """A command that goes on until the machine ends; what it prints goes to a file there."""
        self.must("sh", "-c", 'setsid "$@" > "$0" 2>&1 &', log, *words, user=user)

    def write(self, path: str, text: str) -> None:
        self.must("sh", "-c", 'mkdir -p "$(dirname "$0")" && printf %s "$1" > "$0"', path, text)

    def wait_for(self, what: str, *words: str, user: str = "root") -> None:
        """Until that command succeeds. Raises MachineError."""
        deadline = time.monotonic() + READY_S
        while (done := self.run(*words, user=user)).code:
            if time.monotonic() > deadline:
                last = done.said.strip()[-TAIL:]
                raise MachineError(f"{what} is not ready after {READY_S:.0f} s: {last}")
            time.sleep(0.2)

    def _inside(self) -> list[str]:
        enter = ("nsenter", f"--target={self.first}", "--all", "--wd")
        return [*_joined(self.groups), *enter]

    def _as(self, user: str, folder: str, given: Mapping[str, str]) -> list[str]:
        home = "/root" if user == "root" else f"/home/{user}"
        own = {"HOME": home, "USER": user, "PATH": PATH, "LANG": "C.UTF-8"}
        variables = {**own, **self.environment, **given}
        words = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        if user != "root":
            words += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return [*words, "sh", "-c", 'cd "$0" && exec "$@"', folder]


@contextmanager
def running(name: str, root: Path, log: Path, *, bare: bool = False) -> Iterator[Machine]:
    """A machine with that root, until the end of the block; where `bare`, with the host's control
    groups of version 2 alone. Raises MachineError."""
    there, link = _hierarchies(), Link(CHECKOUT)
    sweep()
    for folder in (MACHINES / name, PIP_CACHE):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("w", encoding="utf-8") as written:
            control_groups.make(GROUP, there)
            outer = _start(name, root, there, written, bare=bare)
            try:
                first = _first(outer, log)
                link.open(first)
                yield Machine(first, _groups(there), written, _passed())
            finally:
                outer.kill()  # the first process dies with it, and all others with that
                outer.wait()
    finally:
        sweep()


def sweep() -> None:
    """End and remove what is there of this checkout's machine: a run before may have been killed.

    Raises OSError.
    """
    control_groups.remove(GROUP, _hierarchies())
    Link(CHECKOUT).close()
    if MACHINES.exists():
        shutil.rmtree(MACHINES)


def _start(
    name: str, root: Path, there: Sequence[Hierarchy], log: IO[str], *, bare: bool
) -> subprocess.Popen[bytes]:
    """`unshare`, which the kernel ends as soon as this process has ended, however that comes."""
    former = [f"{one.name}={one.options}" for one in there if one.options]
    asked = (not bare and former) or ["unified"]
    words = _joined([one.mount / GROUP for one in there])
    words += ["setpriv", "--pdeathsig=KILL", "unshare", *NAMESPACES, "--fork", "--kill-child"]
    return subprocess.Popen(  # noqa: S603 - fixed words
        [*words, "sh", str(ENTER), root.name, name, *asked],
        cwd=MACHINES,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _first(outer: subprocess.Popen[bytes], log: Path) -> int:
    """The first process of the machine, once that is whole. Raises MachineError."""
    children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
    deadline = time.monotonic() + READY_S
    while outer.poll() is None and time.monotonic() < deadline:
        try:
            for child in children.read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == INIT:
                    return int(child)
        except OSError:  # it has just ended
            continue
        time.sleep(0.02)
    raise MachineError(f"the machine did not start: {log.read_text(encoding='utf-8')[-TAIL:]}")


def _joined(groups: Sequence[Path]) -> list[str]:
    """What begins a command in these control groups."""
    return ["sh", "-c", JOIN, "sh", *(str(group / "cgroup.procs") for group in groups), "--"]


def _groups(there: Sequence[Hierarchy]) -> list[Path]:
    """Where commands go; where version 2 is mounted, into the group that hands nothing down."""
    groups = [one.mount / GROUP for one in there]
    return [group / "init" if (group / "init").is_dir() else group for group in groups]


def _hierarchies() -> list[Hierarchy]:
    return control_groups.hierarchies(control_groups.MOUNTS.read_text())


def _passed() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if value and name.lower() in PASSED}
