"""What is tried on each engine. A case returns what was seen; whatever it raises, it failed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from contract.exits import Exit
from experiments.images.base import OFFICIAL, REPOSITORY
from experiments.images.debootstrap import UnavailableError
from tests.engines.machine import MachineError
from tests.engines.network import LinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.engines.lab import Lab
    from tests.engines.machine import Done

ONE_POINT: Final = """\
question: Is anything built again?
repeats: 1
reference: false
settings: {active_connections: 4, window_s: 0.5, warm_up_s: 0.1}
sweeps: [{name: s, axes: {server: [poll]}}]
"""
IMAGES: Final = (".venv/bin/python", "-m", "experiments", "images")
REGISTRY: Final = "/srv/registry.yml"
OPEN: Final = """\
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "127.0.0.1:5000"}
"""
"""Debian's own configuration asks for a password that nobody has."""
PLAIN: Final = """\
made=$(docker create "$0" true) && docker export "$made" | docker import - "$1"
docker rm "$made"
"""
STRANGER: Final = "12345"
NOEXEC: Final = "/srv/noexec"
STRANGE: Final = """\
set -e
mkdir -p /srv/lab "$2" && cp -a "$0/." /srv/lab && chown -R "$1" /srv/lab
ln -s lab /srv/link && mount -t tmpfs -o noexec,mode=1777 tmpfs "$2"
"""
TRIES: Final = 3
DISTURBED: Final = "spoiled, not by the server, and made again"
"""In what a run says where something else had the machine."""
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
    return measure(lab)


def measure(lab: Lab) -> str:
    lab.as_root(*IMAGES)
    base = _measured(lab)
    if base["origin"] != "debootstrap":
        raise UnexpectedError(f"the base image is from: {base['origin']}")
    return "`make experiment EXPERIMENT=smoke`, after root has made the images"


def from_registry(lab: Lab) -> str:
    """The official name is that of an image which the mirror has; it was made here, and has none of
    the lab's labels."""
    lab.machine.write(REGISTRY, OPEN)
    lab.machine.begin("docker-registry", "serve", REGISTRY, log="/var/log/registry.log")
    lab.as_root(*IMAGES)
    pushed = f"127.0.0.1:5000/library/{OFFICIAL}"
    base = lab.must("docker", "image", "ls", "--quiet", REPOSITORY).split()[0]
    lab.machine.must("sh", "-c", PLAIN, base, pushed)
    lab.must("docker", "push", pushed)
    lab.must("make", "clean")
    lab.must("docker", "image", "rm", pushed)
    base_of_run = _measured(lab)
    if base_of_run["origin"] != "registry" or "@sha256:" not in base_of_run["digest"]:
        raise UnexpectedError(f"the base image of the run: {base_of_run}")
    lab.must("make", "clean")
    return "`make experiment EXPERIMENT=smoke` with a base image that it pulls; its digest is kept"


def _measured(lab: Lab) -> dict[str, str]:
    """The base image of a smoke run in which all is as it should be."""
    lab.must("make", "experiment", "EXPERIMENT=smoke")
    lab.must(".venv/bin/python", "-m", "tests.smoke_report", "results/latest")
    base: dict[str, str] = json.loads(lab.must("cat", "results/latest/manifest.json"))["images"][
        "base"
    ]
    return base


def _undisturbed(measured: Callable[[], Done]) -> Done:
    """The first try that the machine left alone, or the last one."""
    for _ in range(TRIES - 1):
        if (done := measured()).code == Exit.OK or DISTURBED not in done.said:
            return done
    return measured()


def refusal(lab: Lab) -> str:
    """Server and load would share their cores: it has to say so before the first trial."""
    lab.as_root(*IMAGES)
    doctor_said = lab.run("make", "doctor")
    run_said = lab.command("run", "smoke")
    for said in (doctor_said, run_said):
        if said.code == Exit.OK or lab.engine.refused not in said.said:
            raise UnexpectedError(f"it ended with {said.code} and said: {said.said}")
    if run_said.code != Exit.NOT_READY or lab.run("ls", "results/latest").code == 0:
        raise UnexpectedError(f"a run began: {run_said.said}")
    return f"refused before the first trial, and by `make doctor`, for `{lab.engine.refused}`"


def second_start(lab: Lab) -> str:
    images = lab.must("docker", "image", "ls", "--quiet", "--no-trunc")
    lab.machine.write(f"{lab.folder}/one.yaml", ONE_POINT)
    done = _undisturbed(lambda: lab.run("make", "experiment", "EXPERIMENT=one.yaml"))
    if done.code != Exit.OK:
        raise UnexpectedError(f"it ended with {done.code} and said: {done.said}")
    if built := BUILDING.search(done.said):
        raise UnexpectedError(f"a second start said: {built.group()}")
    if lab.must("docker", "image", "ls", "--quiet", "--no-trunc") != images:
        raise UnexpectedError("a second start changed the images")
    return "a second start builds nothing"


def stranger(lab: Lab) -> str:
    """All that may be unlike about a user at once: no name, a umask of 077, a home that is not
    there, temporary files where nothing can be executed, a checkout behind a symbolic link."""
    group = lab.machine.must("sh", "-c", "getent group docker | cut -d: -f3").strip()
    lab.machine.must("sh", "-c", STRANGE, lab.folder, STRANGER, NOEXEC)

    def make(goal: str) -> Done:
        return lab.machine.run(
            *("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", f"--groups={group}"),
            *("sh", "-c", f"umask 077; make {goal}"),
            folder="/srv/link",
            given={"HOME": "/nowhere", "USER": "", "TMPDIR": NOEXEC},
        )

    told = _undisturbed(lambda: make("experiment EXPERIMENT=one.yaml"))
    for done in (told, make("clean")):
        if done.code != Exit.OK:
            raise UnexpectedError(f"it ended with {done.code} and said: {done.said}")
    return (
        "the same for a user without name and home, with a umask of 077, a temporary folder in "
        "which nothing can be executed, and a checkout behind a symbolic link"
    )


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
    "measure": measure,
    "from_registry": from_registry,
    "refusal": refusal,
    "second_start": second_start,
    "stranger": stranger,
    "ui": ui,
    "clean": clean,
}
FAILURES: Final = (MachineError, LinkError, UnavailableError, UnexpectedError)
