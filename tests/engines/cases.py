"""What is tried on each engine. A case returns what was seen; whatever it raises, it failed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from contract.exits import Exit
from experiments.images.debootstrap import UnavailableError
from tests.engines.machine import MachineError
from tests.engines.network import LinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.engines.lab import Lab

ONE_POINT: Final = """\
question: Is anything built again?
repeats: 1
reference: false
settings: {active_connections: 4, window_s: 0.5, warm_up_s: 0.1}
sweeps: [{name: s, axes: {server: [poll]}}]
"""
BUILDING: Final = re.compile(r"^(image|base image|python packages|setting up)\b.*", re.MULTILINE)
LEFT: Final = (
    ("container", "ls", "--all"),
    ("image", "ls", "--all"),
    ("volume", "ls"),
    ("network", "ls", "--filter", "type=custom"),
)


class UnexpectedError(Exception):
    """It ended as it should, and what came out is not as it should be."""


def doctor(lab: Lab) -> str:
    lab.must("make", "doctor")
    return "`make doctor` finds nothing to mend"


def smoke(lab: Lab) -> str:
    """From nothing: the user is told that root has to make the base image, and then goes on."""
    told = lab.command("run", "smoke")
    if told.code != Exit.NOT_READY or "this needs root, once: `sudo" not in told.said:
        raise UnexpectedError(f"without root and registry it said: {told.said}")
    lab.as_root(".venv/bin/python", "-m", "experiments", "images")
    lab.must("make", "experiment", "EXPERIMENT=smoke")
    lab.must(".venv/bin/python", "-m", "tests.smoke_report", "results/latest")
    base = json.loads(lab.must("cat", "results/latest/manifest.json"))["images"]["base"]
    if base["origin"] != "debootstrap":
        raise UnexpectedError(f"the base image is from: {base['origin']}")
    return "`make experiment EXPERIMENT=smoke`, after root has made the images as it is told to"


def second_start(lab: Lab) -> str:
    images = lab.must("docker", "image", "ls", "--quiet", "--no-trunc")
    lab.machine.write(f"{lab.folder}/one.yaml", ONE_POINT)
    said = lab.must("make", "experiment", "EXPERIMENT=one.yaml")
    if built := BUILDING.search(said):
        raise UnexpectedError(f"a second start said: {built.group()}")
    if lab.must("docker", "image", "ls", "--quiet", "--no-trunc") != images:
        raise UnexpectedError("a second start changed the images")
    return "a second start builds nothing"


def ui(lab: Lab) -> str:
    said = lab.must("make", "ui")
    cannot = re.findall(r"^cannot run here: (\w+)", said, re.MULTILINE)
    lab.must(".venv/bin/python", "-m", "tests.engines.by_form")
    lab.must("make", "down")
    if left := lab.must("docker", "container", "ls", "--all", "--quiet"):
        raise UnexpectedError(f"containers are left: {left.split()}")
    without = f", but for {', '.join(cannot)}" if cannot else ""
    return f"`make ui` with every server{without}, loaded by the form; `make down`"


def clean(lab: Lab) -> str:
    lab.must("make", "clean")
    for words in LEFT:
        if left := lab.must("docker", *words, "--quiet"):
            raise UnexpectedError(f"docker {' '.join(words)}: {left.split()}")
    return "`make clean` leaves nothing"


CASES: Final[Mapping[str, Callable[[Lab], str]]] = {
    "doctor": doctor,
    "smoke": smoke,
    "second_start": second_start,
    "ui": ui,
    "clean": clean,
}
FAILURES: Final = (MachineError, LinkError, UnavailableError, UnexpectedError)
