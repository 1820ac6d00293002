"""`make bench-servers`: every variant against level-triggered epoll, in one table.

CPU time per request is compared in adjacent pairs: a trial of `epoll_level` stands
before or after each trial of another server, so a machine that drifts drifts for both.
Medians and ranges over ROUNDS. System calls are counted in a container of their own
(tracing.py), because a traced server is many times slower. Figures go to
results/bench-servers/RUN/bench.json.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from rich.console import Console

from contract.exits import Exit, LabError
from contract.result.server_side import ProbeSample
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Frame, Trials, frame
from experiments.benchmarks.server_costs_table import print_table
from experiments.benchmarks.server_workers import compare_workers
from experiments.docker.driver import DriverError
from experiments.images.foreign import ensure_foreign
from experiments.images.tool import run_tool
from experiments.plan.experiment_file import servers
from experiments.plan.foreign_server import Foreign
from experiments.references.catalogue import REFERENCES
from experiments.run.trial import TrialRunner
from experiments.run.trial_environment import stage

BASELINE = "epoll_level"
LEVELS = (64, 1_000)
ROUNDS = 3
ATTEMPTS = 3
"""Of a trial of another server: what it cannot do at all it will not do at the third time."""
WARM_UP_S, WINDOW_S = 0.2, 0.6
IDLE = 10_000
ONE_PER_CONNECTION = ("thread_pool", "prefork")
"""Pools whose workers each keep a connection: with fewer, some would not be served at all."""
FEWER_IDLE = {"process_per_connection": 1_000}
"""Ten thousand processes could take all the memory of a small machine."""
FEW_ACTIVE = 8
COMPARED = ("nginx", "uvicorn")
"""The references that the table is about."""
TRACERS = 2
TRACE_S = 120.0


@dataclass(slots=True)
class Figures:
    """What was measured, by server. `why` says why a figure is missing."""

    ratios: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    cpu_us: dict[str, dict[int, list[float]]] = field(default_factory=dict)
    memory: dict[str, dict[str, int]] = field(default_factory=dict)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    workers: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    why: dict[str, dict[str, str]] = field(default_factory=dict)

    def missing(self, server: str, what: str, reason: str) -> None:
        """Keep the reason for a figure that could not be had."""
        self.why.setdefault(server, {})[what] = reason

    def is_missing(self, server: str, what: str) -> bool:
        return what in self.why.get(server, {})


def bench_servers(console: Console, only: Collection[str] = ()) -> Path:
    """Measure all variants, or `only` some, print the table, return the file of figures."""
    ours, foreign = chosen(only)
    names = [*ours, *(one.name for one in foreign)]
    figures = Figures()
    with frame("bench-servers", ("server", "load", "peers", "traced"), console) as made:
        found = ensure_foreign(made.driver, made.images.base, foreign, made.say)
        pinned = {one.server.name: one.image.id for one in found}
        try:
            with stage(made.run, made.driver, made.images, pinned) as runner:
                known = {one.name: one for one in foreign}
                _measure(made, runner, figures, names, known)
                figures.workers = compare_workers(made, runner.containers, ours, ROUNDS)
                made.say("workers: done")
            _count_calls(made, figures, ours)
        finally:  # whatever ends it, what was measured is kept
            path = made.save({"run": made.run, "baseline": BASELINE, **_plain(figures)})
            print_table(console, figures, names)
    return path


def _measure(
    made: Frame,
    runner: TrialRunner,
    figures: Figures,
    names: Sequence[str],
    foreign: dict[str, Foreign],
) -> None:
    trials = Trials(made, runner)
    for number in range(1, ROUNDS + 1):
        for level in LEVELS:
            _compare(trials, figures, names, foreign, level, number)
        made.say(f"CPU time: round {number} of {ROUNDS} done")
    for name in names:
        _measure_memory(trials, figures, name, foreign.get(name))
    made.say("memory: done")


def chosen(only: Collection[str]) -> tuple[list[str], list[Foreign]]:
    """The variants and the references to be measured. Raises LabError for an unknown name."""
    foreign = [one for one in REFERENCES if one.name in (only or COMPARED)]
    there = {*servers(), *(one.name for one in REFERENCES)}
    if unknown := sorted(set(only) - there):
        raise LabError(
            f"SERVERS: {', '.join(unknown)}: not among {', '.join(sorted(there))}", Exit.BAD_INPUT
        )
    ours = [name for name in servers() if not only or name in only]
    return [BASELINE, *(name for name in ours if name != BASELINE)], foreign


def in_pairs(names: Sequence[str], random: Random) -> Iterator[list[str]]:
    """All but the baseline, shuffled, by two: one to go before a baseline, one after it."""
    others = [name for name in names if name != BASELINE]
    random.shuffle(others)
    for start in range(0, len(others), 2):
        yield others[start : start + 2]


def _compare(
    trials: Trials,
    figures: Figures,
    names: Sequence[str],
    foreign: dict[str, Foreign],
    level: int,
    number: int,
) -> None:
    """CPU time per request of all servers at so many connections, once."""
    what = f"cpu at {level}"
    able = [name for name in names if not figures.is_missing(name, what)]
    # Random's own seed takes text, and the same order can then be had again.
    for pair in in_pairs(able, Random(f"{level} {number}")):  # noqa: S311 - an order, not a secret
        first, *second = pair
        rows = {first: _cpu_trial(trials, first, foreign, level)}
        row, _ = trials.measure(_settings(BASELINE, level))
        base = row["server_cpu_us_per_request"]
        rows |= {name: _cpu_trial(trials, name, foreign, level) for name in second}
        _note(figures.cpu_us, BASELINE, level, base)
        for name, row in rows.items():
            if row["validity"] == "void":
                figures.missing(name, what, row["reason"])
                continue
            cpu_us = row["server_cpu_us_per_request"]
            _note(figures.cpu_us, name, level, cpu_us)
            _note(figures.ratios, name, level, cpu_us / base)


def _cpu_trial(
    trials: Trials, name: str, foreign: dict[str, Foreign], level: int
) -> dict[str, Any]:
    row, _ = trials.attempt(_settings(name, level, foreign.get(name)), foreign.get(name), ATTEMPTS)
    return row


def _settings(name: str, active: int, foreign: Foreign | None = None, idle: int = 0) -> Settings:
    made = Settings(
        server=name,
        active_connections=active,
        idle_connections=idle,
        workers=active if name in ONE_PER_CONNECTION else None,
        warm_up_s=WARM_UP_S,
        window_s=WINDOW_S,
    )
    return replace(made, backlog=None) if foreign else made


def _note(kept: dict[str, dict[int, list[float]]], name: str, level: int, value: float) -> None:
    kept.setdefault(name, {}).setdefault(level, []).append(value)


def _measure_memory(trials: Trials, figures: Figures, name: str, foreign: Foreign | None) -> None:
    """All processes' RSS, and the growth of the kernel's memory, with many idle connections."""
    idle = FEWER_IDLE.get(name, IDLE)
    row, outcome = trials.attempt(_settings(name, FEW_ACTIVE, foreign, idle), foreign, ATTEMPTS)
    if row["validity"] == "void":
        figures.missing(name, "memory", row["reason"])
        return
    result = outcome.result if isinstance(outcome.result, TrialResult) else TrialResult()
    before, after = result.sample("start"), result.sample("gate")
    if before is None or after is None:
        figures.missing(name, "memory", "the probe's samples are missing")
        return
    figures.memory[name] = {
        "idle_connections": idle,
        "rss_bytes": row["server_rss_bytes"],
        "rss_unloaded_bytes": row["server_rss_idle_bytes"],
        "kernel_bytes": _kernel_bytes(after) - _kernel_bytes(before),
        "processes": row["server_processes"],
        "threads": row["server_threads"],
    }


def _kernel_bytes(sample: ProbeSample) -> int:
    """Sockets and the like, and the buffers of TCP."""
    return sample.kernel_slab_bytes + sample.kernel_socket_bytes


def _count_calls(made: Frame, figures: Figures, names: Sequence[str]) -> None:
    """System calls per request, in containers beside which nothing is measured."""

    def trace(name: str) -> str:
        command = ("python3", "/opt/lab/tracing.py", name)
        return run_tool(made.driver, made.images.traced, command, timeout_s=TRACE_S)

    with ThreadPoolExecutor(TRACERS) as pool:
        pending = {name: pool.submit(trace, name) for name in names}
    for name, traced in pending.items():
        try:
            figures.calls[name] = json.loads(traced.result().splitlines()[-1])
        except DriverError as error:
            figures.missing(name, "calls", str(error)[-300:])
    made.say("system calls: done")


def _plain(figures: Figures) -> dict[str, Any]:
    """The figures for JSON, with the medians that the table shows."""
    return {
        "cpu_us_per_request": figures.cpu_us,
        "ratios": figures.ratios,
        "median_ratios": {
            name: {level: median(values) for level, values in levels.items()}
            for name, levels in figures.ratios.items()
        },
        "memory": figures.memory,
        "calls": figures.calls,
        "workers": figures.workers,
        "missing": figures.why,
    }
