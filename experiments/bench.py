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
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from experiments.docker_driver import DockerDriver
from experiments.doctor import Needs, preflight
from experiments.driver import ContainerSpec
from experiments.exits import LabError
from experiments.images.build import Images, ensure_images
from experiments.owner import RunLock
from experiments.plan import Point, Trial
from experiments.row import make_row
from experiments.run import interruptible, swept
from experiments.schema import Settings
from experiments.stage import stage
from experiments.trial import SERVER_PORT, WEB_PORT, TrialRunner

RESULTS = Path(__file__).parent.parent / "results" / "bench"
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
ATTEMPTS = 5
PEER_S = 60.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A generator that others wrote, how it is started and how its rate is read."""

    name: str
    load: str
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
    run = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    with RunLock(run, RESULTS), interruptible(), DockerDriver(run) as driver, swept(driver, say):
        images = ensure_images(driver, ("server", "load", "peers"), say)
        needs = Needs(
            nofile=10_300,
            disk_bytes=10_000_000,
            port=WEB_PORT,
            results=RESULTS,
            image=images.server,
        )
        preflight(driver, needs)
        figures = _measure(run, driver, images, say)
    folder = RESULTS / run
    folder.mkdir(parents=True)
    path = folder / "bench.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(_table(figures))
    return path


def _measure(run: str, driver: DockerDriver, images: Images, say: Any) -> dict[str, Any]:
    pairs: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    with stage(run, driver, images) as runner:
        for number in range(1, ROUNDS + 1):
            rows.append(_engine(runner, run, len(rows) + 1, active_connections=8, idle=10_000))
            for peer in PEERS:
                rows.append(_engine(runner, run, len(rows) + 1, load=peer.load))
                theirs = _peer(driver, runner, images, _trial(len(rows) + 500, Settings()), peer)
                ours = rows[-1]["requests_per_s"]
                pairs.append({"peer": peer.name, "load": peer.load, "engine": ours, "rate": theirs})
            say(f"round {number} of {ROUNDS} done")
    return {"run": run, "pairs": pairs, "trials": rows}


def _trial(position: int, settings: Settings) -> Trial:
    return Trial(Point("bench", settings), 1, position, position)


def _engine(
    runner: TrialRunner, run: str, position: int, *, idle: int = 0, **changes: Any
) -> dict[str, Any]:
    """A trial that counts; a void one is measured again."""
    trial = _trial(position, Settings(idle_connections=idle, **changes))
    for _ in range(ATTEMPTS):
        outcome = runner.run(trial)
        row = make_row("bench", run, datetime.now(UTC).isoformat(), trial, outcome)
        if row["validity"] != "void":
            return row
        runner.settle()  # the next attempt has the same names
    raise LabError(f"void {ATTEMPTS} times in a row; the last time: {row['reason']}")


def _peer(
    driver: DockerDriver, runner: TrialRunner, images: Images, trial: Trial, peer: Peer
) -> float:
    """The peer in a pod with a fresh server, as the engine has it."""
    with runner.serving(trial) as pod:
        spec = ContainerSpec(
            role="load",
            name=f"{runner.prefix}-{peer.name.lower()}-{trial.position}",
            image=images.peers,
            command=peer.command,
            network=f"container:{pod}",
            cpus=runner.placement.load,
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
