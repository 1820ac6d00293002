"""Rates of servers of others beside those that wrk finds, in rounds: a trial of the lab, then wrk
against a fresh server in the same containers, on the same cores, over the same path.

The server has half a core, so that it is the bound for both generators: where the generator's core
is used up, the rate is its own. The servers are those that read no file for a response, as what a
file costs depends on the engine's file system, and on who else uses that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analysis.statistics.estimates import Estimate, estimate
from contract.exits import LabError
from contract.outcomes import MEASURED
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Trials, a_trial
from experiments.crosscheck.tools import RATE, read_wrk
from experiments.docker.driver import ContainerSpec
from experiments.docker.tool import run_to_end, running
from experiments.run.trial_environment import trial_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from experiments.benchmarks.frame import Frame
    from experiments.plan.foreign_server import Foreign
    from experiments.run.trial_containers import Containers

SERVERS: Final = ("haproxy", "node_http", "aiohttp")
ROUNDS: Final = 7
TOLERANCE: Final = 0.05
WARM_UP_S, WINDOW_S = 3, 4
BESIDE: Final = 900
"""Position of wrk's turn, so that its containers have names of their own."""
READY_S: Final = 20
WRK_S: Final = 60.0


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
    """All of SERVERS. Raises LabError where a trial is never measured or wrk fails."""
    pinned = {one.name: image_id for one in servers}
    with trial_environment(made.run, made.driver, made.images, pinned) as runner:
        trials = Trials(made, runner)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in SERVERS}
        known: Mapping[str, Foreign] = {one.name: one for one in servers}
        for name in SERVERS * ROUNDS:
            settings = _settings(name)
            row, _ = trials.attempt(settings, known[name])
            if row["validity"] not in MEASURED:
                raise LabError(f"{name}: not measured; the last time: {row['reason']}")
            runner.settle()
            rate = by_wrk(made, runner.containers, settings, known[name])
            found[name].append((float(row["requests_per_s"]), rate))
    return [
        Agreement(name, *(tuple(side) for side in zip(*rounds, strict=True)))
        for name, rounds in found.items()
    ]


def by_wrk(made: Frame, containers: Containers, settings: Settings, server: Foreign) -> float:
    """The rate that wrk finds at the server, started as in a trial."""
    trial = a_trial(made.name, settings, server, BESIDE)
    url = f"http://127.0.0.1:{server.port}{server.asked}"
    wrk = f"wrk -t1 -c{settings.active_connections} --latency"
    command = (
        f"timeout {READY_S} sh -c 'until curl -sf -o /dev/null {url}; do sleep 0.1; done' || "
        f"{{ echo {url} does not answer; exit 1; }}; "
        f"{wrk} -d{WARM_UP_S}s {url} > /dev/null; exec {wrk} -d{WINDOW_S}s {url}"
    )
    with (
        running(made.driver, containers.pod(trial, "pod")) as pod,
        running(made.driver, containers.server(trial, pod)),
    ):
        guest = ContainerSpec(
            role="load",
            name=f"{containers.prefix}-wrk",
            image=made.images.peers,
            command=("sh", "-c", command),
            network=f"container:{pod}",
            cpus=containers.placement.load,
            nofile=containers.nofile,
        )
        ended = run_to_end(made.driver, guest, WRK_S)
    if ended.exit_code:
        raise LabError(f"wrk at {server.name} ended with {ended.exit_code}: {ended.output[-500:]}")
    return read_wrk(ended.output)[RATE]


def _settings(server: str) -> Settings:
    return Settings(
        server=server,
        active_connections=64,
        server_cpu_quota=0.5,
        warm_up_s=WARM_UP_S,
        window_s=WINDOW_S,
    )
