"""Commands about this machine and its engine, and for loading by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from contract.console import echo
from contract.exits import Exit, LabError
from experiments import by_hand
from experiments.cli.commands import console, ended, hosts_option, with_exit_codes
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.foreign.reference_image import ensure_references
from experiments.hosts import host_doctor
from experiments.hosts.ways import way_to
from experiments.images.build import ensure_images
from experiments.machine import doctor
from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from experiments.plan.hosts import Host
from experiments.plan.hosts_file import read_hosts
from experiments.run.loop import Interrupted


@click.command("doctor")
@click.option(
    "--hosts",
    type=click.Path(path_type=Path),
    help="A file that names the engines of several machines: these instead of this one's.",
)
@with_exit_codes
def doctor_(hosts: Path | None) -> None:
    """Check what the lab needs, and say what to do about each shortfall."""
    if hosts is not None:
        sys.exit(doctor.report(host_doctor.checks(read_hosts(hosts)), console))
    with DockerDriver() as driver:
        sys.exit(doctor.report(doctor.checks(driver), console))


@click.command("images")
@click.option("--peers", is_flag=True, help="Also the image of the benchmark's peers.")
@click.option("--references", is_flag=True, help="Also the image of the reference servers.")
@with_exit_codes
def images(peers: bool, references: bool) -> None:
    """Build the images that are not there yet."""
    # A new image supersedes the old one, which a run would still want.
    with RunLock("images", ROOT), DockerDriver() as driver:
        made = ensure_images(driver, ("server", "load", *(["peers"] if peers else [])))
        if references:
            ensure_references(driver, made.base)


@click.command("ui")
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Load workers.")
@with_exit_codes
def ui(workers: int) -> None:
    """Start every variant that can run here, with the Locust web UI, for loading by hand."""
    try:
        url = by_hand.up(workers)
    except Interrupted:
        ended(Exit.INTERRUPTED, "\nstopped; nothing of it is left")
    echo(f"the web UI is at {url}; end it with: make down")


@click.command("down")
@with_exit_codes
def down() -> None:
    """End what `ui` started."""
    by_hand.down()


@click.command("clean")
@hosts_option
@with_exit_codes
def clean(hosts: Path | None) -> None:
    """Remove what the lab made in Docker, images included; results stay."""
    with RunLock("clean", ROOT):
        if hosts is None:
            with DockerDriver() as driver:
                _clean(driver)
            return
        failed = [
            error
            for name, host in read_hosts(hosts).named.items()
            if (error := _clean_host(name, host))
        ]
    if failed:
        raise LabError("; ".join(map(str, failed)), failed[0].exit)


def _clean_host(name: str, host: Host) -> LabError | None:
    """Why it could not be done: the others are cleaned all the same."""
    try:
        with (
            way_to(host, name) as way,
            DockerDriver(address=way.address, where=way.where) as driver,
        ):
            _clean(driver, f"{name}: ")
    except LabError as error:
        return error
    except DriverError as error:
        return LabError(f"{name}: Docker: {error}")
    return None


def _clean(driver: DockerDriver, whose: str = "") -> None:
    removed, left = driver.remove_all(), driver.left()
    told = f"removed {len(removed)}: {', '.join(removed)}" if removed else "nothing to remove"
    echo(f"{whose}{told}")
    if left:
        echo(
            f"{whose}kept {len(left)}: {', '.join(left)}: a container that is not the lab's uses "
            "each; `docker ps --all` lists them"
        )


COMMANDS = (doctor_, images, ui, down, clean)
