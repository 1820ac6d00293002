"""`make bench-servers`: every variant against level-triggered epoll, in one table.

CPU time per request is compared in adjacent pairs: a trial of `epoll_level` stands
before or after each trial of another server, so a machine that drifts drifts for both.
Medians and ranges over ROUNDS. System calls are counted in a container of their own
(tracing.py), because a traced server is many times slower. Figures go to
results/bench-servers/RUN/bench.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console

from contract.outcomes import MEASURED
from contract.probe_question import GATE, START
from contract.result.server_side import ProbeSample
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Frame, Trials, check_names, frame
from experiments.benchmarks.server_costs.figures import Figures
from experiments.benchmarks.server_costs.table import print_table
from experiments.benchmarks.server_costs.workers import compare_workers
from experiments.docker.driver import DriverError
from experiments.docker.tool import run_tool
from experiments.foreign.catalogue import REFERENCES
from experiments.foreign.images import ensure_foreign
from experiments.plan.experiment_file import servers
from experiments.plan.foreign_server import Foreign
from experiments.records.outcome import Outcome
from experiments.run.trial_environment import trial_environment

BASELINE = "epoll_level"
LEVELS = (64, 1_000)
ROUNDS = 3
ATTEMPTS = 3
"""Times that a trial of another server is tried; what it cannot do it never will."""
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


def bench_servers(console: Console, only: Collection[str] = ()) -> Path:
    """Measure all variants, or `only` some, print the table, return the file of figures."""
    ours, foreign = chosen(only)
    names = [*ours, *(one.name for one in foreign)]
    figures = Figures()
    with frame("bench-servers", ("server", "load", "peers", "traced"), console) as made:
        found = ensure_foreign(made.driver, made.images.base, foreign, made.say)
        pinned = {one.server.name: one.image.id for one in found}
        try:
            with trial_environment(made.run, made.driver, made.images, pinned) as runner:
                described = {one.name: one for one in foreign}
                costs = _Costs(Trials(made, runner, figures.void), figures, names, described)
                costs.measure(made.say)
                compare_workers(made, runner.containers, ours, ROUNDS, figures)
                made.say("workers: done")
            _count_calls(made, figures, ours)
        finally:  # whatever ends it, what was measured is kept
            path = made.save({"run": made.run, "baseline": BASELINE, **figures.plain()})
            print_table(console, figures, names)
    return path


def chosen(only: Collection[str]) -> tuple[list[str], list[Foreign]]:
    """The variants and the references to be measured. Raises LabError for an unknown name."""
    check_names("SERVERS", only, sorted({*servers(), *(one.name for one in REFERENCES)}))
    foreign = [one for one in REFERENCES if one.name in (only or COMPARED)]
    ours = [name for name in servers() if not only or name in only]
    return [BASELINE, *(name for name in ours if name != BASELINE)], foreign


def in_pairs(names: Sequence[str], random: Random) -> Iterator[list[str]]:
    """All but the baseline, shuffled, by two: one to go before a baseline, one after it."""
    others = [name for name in names if name != BASELINE]
    random.shuffle(others)
    for start in range(0, len(others), 2):
        yield others[start : start + 2]


@dataclass(frozen=True, slots=True)
class _Costs:
    """CPU time and memory of the servers `names`; `foreign` describes those that are not ours."""

    trials: Trials
    figures: Figures
    names: Sequence[str]
    foreign: Mapping[str, Foreign]

    def measure(self, say: Callable[[str], None]) -> None:
        """All rounds."""
        for number in range(1, ROUNDS + 1):
            for level in LEVELS:
                self._compare(level, number)
            say(f"CPU time: round {number} of {ROUNDS} done")
        for name in self.names:
            self._measure_memory(name)
        say("memory: done")

    def _compare(self, level: int, number: int) -> None:
        """CPU time per request of all servers at so many connections, once."""
        figures, what = self.figures, f"cpu at {level}"
        able = [name for name in self.names if not figures.is_missing(name, what)]
        # Random's own seed takes text, and the same order can then be had again.
        for first, *second in in_pairs(able, Random(f"{level} {number}")):  # noqa: S311 - an order
            rows = {first: self._trial(first, level)[0]}
            row, _ = self.trials.measure(_settings(BASELINE, level))
            base = row["server_cpu_us_per_request"]
            rows |= {name: self._trial(name, level)[0] for name in second}
            _note(figures.cpu_us, BASELINE, level, base)
            for name, row in rows.items():
                if row["validity"] not in MEASURED:
                    figures.missing(name, what, row["reason"])
                    continue
                cpu_us = row["server_cpu_us_per_request"]
                _note(figures.cpu_us, name, level, cpu_us)
                _note(figures.ratios, name, level, cpu_us / base)

    def _measure_memory(self, name: str) -> None:
        """All processes' RSS, and the growth of the kernel's memory, with many idle connections."""
        idle = FEWER_IDLE.get(name, IDLE)
        row, outcome = self._trial(name, FEW_ACTIVE, idle)
        if row["validity"] not in MEASURED:
            self.figures.missing(name, "memory", row["reason"])
            return
        result = outcome.result if isinstance(outcome.result, TrialResult) else TrialResult()
        before, after = result.sample(START), result.sample(GATE)
        if before is None or after is None:
            self.figures.missing(name, "memory", "the probe's samples are missing")
            return
        self.figures.memory[name] = {
            "idle_connections": idle,
            "rss_bytes": row["server_rss_bytes"],
            "rss_unloaded_bytes": row["server_rss_idle_bytes"],
            "kernel_bytes": _kernel_bytes(after) - _kernel_bytes(before),
            "processes": row["server_processes"],
            "threads": row["server_threads"],
        }

    def _trial(self, name: str, active: int, idle: int = 0) -> tuple[dict[str, Any], Outcome]:
        return self.trials.attempt(_settings(name, active, idle), self.foreign.get(name), ATTEMPTS)


def _kernel_bytes(sample: ProbeSample) -> int:
    """Sockets and the like, and the buffers of TCP."""
    return sample.kernel_slab_bytes + sample.kernel_socket_bytes


def _settings(name: str, active: int, idle: int = 0) -> Settings:
    return Settings(
        server=name,
        active_connections=active,
        idle_connections=idle,
        workers=active if name in ONE_PER_CONNECTION else None,
        warm_up_s=WARM_UP_S,
        window_s=WINDOW_S,
    )


def _note(kept: dict[str, dict[int, list[float]]], name: str, level: int, value: float) -> None:
    kept.setdefault(name, {}).setdefault(level, []).append(value)


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
