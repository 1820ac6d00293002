"""The command line: `python -m experiments COMMAND`; `make help` lists the short ways."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.table import Table

from contract.console import cell, echo, spoken
from contract.exits import Exit
from experiments.cli.commands import answered, chosen, console, ended, short, told
from experiments.cli.reporting import analyse, report_before
from experiments.paths import RESULTS, ROOT
from experiments.plan import experiment_file
from experiments.plan.overrides import choose
from experiments.plan.schema import Experiment
from experiments.plan.trials import UNKNOWN, notes, plan
from experiments.records.run_folder import Store
from experiments.run.loop import AfterwardsError, Interrupted
from experiments.run.progress import describe, minutes
from experiments.run.session import last_unfinished, limits_here, resume, start


@click.group()
def cli() -> None:
    """The C10K lab: run experiments in containers and report on them."""


@cli.command("list")
@answered
def list_() -> None:
    """List the experiments, with their questions."""
    table = Table("experiment", "trials", "about", "question", box=None)
    for name in experiment_file.names():
        experiment = experiment_file.read(experiment_file.find(name))
        trials = plan(experiment)
        table.add_row(
            cell(name), str(len(trials)), f"{minutes(trials)} min", cell(experiment.question)
        )
    console.print(table)


@cli.command("plan")
@click.argument("experiment", default="c10k")
@chosen
@answered
def plan_(
    experiment: str, server: str, port: int | None, references: bool, repeats: int | None
) -> None:
    """Print the trials of EXPERIMENT and how long they will take."""
    asked = choose(experiment, server, port, references, repeats).experiment
    limits = limits_here()
    trials = plan(asked, limits or UNKNOWN)
    for trial in trials:
        echo(f"{trial.position:4}  block {trial.block}  {describe(trial)}")
    for note in notes(trials):
        echo(note)
    if limits is None:
        echo("not fitted to this machine, which is not known: `run` reads its limits first")
    echo(f"{len(trials)} trials, about {minutes(trials)} min")


@cli.command()
@click.argument("experiment", default="c10k")
@chosen
@spoken
@answered
def run(
    experiment: str,
    server: str,
    port: int | None,
    references: bool,
    repeats: int | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run EXPERIMENT (a name, or a YAML file) and report on it."""
    where, options = told(quiet, as_json)
    asked = choose(experiment, server, port, references, repeats)
    _measured(lambda: start(asked, where), options)


@cli.command("resume")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@spoken
@answered
def resume_(folder: Path | None, quiet: bool, as_json: bool) -> None:
    """Go on with the run in FOLDER; the last unfinished one if none is given."""
    where, options = told(quiet, as_json)
    _measured(lambda: resume(folder or last_unfinished(), where), options)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), default=RESULTS / "latest")
@spoken
@answered
def report(folder: Path, quiet: bool, as_json: bool) -> None:
    """Write the report of the run in FOLDER (default: the latest)."""
    _report(folder, told(quiet, as_json)[1])


@cli.command("claims")
@answered
def claims_() -> None:
    """List the claims of the argument, each with its last verdict and the run that gave it."""
    sys.exit(_analysis("claims", str(RESULTS)))


@cli.command("schema")
@answered
def schema_() -> None:
    """Print the JSON schema of experiment files, for editors."""
    click.echo(json.dumps(Experiment.model_json_schema(), indent=2))


@cli.command("doctor")
@answered
def doctor_() -> None:
    """Check what the lab needs, and say what to do about each shortfall."""
    from experiments.docker.docker_driver import DockerDriver
    from experiments.machine.doctor import checks
    from experiments.machine.doctor import report as tell

    with DockerDriver() as driver:
        sys.exit(tell(checks(driver), console))


@cli.command("images")
@click.option("--peers", is_flag=True, help="Also the image of the benchmark's peers.")
@click.option("--references", is_flag=True, help="Also the image of the reference servers.")
@answered
def images_(peers: bool, references: bool) -> None:
    """Build the images that are not there yet."""
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import ensure_images
    from experiments.images.references import ensure_references
    from experiments.run.run_lock import RunLock

    # A new image supersedes the old one, which a run would still want.
    with RunLock("images", ROOT), DockerDriver() as driver:
        images = ensure_images(driver, ("server", "load", *(["peers"] if peers else [])))
        if references:
            ensure_references(driver, images.base)


@cli.command("bench-loadgen")
@click.option("--only", default="", help="Only these groups: peers, features, capacity, workers.")
@click.option("--rounds", type=click.IntRange(1, 100), default=5, show_default=True)
@answered
def bench_loadgen_(only: str, rounds: int) -> None:
    """Compare the load engine with wrk, ab and Locust's own clients, and with itself."""
    from experiments.benchmarks.load_generators import bench_loadgen

    groups = only.replace(",", " ").split()
    echo(f"figures in {short(bench_loadgen(console, groups, rounds))}")


@cli.command("bench-analysis")
@answered
def bench_analysis_() -> None:
    """Time a report of 100,000 trials, and a comparison of two large runs."""
    from experiments.benchmarks.analysis_speed import bench_analysis

    sys.exit(bench_analysis(console))


@cli.command("bench-servers")
@click.option("--servers", default="", help="Only these, separated by commas.")
@answered
def bench_servers_(servers: str) -> None:
    """Compare every variant with level-triggered epoll, in one table."""
    from experiments.benchmarks.server_costs import bench_servers

    names = servers.replace(",", " ").split()
    echo(f"figures in {short(bench_servers(console, names))}")


@cli.command("crosscheck")
@answered
def crosscheck_() -> None:
    """Compare the lab's figures with those of ab, wrk, httperf, ss, nstat and strace."""
    from experiments.crosscheck.campaign import crosscheck

    echo(f"figures in {short(crosscheck(console))}")


@cli.command("hostile")
@click.option("--inputs", type=click.IntRange(1, 10_000_000), help="Inputs for each server.")
@click.option("--servers", default="", help="Only these, separated by commas.")
@click.option("--seed", type=int, help="Of a campaign to be repeated.")
@click.option("--input", "one", type=int, help="Throw this one input of the seed alone.")
@answered
def hostile_(inputs: int | None, servers: str, seed: int | None, one: int | None) -> None:
    """Throw hostile inputs at each variant; afterwards it must stand as before."""
    from experiments.hostile.campaign import INPUTS, hostile

    names = servers.replace(",", " ").split()
    echo(f"figures in {short(hostile(console, inputs or INPUTS, names, seed, one))}")


@cli.command("faults")
@click.option("--endings", type=click.IntRange(1, 10_000), help="How many.")
@click.option("--seed", type=int, help="Of a campaign to be repeated.")
@answered
def faults_(endings: int | None, seed: int | None) -> None:
    """End trials in every way, each followed by a good trial, which has to be valid."""
    from experiments.faults.campaign import ENDINGS, campaign

    seed = int(time.time()) if seed is None else seed
    echo(f"all of them in {short(campaign(console, endings or ENDINGS, seed))}")


@cli.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Load workers.")
@answered
def ui(workers: int) -> None:
    """Start every variant that can run here, with the Locust web UI, for loading by hand."""
    from experiments.by_hand import up

    try:
        url = up(workers)
    except Interrupted:
        ended(Exit.INTERRUPTED, "\nstopped; nothing of it is left")
    echo(f"the web UI is at {url}; end it with: make down")


@cli.command()
@answered
def down() -> None:
    """End what `ui` started."""
    from experiments.by_hand import down as end

    end()


@cli.command("clean")
@answered
def clean_() -> None:
    """Remove what the lab made in Docker, images included; results stay."""
    from experiments.docker.docker_driver import DockerDriver
    from experiments.run.run_lock import RunLock

    with RunLock("clean", ROOT), DockerDriver() as driver:
        removed, left = driver.remove_all(), driver.left()
    echo(f"removed {len(removed)}: {', '.join(removed)}" if removed else "nothing to remove")
    if left:
        echo(
            f"kept {len(left)}: {', '.join(left)}: a container that is not the lab's uses each; "
            "`docker ps --all` lists them"
        )


@cli.command("compare", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@answered
def compare_(arguments: tuple[str, ...]) -> None:
    """Compare runs, given as folders; see: python -m analysis compare --help."""
    sys.exit(_analysis("compare", *arguments))


@cli.command("history")
@click.argument("experiment", default="c10k")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@answered
def history_(experiment: str, options: tuple[str, ...]) -> None:
    """The trend over all runs of EXPERIMENT, in one picture and a table."""
    sys.exit(_analysis("history", str(RESULTS / experiment), *options))


def _analysis(*arguments: str) -> int:
    return analyse(arguments).returncode


def _measured(measure: Callable[[], Store], options: Sequence[str]) -> None:
    """Report on what was measured; what failed after the last trial is told after the report."""
    try:
        folder = measure().folder
    except AfterwardsError as error:
        sys.exit(report_before(error, options))
    else:
        _report(folder, options)


def _report(folder: Path, options: Sequence[str] = ()) -> None:
    if code := _analysis("report", str(folder), *options):
        sys.exit(code)


if __name__ == "__main__":
    cli()
