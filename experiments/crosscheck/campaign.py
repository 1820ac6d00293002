"""`make crosscheck`: the lab's figures beside those of tools that others wrote.

Loads are compared in rounds: a trial of the lab, then the tool against a fresh server with
the same settings, on the same cores, over the same path. What the kernel counts is read at the
same moment by the probe's code and by `ss` and `nstat`, and has to be equal. System calls per
request are counted by `strace -c`, from the difference of two runs, and by tracing.py.
What a check-up's search finds is tried by `h2load` right below and above it.
Figures go to results/crosscheck/RUN/crosscheck.json.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from contract.checkup.kept import Limits
from contract.exits import LabError
from experiments.benchmarks.frame import Frame, Trials, frame
from experiments.benchmarks.void_attempts import VoidAttempt, print_void
from experiments.crosscheck import held_rate, tools
from experiments.crosscheck.table import DIFFERS, Compared, print_table
from experiments.docker.driver import ContainerSpec
from experiments.docker.tool import run_tool, running
from experiments.run.standalone_server import StandaloneServer
from experiments.run.trial_containers import Containers
from experiments.run.trial_environment import trial_environment

ROUNDS = 5
QUEUE_FULL_S = 60.0
TRACE_S = 120.0
SETTLE_S = 0.3
TRACED = "epoll_level"


def crosscheck(console: Console) -> Path:
    """Run all checks, print the table, return the file with the figures.

    Raises LabError where figures differ without a known reason.
    """
    compared: list[Compared] = []
    void: list[VoidAttempt] = []
    with frame("crosscheck", ("server", "load", "peers", "traced"), console) as made:
        try:
            _compare_all(made, compared, void)
        finally:  # whatever ends it, what was measured is kept
            found: dict[str, Any] = {"compared": [one.plain() for one in compared]}
            found["void"] = [asdict(one) for one in void]
            path = made.save({"run": made.run, **found}, "crosscheck.json")
            print_table(console, compared)
            print_void(console, void)
    if differing := [one for one in compared if one.verdict == DIFFERS]:
        names = ", ".join(f"{one.figure} of {one.tool}" for one in differing)
        raise LabError(f"differ without a known reason: {names} (all in {path})")
    return path


def _compare_all(made: Frame, compared: list[Compared], void: list[VoidAttempt]) -> None:
    with trial_environment(made.run, made.driver, made.images) as runner:
        bench = Bench(made, runner.containers)
        trials = Trials(made, runner, void)
        compared += compare_queue(bench)
        made.say("ss and nstat: done")
        for loader in tools.LOADERS:
            compared += compare_load(bench, trials, loader)
            runner.settle()
            made.say(f"{loader.name}: done")
        compared += compare_search(bench, trials)
        made.say("h2load: done")
    compared += compare_calls(made)
    made.say("strace: done")


@dataclass(frozen=True, slots=True)
class Bench:
    """Servers by themselves, and guests beside them."""

    made: Frame
    containers: Containers

    def serving(self, server: str, backlog: int | None) -> AbstractContextManager[StandaloneServer]:
        """A fresh server, with the descriptors and the core that it has in a trial."""
        flags = () if backlog is None else ("--backlog", str(backlog))
        servers = self.made.servers(self.containers, "crosscheck")
        return servers.serving(server, nofile=self.containers.nofile, flags=flags)

    def guest(self, server: StandaloneServer, role: str, command: tuple[str, ...]) -> ContainerSpec:
        """A tool on the load's core, in the server's network."""
        cpus = self.containers.placement.load
        return server.guest(role, self.made.images.peers, command, cpus=cpus)

    def tool(self, server: StandaloneServer, command: tuple[str, ...]) -> str:
        """What a tool prints until its end. Raises LabError when it ends badly."""
        return _output(server, self.guest(server, "load", command))

    def sample(self, server: StandaloneServer) -> dict[str, Any]:
        """What the probe reads at this moment."""
        guest = server.guest(
            *("probe", self.made.images.server, tools.SAMPLE),
            cpus=self.containers.placement.others,
            sees_processes=True,
        )
        sample: dict[str, Any] = json.loads(_output(server, guest))
        return sample


def _output(server: StandaloneServer, guest: ContainerSpec) -> str:
    """What a guest prints until its end. Raises LabError when it ends badly."""
    ended = server.run(guest)
    if ended.exit_code:
        raise LabError(f"{guest.command[0]} ended with {ended.exit_code}: {ended.output[-500:]}")
    return ended.output


def compare_load(bench: Bench, trials: Trials, loader: tools.Loader) -> Iterator[Compared]:
    """A load of the lab's and the tool's, in rounds."""
    ours: dict[str, list[float]] = {}
    theirs: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        row, _ = trials.measure(loader.settings)
        with bench.serving(loader.settings.server, loader.settings.backlog) as server:
            found = loader.read(bench.tool(server, loader.command))
        for figure, value in found.items():
            ours.setdefault(figure, []).append(row[tools.COLUMNS[figure]])
            theirs.setdefault(figure, []).append(value)
    for figure, values in theirs.items():
        sides = (tuple(ours[figure]), tuple(values))
        if figure == tools.FAILED:  # a median of rounds would hide what few of them had
            sides = ((sum(sides[0]),), (sum(sides[1]),))
        yield Compared(loader.name, figure, *sides)


def compare_search(bench: Bench, trials: Trials) -> Iterator[Compared]:
    """The rate that a search finds, by trials of the lab's, and the tool at fixed ones."""

    def loaded(command: tuple[str, ...]) -> str:
        with bench.serving(held_rate.SERVER, None) as server:
            return bench.tool(server, command)

    limits = Limits()
    held = held_rate.search(lambda settings: trials.measure(settings)[0], limits)
    yield from held_rate.compare_held_rate(held, limits, loaded)


def compare_queue(bench: Bench) -> Iterator[Compared]:
    """A full accept queue and its drops, as the probe, ss and nstat read them.

    The counters are read when the clients have gone: until then, their SYNs are repeated.
    """
    driver = bench.made.driver
    with bench.serving("iterative", tools.BACKLOG) as server:
        with running(driver, bench.guest(server, "tool", tools.FILL)) as filling:
            _wait_until_full(lambda: driver.logs(filling))
            time.sleep(SETTLE_S)
            depth, limit = tools.read_ss(bench.tool(server, tools.SS))
            ours = bench.sample(server)
        yield Compared("ss -ltn", "accept queue", (ours["accept_queue"],), (depth,))
        yield Compared("ss -ltn", "backlog", (tools.BACKLOG,), (limit,))
        time.sleep(SETTLE_S)
        theirs = tools.read_nstat(bench.tool(server, tools.NSTAT))
        ours = bench.sample(server)
    for figure, (name, key) in tools.COUNTERS.items():
        yield Compared("nstat", figure, (ours[key],), (theirs[name],))


def compare_calls(made: Frame) -> Iterator[Compared]:
    """System calls per request on one connection."""
    image, few, many = made.images.traced, *tools.REQUESTS

    def straced(requests: int) -> dict[str, int]:
        command = tools.straced(TRACED, requests)
        return tools.read_strace(run_tool(made.driver, image, command, timeout_s=TRACE_S))

    at_first, at_last = straced(few), straced(many)
    command = ("python3", "/opt/lab/tracing.py", TRACED)
    told = run_tool(made.driver, image, command, timeout_s=TRACE_S).splitlines()[-1]
    ours = json.loads(told)["1"]["calls_per_request"]
    for name in tools.CALLS:
        theirs = (at_last.get(name, 0) - at_first.get(name, 0)) / (many - few)
        yield Compared("strace -c", f"{name} per request", (ours.get(name, 0.0),), (theirs,))


def _wait_until_full(log: Callable[[], str]) -> None:
    deadline = time.monotonic() + QUEUE_FULL_S
    while tools.FILLED not in log():
        if time.monotonic() > deadline:
            raise LabError("the silent connections were not opened")
        time.sleep(0.05)
