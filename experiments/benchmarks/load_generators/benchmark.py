"""`make bench-loadgen`: what the load engine is worth, in one table from one run.

Four groups of lines. The engine against generators that others wrote; what each feature of the
engine costs, against its plain loop; what it takes to hold many connections; and two load workers
against one (workers.py). All load the same server, `epoll_level`, over the same path. It
is not the fastest that could be had, but no other is faster by more than the noise
(docs/servers.md): the kernel's part is the same for all.

On two cores the server has one and the generator the other, and with keep-alive both need about
the same of theirs. Where the server is the bottleneck the rates are alike whatever the generator
is worth, and the ratio of rates says nothing but that. So each line has two ratios: of the rates,
and of the processor time that the whole generator, Locust included, used for a request; and it
says on which side of each a core was used up.

The two of a pair follow each other at once, and who goes first changes from round to round: a
machine that drifts drifts for both. A ratio is the median of its pairs, with the lowest and the
highest: of five pairs these hold the true median with 94% confidence (1 - 2/2^5), whatever the
distribution. Figures go to results/bench-loadgen/RUN/bench.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from contract.expected import EXACT, FRAMING
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Frame, Trials, check_names, frame
from experiments.benchmarks.load_generators.figures import Figures, Pair
from experiments.benchmarks.load_generators.peers import PEERS, Peer, Side
from experiments.benchmarks.load_generators.table import print_table
from experiments.benchmarks.load_generators.workers import two_workers
from experiments.docker.tool import run_tool
from experiments.records.validity import BUSY
from experiments.run.trial import TrialRunner
from experiments.run.trial_environment import trial_environment

ROUNDS = 5
GROUPS = ("peers", "features", "capacity", "workers")
PLAIN = Settings()
BACKLOG = PLAIN.backlog
OVERLOAD = 1.25
"""Rate of the open loop against what the closed one reached: so it never rests either."""
IDLE = (10_000, 18_000)
FEW_ACTIVE = 8
SPARE_DESCRIPTORS = 500
CHECKING = """
import json
from timeit import repeat
response = bytes(range(119))
names = {"response": response, "data": bytes(bytearray(response)), "size": len(response)}
ways = {"every_byte_us": "data == response", "length_us": "len(data) == size"}
best = {name: min(repeat(way, globals=names, number=10**6)) for name, way in ways.items()}
print(json.dumps(best))
"""
"""Seconds for a million are microseconds for one. 119 bytes are the response to `/`."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of the engine; `overload`: of an open loop, in multiples of the plain rate;
    `check`: how answers are checked, if not byte for byte."""

    name: str
    settings: dict[str, Any]
    overload: float = 0.0
    check: str = EXACT


FEATURES = (
    Feature("several kinds of requests", {"path": "/ 1, /bytes/13 1"}),
    Feature("open loop, overloaded", {"load": "open_loop"}, OVERLOAD),
    Feature("pipelining, depth 16", {"pipeline_depth": 16}),
    Feature("10,000 idle connections", {"idle_connections": 10_000}),
    Feature("a connection per request", {"load": "connection_per_request"}),
    Feature("answers checked by framing", {}, check=FRAMING),
)


def bench_loadgen(console: Console, only: Collection[str] = (), rounds: int = ROUNDS) -> Path:
    """Measure all groups, or `only` some, print the table, return the file with the figures."""
    check_names("ONLY", only, GROUPS)
    figures = Figures()
    with frame("bench-loadgen", ("server", "load", "peers"), console) as made:
        try:
            with trial_environment(made.run, made.driver, made.images) as runner:
                bench = _Bench(made, runner, Trials(made, runner, figures.void), figures)
                for number in range(1, rounds + 1):
                    bench.measure(only or GROUPS, number)
                    made.say(f"round {number} of {rounds} done")
        finally:  # whatever ends it, what was measured is kept
            path = made.save({"run": made.run, **asdict(figures)})
            print_table(console, figures)
    return path


@dataclass(slots=True)
class _Bench:
    made: Frame
    runner: TrialRunner
    trials: Trials
    figures: Figures

    def measure(self, groups: Collection[str], number: int) -> None:
        """One round."""
        if "peers" in groups:
            for peer in PEERS:
                self._against(peer, number)
        if "features" in groups:
            for feature in FEATURES:
                self._cost_of(feature)
            command = ("python3", "-c", CHECKING)
            said = run_tool(self.made.driver, self.made.images.load, command)
            self.figures.checking.append(json.loads(said))
        if "capacity" in groups:
            self._capacity()
        if "workers" in groups:
            self.figures.workers += two_workers(self.trials, self.runner, 1)

    def _against(self, peer: Peer, number: int) -> None:
        settings = Settings(load=peer.load, active_connections=peer.connections)
        sides: dict[str, tuple[Side, str]] = {}
        parts: dict[str, Callable[[], tuple[Side, str]]] = {
            "ours": lambda: self._ours(settings, peer.check),
            "theirs": lambda: self._theirs(peer),
        }
        for name in sorted(parts, reverse=number % 2 == 0):
            sides[name] = parts[name]()
        line = f"{peer.name}, {peer.load.replace('_', ' ')}, {peer.connections:,}"
        line += ", checked by framing" if peer.check == FRAMING else ""
        (ours, mine), (theirs, other) = sides["ours"], sides["theirs"]
        self.figures.peers.append(Pair(line, ours, theirs, (mine, other)))

    def _cost_of(self, feature: Feature) -> None:
        """The plain loop first: an open loop's rate follows from it."""
        plain, other = self._ours(PLAIN)
        rate = plain.rate * feature.overload if feature.overload else None
        settings = Settings(**feature.settings, rate_per_s=rate)
        ours, mine = self._ours(settings, feature.check)
        self.figures.features.append(Pair(feature.name, ours, plain, (mine, other)))

    def _capacity(self) -> None:
        """What idle connections cost the generator: time to open, and memory."""
        grown: dict[int, int] = {}
        for idle in (0, *IDLE):
            needed = idle + FEW_ACTIVE + SPARE_DESCRIPTORS
            if needed > self.runner.containers.nofile:
                reason = f"{idle:,} idle connections: {self.runner.containers.nofile:,} descriptors"
                if reason not in self.figures.why:
                    self.figures.why.append(reason)
                continue
            row, window = self.trials.measure(
                Settings(active_connections=FEW_ACTIVE, idle_connections=idle)
            )
            grown[idle] = window.rss_bytes
            self.figures.overhead_s.append(row["overhead_s"])
            if idle:
                bytes_each = (grown[idle] - grown[0]) / idle
                self.figures.idle.append(
                    {"idle": idle, "connect_s": row["idle_connect_s"], "bytes_each": bytes_each}
                )

    def _ours(self, settings: Settings, check: str = EXACT) -> tuple[Side, str]:
        """The engine as in any trial, and what its core and the server's were used for."""
        with self._checking(check):
            row, window = self.trials.measure(settings)
        cpu_s, seconds = window.process_cpu_ns / 1e9, window.window_s
        side = Side(row["requests_per_s"], cpu_s * 1e6 / row["requests"], cpu_s / seconds)
        used = (("server", row["server_cpu_share"]), ("generator", side.share))
        return side, " and ".join(name for name, share in used if share >= BUSY) or "neither"

    @contextmanager
    def _checking(self, check: str) -> Iterator[None]:
        usual = self.runner.containers
        self.runner.containers = replace(usual, check=check)
        try:
            yield
        finally:
            self.runner.containers = usual

    def _theirs(self, peer: Peer) -> tuple[Side, str]:
        """The peer in a pod with a fresh server, on the cores that the engine has.

        Whether the server's was used up is not measured: there is no probe beside it.
        """
        made, containers = self.made, self.runner.containers
        servers = made.servers(containers, "peer")
        self.runner.settle()  # no removal in its time
        with servers.serving("epoll_level", flags=("--backlog", str(BACKLOG))) as server:
            guest = server.guest(
                "load",
                made.images.peers,
                peer.command,
                cpus=containers.placement.load,
                nofile=containers.nofile,
            )
            side = peer.read(server.run(guest).output)
        return side, "generator" if side.share >= BUSY else "server"
