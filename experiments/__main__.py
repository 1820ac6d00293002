"""The command line: `python -m experiments COMMAND`; `make help` lists the short ways."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from rich.table import Table

from contract.compared import parsed_share
from contract.console import cell, echo, spoken
from experiments.checkup.choice import choice_of
from experiments.checkup.rules_file import read_rules
from experiments.cli import benchmarks, machine
from experiments.cli.commands import (
    choice_options,
    console,
    hosts_option,
    output_of,
    with_exit_codes,
)
from experiments.cli.reporting import report_before
from experiments.paths import RESULTS
from experiments.plan import experiment_file
from experiments.plan.budget import budget_of, read_budget
from experiments.plan.on_hosts import who_does_what
from experiments.plan.overrides import choose, with_hosts
from experiments.plan.schema import Experiment
from experiments.plan.source import Source
from experiments.plan.trials import UNKNOWN, expected_s, notes, plan
from experiments.plan.two_servers import USUAL, choose_two
from experiments.records.run_folder import Store
from experiments.run.analysis import analyse
from experiments.run.here import limits_here, references_here
from experiments.run.loop import AfterwardsError
from experiments.run.progress import describe, minutes
from experiments.run.session import resume, start
from experiments.run.unfinished import last_unfinished


@click.group()
def cli() -> None:
    """The C10K lab: run experiments in containers and report on them."""


@cli.command("list")
@with_exit_codes
def list_() -> None:
    """List the experiments, with their questions."""
    table = Table("experiment", "trials", "about", "question", box=None)
    for name in experiment_file.names():
        experiment = experiment_file.read(experiment_file.find(name))
        trials = plan(experiment)
        about = f"{minutes(expected_s(trials))} min"
        table.add_row(cell(name), str(len(trials)), about, cell(experiment.question))
    console.print(table)


@cli.command("plan")
@click.argument("experiment", default="c10k")
@choice_options
@with_exit_codes
def plan_(
    experiment: str,
    server: str,
    port: int | None,
    references: bool,
    repeats: int | None,
    hosts: Path | None,
    budget: str,
) -> None:
    """Print the trials of EXPERIMENT and how long they will take."""
    asked_s = read_budget(budget)
    _tell_plan(choose(experiment, server, port, references, repeats, hosts), asked_s)


def _tell_plan(source: Source, asked_s: float | None) -> None:
    asked = source.experiment
    limits = None if asked.hosts else limits_here()
    trials = plan(asked, limits or UNKNOWN)
    for trial in trials:
        echo(f"{trial.position:4}  block {trial.block}  {describe(trial)}")
    for note in (*source.notes, *notes(trials)):
        echo(note)
    workers = max((one.point.settings.load_workers for one in trials), default=1)
    for line in who_does_what(asked.hosts, workers) if asked.hosts else ():
        echo(line)
    if limits is None:
        whose = "the hosts" if asked.hosts else "this machine"
        echo(f"not fitted to {whose}: `run` reads the limits first")
    echo(f"{len(trials)} trials, about {minutes(expected_s(trials))} min")
    if more_s := budget_of(asked_s, asked, trials):
        echo(f"then at most {minutes(more_s)} min for what is open")


@cli.command()
@click.argument("experiment", default="c10k")
@choice_options
@spoken
@with_exit_codes
def run(
    experiment: str,
    server: str,
    port: int | None,
    references: bool,
    repeats: int | None,
    hosts: Path | None,
    budget: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run EXPERIMENT (a name, or a YAML file) and report on it."""
    where, options = output_of(quiet, as_json)
    budget_s = read_budget(budget)
    asked = choose(experiment, server, port, references, repeats, hosts)
    _measured(lambda: start(asked, where, budget_s), options)


@cli.command("checkup")
@click.option("--server", default="", help="A server's name, an image, or its file.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Where the image listens.")
@click.option("--rules", type=click.Path(path_type=Path), help="Limits and marks, as a YAML file.")
@click.option("--questions", default="", help="Those to ask, with commas between; default all.")
@click.option("--beside", default="", help="Servers that are asked the same, or: none.")
@hosts_option
@click.option("--quick", is_flag=True, help="In half the time, with wider intervals.")
@click.option("--a", default="", help="The base, where two servers are compared.")
@click.option("--b", default="", help="The server that is compared with it.")
@click.option("--tolerance", default="", help="A regression of B beyond it fails; 10% or 0.1.")
@spoken
@with_exit_codes
def checkup_(
    server: str,
    port: int | None,
    rules: Path | None,
    questions: str,
    beside: str,
    hosts: Path | None,
    quick: bool,
    a: str,
    b: str,
    tolerance: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Ask one server what it holds, what it costs and what breaks it, and report on it; or two,
    trial by trial, and what changed."""
    where, options = output_of(quiet, as_json)
    share = parsed_share(tolerance, "TOLERANCE") if tolerance else None
    document = read_rules(rules, questions)
    asked = choice_of(
        server,
        (a, b),
        port,
        document,
        beside,
        share,
        lambda: hosts is None and references_here(),
        quick=quick,
    )
    source = with_hosts(asked.source, hosts)
    _measured(lambda: start(source, where, 0.0, asked.known), options)


@cli.command("ab")
@click.option("--a", default="", help="The base: an image, a file that describes a server, a name.")
@click.option("--b", default="", help="The server that is compared with it.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Where the images listen.")
@click.option("--experiment", default=USUAL, show_default=True, help="What both are asked.")
@click.option("--repeats", type=click.IntRange(1, 1_000), help="Blocks, not as it says.")
@click.option("--budget", default="", help="Time for what is open after the plan, or 0.")
@click.option("--tolerance", default="", help="A regression beyond it fails; 10% or 0.1.")
@hosts_option
@click.option("--plan", "plan_only", is_flag=True, help="Print the trials, and measure nothing.")
@spoken
@with_exit_codes
def ab(
    a: str,
    b: str,
    port: int | None,
    experiment: str,
    repeats: int | None,
    budget: str,
    tolerance: str,
    hosts: Path | None,
    plan_only: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Compare server B with server A, side by side in one run.

    Each trial of the experiment is run for both in each block, and what cannot be told yet is
    measured again until the budget ends. Ends with 0 if nothing got worse, 8 after a regression
    beyond the tolerance, 9 if it cannot tell.
    """
    where, options = output_of(quiet, as_json)
    budget_s = read_budget(budget)
    share = parsed_share(tolerance, "TOLERANCE") if tolerance else None
    asked = with_hosts(choose_two(a, b, port, experiment, repeats, share), hosts)
    if plan_only:
        _tell_plan(asked, budget_s)
        return
    _measured(lambda: start(asked, where, budget_s), options)


@cli.command("resume")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@spoken
@with_exit_codes
def resume_(folder: Path | None, quiet: bool, as_json: bool) -> None:
    """Go on with the run in FOLDER; the last unfinished one if none is given."""
    where, options = output_of(quiet, as_json)
    _measured(lambda: resume(folder or last_unfinished(RESULTS), where), options)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path), default=RESULTS / "latest")
@spoken
@with_exit_codes
def report(folder: Path, quiet: bool, as_json: bool) -> None:
    """Write the report of the run in FOLDER (default: the latest)."""
    _report(folder, output_of(quiet, as_json)[1])


@cli.command("claims")
@with_exit_codes
def claims_() -> None:
    """List the claims of the argument, each with its last verdict and the run that gave it."""
    sys.exit(_analysis("claims", str(RESULTS)))


@cli.command("schema")
@with_exit_codes
def schema_() -> None:
    """Print the JSON schema of experiment files, for editors."""
    click.echo(json.dumps(Experiment.model_json_schema(), indent=2))


@cli.command("compare", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_exit_codes
def compare_(arguments: tuple[str, ...]) -> None:
    """Compare runs, given as folders; see: python -m analysis compare --help."""
    sys.exit(_analysis("compare", *arguments))


@cli.command("history")
@click.argument("experiment", default="c10k")
@spoken
@with_exit_codes
def history_(experiment: str, quiet: bool, as_json: bool) -> None:
    """The trend over all runs of EXPERIMENT, in one picture and a table."""
    _, options = output_of(quiet, as_json)
    sys.exit(_analysis("history", str(RESULTS / experiment), *options))


for command in (*machine.COMMANDS, *benchmarks.COMMANDS):
    cli.add_command(command)


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
