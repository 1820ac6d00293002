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
from experiments.choice import choose
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


def chosen(command: Callable[..., None]) -> Callable[..., None]:
    """The options that change which servers an experiment is asked of."""
    for option in (
        click.option("--references", is_flag=True, help="Also nginx, gunicorn, uvicorn, granian."),
        click.option("--port", type=click.IntRange(1, 65_535), help="Where the image listens."),
        click.option("--server", default="", help="Only this: a server's name, or an image."),
    ):
        command = option(command)
    return command


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
@chosen
@answered
def plan_(experiment: str, server: str, port: int | None, references: bool) -> None:
    """Print the trials of EXPERIMENT and how long they will take."""
    trials = plan(choose(experiment, server, port, references).experiment)
    for trial in trials:
        click.echo(f"{trial.position:4}  block {trial.block}  {describe(trial)}")
    click.echo(f"{len(trials)} trials, about {expected_s(trials) / 60:.0f} minutes")


@cli.command()
@click.argument("experiment", default="c10k")
@chosen
@answered
def run(experiment: str, server: str, port: int | None, references: bool) -> None:
    """Run EXPERIMENT (a name, or a YAML file) and report on it."""
    _report(start(choose(experiment, server, port, references), console).folder)


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
@click.option("--references", is_flag=True, help="Also the image of the reference servers.")
@answered
def images_(peers: bool, references: bool) -> None:
    """Build the images that are not there yet."""
    from experiments.docker_driver import DockerDriver
    from experiments.images.build import ensure_images
    from experiments.images.references import ensure_references
    from experiments.owner import RunLock

    # A new image supersedes the old one, which a run would still want.
    with RunLock("images", ROOT), DockerDriver() as driver:
        images = ensure_images(driver, ("server", "load", *(["peers"] if peers else [])))
        if references:
            ensure_references(driver, images.base)


@cli.command("bench")
@answered
def bench_() -> None:
    """Compare the load engine with wrk, ab and Locust's own clients, as ratios."""
    from experiments.bench import bench

    click.echo(f"figures in {_short(bench(console))}")


@cli.command("bench-servers")
@click.option("--servers", default="", help="Only these, separated by commas.")
@answered
def bench_servers_(servers: str) -> None:
    """Compare every variant with level-triggered epoll, in one table."""
    from experiments.bench_servers import bench_servers

    names = servers.replace(",", " ").split()
    click.echo(f"figures in {_short(bench_servers(console, names))}")


@cli.command("hostile")
@click.option("--inputs", type=click.IntRange(1, 10_000_000), help="Inputs for each server.")
@click.option("--servers", default="", help="Only these, separated by commas.")
@click.option("--seed", type=int, help="Of a campaign to be repeated.")
@click.option("--input", "one", type=int, help="Throw this one input of the seed alone.")
@answered
def hostile_(inputs: int | None, servers: str, seed: int | None, one: int | None) -> None:
    """Throw hostile inputs at each variant; afterwards it must stand as before."""
    from experiments.hostile import INPUTS, hostile

    names = servers.replace(",", " ").split()
    click.echo(f"figures in {_short(hostile(console, inputs or INPUTS, names, seed, one))}")


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
