"""The lab on a machine: its engine, an ordinary user, and a copy of this checkout."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from experiments.paths import ROOT
from tests.engines import daemons
from tests.engines.catalogue import PACKAGES
from tests.engines.machine import USER, Done, Machine, running
from tests.engines.roots import ensure_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engines.catalogue import Engine

PIP_CACHE: Final = "/var/cache/pip"
WIDE: Final = {"COLUMNS": "1000"}
"""A terminal on which no line is folded."""
IDS: Final = {"SUDO_UID": "-u", "SUDO_GID": "-g"}
VERSIONS: Final = {
    "docker": ("docker", "version", "--format", "{{.Server.Version}}"),
    "compose": ("docker", "compose", "version", "--short"),
    "python": ("python3", "-c", "import platform; print(platform.python_version())"),
    "images": ("docker", "info", "--format", "{{.Driver}}"),
    "cgroups": ("docker", "info", "--format", "v{{.CgroupVersion}}"),
}


@dataclass(frozen=True, slots=True)
class Lab:
    """`folder` is the checkout's on the machine."""

    engine: Engine
    machine: Machine
    folder: str

    def run(self, *words: str) -> Done:
        """A command of the user's, in the checkout."""
        return self.machine.run(*words, folder=self.folder, user=USER, given=WIDE)

    def must(self, *words: str) -> str:
        """What it printed. Raises MachineError when it fails."""
        return self.machine.must(*words, folder=self.folder, user=USER, given=WIDE)

    def command(self, *words: str) -> Done:
        """The lab's own command line: with its exit code, of which `make` tells nothing."""
        return self.run(".venv/bin/python", "-m", "experiments", *words)

    def as_root(self, *words: str) -> str:
        """As `sudo` runs it, which the lab's messages name. Raises MachineError when it fails."""
        ids = {name: self.must("id", letter).strip() for name, letter in IDS.items()}
        return self.machine.must(*words, folder=self.folder, given={"SUDO_USER": USER, **ids})


@contextmanager
def started(engine: Engine, log: Path, say: Callable[[str], None]) -> Iterator[Lab]:
    """The lab with its environment set up, beside an engine without images.

    Raises MachineError, or debootstrap.UnavailableError.
    """
    root = ensure_root(engine.suite, PACKAGES, say)
    with running(engine.name, root, log, bare=engine.bare) as machine:
        try:
            daemons.begin(engine, machine)
            yield _with_checkout(engine, machine)
        finally:
            machine.run("cat", daemons.LOG)


def _with_checkout(engine: Engine, machine: Machine) -> Lab:
    lab = Lab(engine, machine, f"/home/{USER}/{engine.checkout}")
    machine.must("chown", USER, PIP_CACHE)
    machine.environment["PIP_CACHE_DIR"] = PIP_CACHE
    with _checkout() as tar:
        machine.must("mkdir", lab.folder, user=USER)
        machine.must("tar", "-x", folder=lab.folder, user=USER, stdin=tar)
    lab.must("make", "plan", "EXPERIMENT=smoke")
    return lab


def versions(lab: Lab) -> dict[str, str]:
    """What its programs say of themselves."""
    return {name: lab.must(*words).strip() for name, words in VERSIONS.items()}


@contextmanager
def _checkout() -> Iterator[IO[bytes]]:
    """A tar of the files that git has or would take, and of its own."""
    asked = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words
    names = sorted(name for name in done.stdout.split("\0") if name and (ROOT / name).exists())
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for name in (*names, ".git"):
                tar.add(ROOT / name, name)
        file.seek(0)
        yield file
