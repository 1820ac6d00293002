"""Commands that try the lab itself: its speed, its figures, its servers, its endings."""

from __future__ import annotations

import sys
import time

import click

from contract.console import echo
from experiments.benchmarks.analysis_speed.benchmark import bench_analysis
from experiments.benchmarks.load_generators.benchmark import bench_loadgen
from experiments.benchmarks.server_costs.benchmark import bench_servers
from experiments.cli.commands import console, relative, with_exit_codes
from experiments.crosscheck.campaign import crosscheck
from experiments.faults.campaign import ENDINGS, campaign
from experiments.hostile.campaign import INPUTS, hostile


def _names(given: str) -> list[str]:
    """Names with commas or spaces between."""
    return given.replace(",", " ").split()


@click.command("bench-loadgen")
@click.option("--only", default="", help="Only these groups: peers, features, capacity, workers.")
@click.option("--rounds", type=click.IntRange(1, 100), default=5, show_default=True)
@with_exit_codes
def loadgen(only: str, rounds: int) -> None:
    """Compare the load engine with wrk, ab and Locust's own clients, and with itself."""
    echo(f"figures in {relative(bench_loadgen(console, _names(only), rounds))}")


@click.command("bench-analysis")
@with_exit_codes
def analysis() -> None:
    """Time reports and comparisons of runs, beside pandas reading the same files."""
    sys.exit(bench_analysis(console))


@click.command("bench-servers")
@click.option("--servers", default="", help="Only these, separated by commas.")
@with_exit_codes
def servers_(servers: str) -> None:
    """Compare every variant with level-triggered epoll, in one table."""
    echo(f"figures in {relative(bench_servers(console, _names(servers)))}")


@click.command("crosscheck")
@with_exit_codes
def crosscheck_() -> None:
    """Compare the lab's figures with those of ab, wrk, httperf, ss, nstat and strace."""
    echo(f"figures in {relative(crosscheck(console))}")


@click.command("hostile")
@click.option("--inputs", type=click.IntRange(1, 10_000_000), help="Inputs for each server.")
@click.option("--servers", default="", help="Only these, separated by commas.")
@click.option("--seed", type=int, help="Of a campaign to be repeated.")
@click.option("--input", "one", type=int, help="Throw this one input of the seed alone.")
@with_exit_codes
def hostile_(inputs: int | None, servers: str, seed: int | None, one: int | None) -> None:
    """Throw hostile inputs at each variant; afterwards it must stand as before."""
    path = hostile(console, inputs or INPUTS, _names(servers), seed, one)
    echo(f"figures in {relative(path)}")


@click.command("faults")
@click.option("--endings", type=click.IntRange(1, 10_000), help="How many.")
@click.option("--seed", type=int, help="Of a campaign to be repeated.")
@with_exit_codes
def faults(endings: int | None, seed: int | None) -> None:
    """End trials in every way, each followed by a good trial, which has to be valid."""
    seed = int(time.time()) if seed is None else seed
    echo(f"all of them in {relative(campaign(console, endings or ENDINGS, seed))}")


COMMANDS = (loadgen, analysis, servers_, crosscheck_, hostile_, faults)
