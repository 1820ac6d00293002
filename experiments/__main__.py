"""The command line: `python -m experiments COMMAND`; `make help` lists the short ways."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click
from rich.console import Console
from rich.table import Table

from experiments import load
from experiments.driver import DriverError
from experiments.exits import Exit, LabError
from experiments.plan import expected_s, plan
from experiments.run import Interrupted
from experiments.session import RESULTS, last_unfinished, resume, start
from experiments.watch import describe

ROOT = Path(__file__).parent.parent
console = Console(highlight=False)
P = ParamSpec("P")


def answered(command: Callable[P, None]) -> Callable[P, None]:
    """A LabError becomes its message and its exit code, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except LabError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit)
        except DriverError as error:
            click.echo(f"error: Docker: {error}", err=True)
            sys.exit(Exit.FAILED)
        except OSError as error:
            click.echo(f"error: {error.filename or 'system'}: {error.strerror or error}", err=True)
            sys.exit(Exit.FAILED)
        except Interrupted as stopped:
            click.echo("\nstopped; " + _how_to_go_on(stopped.folder), err=True)
            sys.exit(Exit.INTERRUPTED)
        except KeyboardInterrupt:
            click.echo("\nstopped", err=True)
            sys.exit(Exit.INTERRUPTED)

    return run


@click.group()
def cli() -> None:
    """The C10K lab: run experiments in containers and report on them."""


@cli.command("list")
@answered
def list_() -> None:
    """List the experiments, with their questions."""
    table = Table("experiment", "trials", "about", "question", box=None)
    for name in load.names():
        experiment = load.read(load.find(name))
        trials = plan(experiment)
        minutes = expected_s(trials) / 60
        table.add_row(name, str(len(trials)), f"{minutes:.0f} min", experiment.question)
    console.print(table)


@cli.command("plan")
@click.argument("experiment", default="c10k")
@answered
def plan_(experiment: str) -> None:
    """Print the trials of EXPERIMENT and how long they will take."""
    trials = plan(load.read(load.find(experiment)))
    for trial in trials:
        click.echo(f"{trial.position:4}  block {trial.block}  {describe(trial)}")
    click.echo(f"{len(trials)} trials, about {expected_s(trials) / 60:.0f} minutes")


@cli.command()
@click.argument("experiment", default="c10k")
@answered
def run(experiment: str) -> None:
    """Run EXPERIMENT (a name, or a YAML file) and report on it."""
    _report(start(load.find(experiment), console).folder)


@cli.command("resume")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@answered
def resume_(folder: Path | None) -> None:
    """Go on with the run in FOLDER; the last unfinished one if none is given."""
    _report(resume(folder or last_unfinished(), console).folder)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), default=RESULTS / "latest")
@answered
def report(folder: Path) -> None:
    """Write the report of the run in FOLDER (default: the latest)."""
    _report(folder)


@cli.command("doctor")
@answered
def doctor_() -> None:
    """Check what the lab needs, and say what to do about each shortfall."""
    from experiments.docker_driver import DockerDriver
    from experiments.doctor import checks
    from experiments.doctor import report as tell

    with DockerDriver() as driver:
        sys.exit(tell(checks(driver), console))


@cli.command("images")
@click.option("--peers", is_flag=True, help="Also the image of the benchmark's peers.")
@answered
def images_(peers: bool) -> None:
    """Build the images that are not there yet."""
    from experiments.docker_driver import DockerDriver
    from experiments.images.build import ensure_images
    from experiments.owner import RunLock

    # A new image supersedes the old one, which a run would still want.
    with RunLock("images", ROOT), DockerDriver() as driver:
        ensure_images(driver, ("server", "load", *(["peers"] if peers else [])))


@cli.command("bench")
@answered
def bench_() -> None:
    """Compare the load engine with wrk, ab and Locust's own clients, as ratios."""
    from experiments.bench import bench

    click.echo(f"figures in {_short(bench(console))}")


@cli.command()
@answered
def ui() -> None:
    """Start every variant with the Locust web UI, for loading by hand."""
    from experiments.compose import up

    click.echo(f"the web UI is at {up()}; end it with: make down")


@cli.command()
@answered
def down() -> None:
    """End what `ui` started."""
    from experiments.compose import down as end

    end()


@cli.command("clean")
@answered
def clean_() -> None:
    """Remove what the lab made in Docker, images included; results stay."""
    from experiments.docker_driver import DockerDriver
    from experiments.owner import RunLock

    with RunLock("clean", ROOT), DockerDriver() as driver:
        removed = driver.remove_all()
    click.echo(f"removed {len(removed)}: {', '.join(removed)}" if removed else "nothing to remove")


def _how_to_go_on(folder: Path | None) -> str:
    if folder is None:
        return "nothing was measured yet"
    return f"finished trials are kept. Go on with: make resume RUN={_short(folder)}"


def _report(folder: Path) -> None:
    """Analysis is a room of its own: it gets a folder, and knows nothing of the run."""
    done = subprocess.run(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", "analysis", "report", str(folder)], cwd=ROOT, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)


def _short(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    cli()
