"""`make truths`: check-ups of servers whose answers are known, and how many tell them rightly."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click
from rich.console import Console

from analysis.checkup.report import build
from contract.console import say
from contract.exits import Exit, LabError
from experiments.checkup.choice import choose_checkup
from experiments.checkup.rules_file import read_rules
from experiments.cli.commands import with_exit_codes
from experiments.docker.docker_driver import DockerDriver
from experiments.images.build import ensure_images
from experiments.images.context import build_context
from experiments.images.image import repository
from experiments.images.store import ImageStore
from experiments.machine.run_lock import RunLock
from experiments.paths import RESULTS, ROOT
from experiments.run import session
from tests.foreign.truths.expected import TRUTHS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "truths"
IMAGE = repository("truths")
FOLDER = ROOT / "tests" / "foreign" / "truths"
STOPPING = ROOT / "tests" / "foreign" / "stopping" / "server.py"
OF_STOPPING = ("loses",)
"""What the other server is to be."""
OFTEN = 0.9
"""Of the check-ups of a server, those that have to tell it rightly."""


@click.command()
@click.option("--times", type=click.IntRange(1, 100), default=10, help="Check-ups of each server.")
@click.option("--only", default="", help="Servers, with commas between; default all.")
@click.option("--whole", is_flag=True, help="Not the quick check-up.")
@with_exit_codes
def main(times: int, only: str, whole: bool) -> None:
    """Exits 1 where a server is told rightly in fewer than nine of ten check-ups."""
    console, right = Console(highlight=False), Counter[str]()
    chosen = _chosen(only)
    image = _image()
    for round_ in range(1, times + 1):
        for truth in chosen:
            wrong = _told_wrongly(image, truth, quick=not whole)
            right[truth] += not wrong
            say(console, f"{truth}, {round_} of {times}: {wrong or 'told rightly'}")
    for truth in chosen:
        say(console, f"{truth}: told rightly in {right[truth]} of {times}")
    enough = all(right[truth] >= OFTEN * times for truth in chosen)
    sys.exit(Exit.OK if enough else Exit.FAILED)


def _chosen(only: str) -> Sequence[str]:
    names = only.replace(",", " ").split() or list(TRUTHS)
    if unknown := [one for one in names if one not in TRUTHS]:
        raise LabError(
            f"ONLY={only}: no such server: {', '.join(unknown)}; one of {', '.join(TRUTHS)}",
            Exit.BAD_INPUT,
        )
    return names


def _image() -> str:
    """Built from the steps that are there already, where nothing changed."""
    with RunLock(NAME, ROOT), DockerDriver() as driver:
        images = ensure_images(driver, ["server", "load"])
        files = {file: (FOLDER / file).read_bytes() for file in ("Dockerfile", "server.py")}
        files["stopping.py"] = STOPPING.read_bytes()
        with build_context(files) as context:
            ImageStore(driver).build(context, IMAGE, arguments={"BASE": images.server})
    return IMAGE


def _told_wrongly(image: str, truth: str, *, quick: bool) -> str:
    """What a check-up of the server says that is not so; empty if all is."""
    path = _described(image, truth)
    asked = ",".join(dict.fromkeys(says.question for says in TRUTHS[truth]))
    choice = choose_checkup(str(path), None, read_rules(None, asked), [], quick=quick)
    store = session.start(choice.source, Console(quiet=True), 0.0, choice.known)
    made = build(store.folder)
    if made is None or not made.found.complete:
        raise LabError(f"{store.folder}: not a finished check-up")
    differing = [line for says in TRUTHS[truth] for line in says.differs(made.found)]
    return f"{'; '.join(differing)} ({store.folder})" if differing else ""


def _described(image: str, truth: str) -> Path:
    path = RESULTS / NAME / f"{truth}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    program = "stopping.py" if truth in OF_STOPPING else "server.py"
    path.write_text(f"image: {image}\nname: {truth}\ncommand: [{program}, {truth}]\n")
    return path


if __name__ == "__main__":
    main()
