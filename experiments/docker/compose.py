"""Docker Compose, either generation: what it prints goes to a file, its failure is one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from contract.exits import Exit, LabError
from experiments.docker.address import engine_address
from experiments.docker.ownership import owner_id, project
from experiments.paths import ROOT
from experiments.run.loop import deferred

PROJECT = project(owner_id())
"""Each checkout has its own: `down` never ends somebody else's."""
FILES: tuple[Path, ...] = tuple(
    ROOT / f"docker-compose.{name}" for name in ("yml", "override.yml", "override.yaml")
)
"""Those that are there are read, and no others, whatever COMPOSE_FILE says."""
LOG = ROOT / "results" / "ui" / "compose.log"
LONGEST_S: Final = 600.0
CAUSE: Final = re.compile(r"\berror\b", re.IGNORECASE)
NO_CAUSE: Final = "Encountered errors while bringing up the project"


class ComposeError(LabError):
    """Compose failed; the message has its own words."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Exit.NOT_READY)


def command() -> list[str]:
    """`docker compose` where it is there, else `docker-compose`. Raises LabError."""
    if shutil.which("docker"):
        probe = subprocess.run(
            ["docker", "compose", "version"],  # noqa: S607 - the user's own docker
            capture_output=True,
            check=False,
        )
        if probe.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise LabError(
        "neither `docker compose` nor `docker-compose` is there; install one of them",
        Exit.NOT_READY,
    )


class Compose:
    """Runs Compose on the lab's file, as one project. The log is begun anew."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = dict(variables)
        self._command = command()
        LOG.parent.mkdir(parents=True, exist_ok=True)
        LOG.write_text("")

    def run(self, *arguments: str, overridden: bool = True) -> str:
        """Its standard output. Raises ComposeError. What a person wrote is read if `overridden`.

        An interruption comes when it has ended: what it has asked of the engine would else be made
        after everything was removed. In a process group of its own Ctrl-C does not reach it.
        """
        there = [path for path in FILES if path.exists()][: None if overridden else 1]
        files = [word for path in there for word in ("--file", str(path))]
        words = [*self._command, *files, "--project-name", PROJECT, *arguments]
        called = f"{' '.join(self._command)} {arguments[0]}"
        try:
            with deferred("stopping as soon as Compose has ended"):
                done = self._ask(words)
        except subprocess.TimeoutExpired as error:
            raise ComposeError(f"{called} did not end within {LONGEST_S:.0f} s") from error
        said = f"{done.stdout}\n{done.stderr}".strip()
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join([*self._command, *arguments])}\n{said}\n")
        if done.returncode:
            raise ComposeError(f"{called}: {cause(said)} (all that it said is in {LOG})")
        return done.stdout

    def _ask(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - fixed words, and services of the file
            words,
            cwd=ROOT,
            env={**_surroundings(), **engine_address().variables, **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
            timeout=LONGEST_S,
            check=False,
        )


def _surroundings() -> dict[str, str]:
    """The user's, without what would have Compose start a stack or profile of theirs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COMPOSE_")}


def cause(output: str) -> str:
    """The line that says why Compose failed: the last one that speaks of an error, else the last.

    The first generation ends with a line that says nothing, and tells what failed above it.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    faults = [line for line in lines if CAUSE.search(line) and NO_CAUSE not in line]
    return next(reversed(faults or lines), "it ended without a word")
