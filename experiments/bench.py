"""`make bench`: the engine against generators that others wrote, as ratios in one run.

All load the same server (epoll_level) over the same path, one core each. Before
each peer the engine runs, as in any trial, behind Locust users, and the two make
a pair: a machine that drifts drifts for both. Figures go to
results/bench/RUN/bench.json.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from experiments.benchmark import Frame, Trials, frame
from experiments.containers import SERVER_PORT
from experiments.docker_driver import DockerDriver
from experiments.driver import ContainerSpec
from experiments.exits import LabError
from experiments.images.build import Images
from experiments.plan import Point, Trial
from experiments.settings import Load, Settings
from experiments.stage import stage
from experiments.trial import TrialRunner

URL = f"http://127.0.0.1:{SERVER_PORT}/"
LOCUST = (
    "python3",
    "-m",
    "locust",
    "-f",
    "/opt/lab/loadgen/peers.py",
    "--headless",
    "--json",
    "--skip-log-setup",
)
USERS = ("--users", "64", "--spawn-rate", "64", "--run-time", "6s", "--host", URL.rstrip("/"))
ROUNDS = 5
PEER_S = 60.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A generator that others wrote, how it is started and how its rate is read."""

    name: str
    load: Load
    command: tuple[str, ...]
    pattern: str

    def rate(self, output: str) -> float:
        """Requests per second out of what it printed. Raises LabError."""
        if not self.pattern:
            whole = re.search(r"^\[\n.*^\]$", output, re.DOTALL | re.MULTILINE)
            if whole is None:
                raise LabError(f"{self.name} printed no figures:\n{output[-500:]}")
            entries = json.loads(whole.group())
            return float(sum(_busy_rate(entry) for entry in entries))
        found = re.search(self.pattern, output)
        if found is None:
            raise LabError(f"{self.name} printed no rate:\n{output[-500:]}")
        return float(found.group(1))


def _busy_rate(entry: dict[str, Any]) -> float:
    """Median of the whole seconds: Locust's own total divides by the ramp as well."""
    counts = sorted(entry["num_reqs_per_sec"].items(), key=lambda item: int(item[0]))
    whole = [count for _, count in counts[1:-1]] or [count for _, count in counts]
    return float(median(whole))


PEERS = (
    Peer("wrk", "keep_alive", ("wrk", "-t1", "-c64", "-d3s", URL), r"Requests/sec:\s+([\d.]+)"),
    Peer("FastHttpUser", "keep_alive", (*LOCUST, *USERS, "FastHttp"), ""),
    Peer("HttpUser", "keep_alive", (*LOCUST, *USERS, "Http"), ""),
    Peer(
        "ab",
        "connection_per_request",
        ("ab", "-q", "-c", "64", "-t", "3", "-n", "1000000", URL),
        r"Requests per second:\s+([\d.]+)",
    ),
)


def bench(console: Console) -> Path:
    """Run the benchmark, print the ratios, and return the file with the figures."""
    with frame("bench", ("server", "load", "peers"), console) as made:
        figures = _measure(made)
    path = made.save(figures)
    console.print(_table(figures))
    return path


def _measure(made: Frame) -> dict[str, Any]:
    pairs: list[dict[str, Any]] = []
    with stage(made.run, made.driver, made.images) as runner:
        trials = Trials(made, runner)
        for number in range(1, ROUNDS + 1):
            trials.measure(Settings(active_connections=8, idle_connections=10_000))
            for peer in PEERS:
                ours = trials.measure(Settings(load=peer.load))["requests_per_s"]
                position = len(trials.rows) + 500
                trial = Trial(Point("bench", Settings()), 1, position, position)
                theirs = _peer(made.driver, runner, made.images, trial, peer)
                pairs.append({"peer": peer.name, "load": peer.load, "engine": ours, "rate": theirs})
            made.say(f"round {number} of {ROUNDS} done")
    return {"run": made.run, "pairs": pairs, "trials": trials.rows}


def _peer(
    driver: DockerDriver, runner: TrialRunner, images: Images, trial: Trial, peer: Peer
) -> float:
    """The peer in a pod with a fresh server, as the engine has it."""
    with runner.serving(trial) as pod:
        spec = ContainerSpec(
            role="load",
            name=f"{runner.containers.prefix}-{peer.name.lower()}-{trial.position}",
            image=images.peers,
            command=peer.command,
            network=f"container:{pod}",
            cpus=runner.containers.placement.load,
        )
        container = driver.start(spec)
        driver.wait(container, PEER_S)
        output = driver.logs(container)
        driver.remove([container])
    return peer.rate(output)


def _table(figures: dict[str, Any]) -> Table:
    table = Table(box=None)
    for heading in ("generator", "requests/s", "engine beside it", "ratio", "range"):
        table.add_column(heading, no_wrap=True)
    for peer in PEERS:
        pairs = [pair for pair in figures["pairs"] if pair["peer"] == peer.name]
        ratios = sorted(pair["engine"] / pair["rate"] for pair in pairs)
        table.add_row(
            f"{peer.name}, {peer.load.replace('_', ' ')}",
            f"{median(pair['rate'] for pair in pairs):,.0f}",
            f"{median(pair['engine'] for pair in pairs):,.0f}",
            f"{median(ratios):.2f}",
            f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        )
    idle = [row for row in figures["trials"] if row["idle_connections"]]
    connect = median(row["idle_connect_s"] for row in idle)
    overhead = median(row["overhead_s"] for row in figures["trials"])
    table.caption = (
        f"Medians of {ROUNDS} rounds. 10,000 idle connections established in {connect:.2f} s;\n"
        f"a trial costs {overhead:.2f} s beside warm-up and window."
    )
    return table
