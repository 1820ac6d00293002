"""`make foreign`: measure servers of others, hold three of them against wrk, write the page."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console

from contract.console import say
from contract.exits import Exit
from experiments.benchmarks.frame import frame
from experiments.cli.commands import with_exit_codes
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.tool import run_tool
from experiments.images.build import ensure_images
from experiments.images.store import ImageStore
from experiments.machine.run_lock import RunLock
from experiments.paths import RESULTS, ROOT
from experiments.plan.overrides import read_source
from experiments.run import session
from tests.foreign import agreement, document
from tests.foreign.expected import EXPECTED
from tests.foreign.image import LOCK, ensure_others, experiment
from tests.foreign.sweep import differences, outcomes

if TYPE_CHECKING:
    from pathlib import Path

    from experiments.plan.source import Source

NAME = "foreign"
PACKAGES = {
    "nginx_default": "nginx",
    "node_http": "nodejs",
    "php_s": "php-cli",
    "http_server": "python3",
    "uvicorn_default": "uvicorn",
}
"""Packages that are not called like their server."""
DPKG = ("dpkg-query", "-W", "-f", "${Package} ${Version}\\n")
LOCKED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


@with_exit_codes
def main() -> None:
    """Exits 1 where the lab and wrk disagree, or a trial has another outcome than is expected."""
    console = Console(highlight=False)
    with RunLock(NAME, ROOT), DockerDriver() as driver:
        base = ensure_images(driver).base
        image = ensure_others(driver, base)
        installed = run_tool(driver, image, DPKG)
    source = _source(image)
    folder = session.start(source, console).folder
    agreements = _agreements(source, image, folder, console)
    versions = _versions(source, installed)
    document.DOCUMENT.write_text(document.write(folder, versions, agreements))
    say(console, f"records in {folder}; written: {document.DOCUMENT}")
    others = differences(outcomes(folder), EXPECTED)
    for trial, told in others.items():
        say(console, f"{trial}: {told}")
    held = all(one.holds for one in agreements) and not others
    sys.exit(Exit.OK if held else Exit.FAILED)


def _source(image: str) -> Source:
    """The experiment in that image, kept beside the results as it is run."""
    path = RESULTS / NAME / "servers.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(experiment(image))
    return read_source(path, NAME)


def _agreements(
    source: Source, image: str, folder: Path, console: Console
) -> list[agreement.Agreement]:
    """The rounds with wrk; their figures are kept in the run's folder."""
    with frame(NAME, ("server", "load", "peers"), console) as made:
        found = ImageStore(made.driver).find(image)
        if found is None:
            raise LookupError(image)
        compared = agreement.compare(made, source.experiment.servers, found.id)
    for one in compared:
        ratio = one.ratio
        say(console, f"{one.server}: {ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f})")
    figures = json.dumps([asdict(one) for one in compared], indent=2)
    (folder / "wrk.json").write_text(figures + "\n")
    return compared


def _versions(source: Source, installed: str) -> dict[str, str]:
    """The version of each server, by its name."""
    known = dict(line.split(" ") for line in installed.splitlines())
    known |= dict(LOCKED.findall(LOCK.read_text()))
    return {one.name: known[PACKAGES.get(one.name, one.name)] for one in source.experiment.servers}


if __name__ == "__main__":
    main()
