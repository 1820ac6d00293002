"""Rates of servers of others beside those that wrk finds at the same time: a trial of the lab, and
a twin of its server that wrk loads.

A shared machine is faster in one second than in the next, by more than what is looked for. So both
pairs run at once: the twins have one core between them, of which each gets half while both have
something to do, and the generators the other. What happens to one happens to the other. The servers
are such as read no file for a response: what a file costs depends on the engine's file system.
"""

from __future__ import annotations

import json
import statistics
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analysis.statistics.estimates import Estimate, estimate
from contract.exits import LabError
from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Trials, a_trial
from experiments.crosscheck.tools import FAILED, RATE, read_wrk
from experiments.docker.driver import ContainerSpec
from experiments.docker.tool import running
from experiments.run.trial_environment import trial_environment
from tests.foreign.sweep import outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contract.result.window import Window
    from experiments.benchmarks.frame import Frame
    from experiments.plan.foreign_server import Foreign
    from experiments.run.trial_containers import Containers

SERVERS: Final = ("haproxy", "node_http", "aiohttp")
ROUNDS: Final = 7
TOLERANCE: Final = 0.05
WARM_UP_S, WINDOW_S = 3, 8
SLICE_S: Final = 2
TWIN: Final = 900
"""Position of the twin, so that its containers have names of their own."""
SLICES: Final = """
import json, subprocess, sys, time
while True:
    began_ns = time.perf_counter_ns()
    done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
    ended_ns, said = time.perf_counter_ns(), done.stdout + done.stderr
    print(json.dumps([began_ns, ended_ns, done.returncode, said]), flush=True)
    time.sleep(0.1 if done.returncode else 0)
"""
"""One wrk after another, each with its place on the clock that all containers have in common."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Requests a second of a server, by the lab and by wrk, a value for each round."""

    server: str
    lab: tuple[float, ...]
    wrk: tuple[float, ...]

    @property
    def ratio(self) -> Estimate:
        """Lab over wrk within rounds, with its interval."""
        return estimate([ours / theirs for ours, theirs in zip(self.lab, self.wrk, strict=True)])

    @property
    def holds(self) -> bool:
        """Whether they agree."""
        return abs(self.ratio.value - 1) <= TOLERANCE


def compare(made: Frame, servers: Sequence[Foreign], image_id: str) -> list[Agreement]:
    """All of SERVERS. Raises LabError where a trial is not measured or wrk tells no rate."""
    pinned = {one.name: image_id for one in servers}
    with trial_environment(made.run, made.driver, made.images, pinned) as runner:
        trials = Trials(made, runner)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
        known: Mapping[str, Foreign] = {one.name: one for one in servers}
        for name in SERVERS * ROUNDS:
            settings = Settings(
                server=name, active_connections=64, warm_up_s=WARM_UP_S, window_s=WINDOW_S
            )
            runner.settle()
            with _twin(made, runner.containers, settings, known[name]) as wrk:
                row, ended = trials.attempt(settings, known[name], attempts=1)
                said = made.driver.logs(wrk)
            told = outcome(row)  # that wrk takes some of the machine is as it should be
            window = ended.result.window if isinstance(ended.result, TrialResult) else None
            if window is None or not told.startswith("measured"):
                raise LabError(f"{name}: {told}")
            found[name].append((float(row["requests_per_s"]), rate_within(window, said)))
    return [
        Agreement(name, *(tuple(side) for side in zip(*rounds, strict=True)))
        for name, rounds in found.items()
    ]


def rate_within(window: Window, said: str) -> float:
    """The mean rate of the slices that lie in the window. Raises LabError without any."""
    opened_ns = window.started_ns
    closed_ns = opened_ns + window.window_s * 1e9
    rates = []
    for line in said.splitlines():
        began_ns, ended_ns, code, printed = json.loads(line)
        if opened_ns <= began_ns and ended_ns <= closed_ns:
            figures = read_wrk(printed) if not code else {}
            if not figures or figures[FAILED]:
                raise LabError(f"wrk ended with {code}: {printed[-500:]}")
            rates.append(figures[RATE])
    if not rates:
        raise LabError(f"no slice of wrk's lies in the window: {said[-500:]}")
    return statistics.fmean(rates)


@contextmanager
def _twin(
    made: Frame, containers: Containers, settings: Settings, server: Foreign
) -> Iterator[str]:
    """The server in a pod of its own, under wrk, whose container this gives."""
    trial = a_trial(made.name, settings, server, TWIN)
    url = f"http://127.0.0.1:{server.port}{server.asked}"
    wrk = f"wrk -t1 -c{settings.active_connections} -d{SLICE_S}s --latency {url}"
    with (
        running(made.driver, containers.pod(trial, "pod")) as pod,
        running(made.driver, containers.server(trial, pod)),
    ):
        guest = ContainerSpec(
            role="load",
            name=f"{containers.prefix}-wrk",
            image=made.images.peers,
            command=("python3", "-c", SLICES, *wrk.split()),
            network=f"container:{pod}",
            cpus=containers.placement.load,
            nofile=containers.nofile,
        )
        with running(made.driver, guest) as generator:
            yield generator
