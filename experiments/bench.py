"""`make bench`: the engine against generators that others wrote, as ratios in one run.

All load the same server (epoll_level) over the same path, one core each, in
turn, round after round, so that a machine that drifts drifts for all. The
engine runs as in any trial, behind Locust users; its peers run in the same kind
of pod. Figures go to results/bench/RUN/bench.json.
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
from experiments.master import Master
from experiments.owner import RunLock
from experiments.plan import Point, Trial
from experiments.row import make_row
from experiments.run import interruptible, stay_off, swept
from experiments.schema import Settings
from experiments.trial import SERVER_PORT, WEB_PORT, TrialRunner, master_spec, place

RESULTS = Path(__file__).parent.parent / "results" / "bench"
URL = f"http://127.0.0.1:{SERVER_PORT}/"
LOCUST = ("python3", "-m", "locust", "-f", "/opt/lab/loadgen/peers.py", "--headless", "--json")
USERS = ("--users", "64", "--spawn-rate", "64", "--run-time", "6s", "--host", URL.rstrip("/"))
ROUNDS = 3
PEER_S = 60.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A generator that others wrote, how it is started and how its rate is read."""

    name: str
    against: str
    command: tuple[str, ...]
    pattern: str

    def rate(self, output: str) -> float:
        """Requests per second out of what it printed. Raises LabError."""
        if not self.pattern:
            entries = json.loads(output[output.index("[") : output.rindex("]") + 1])
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
    placement = place(int(driver.info()["NCPU"]))
    stay_off(placement)
    prefix = f"c10k-{run}"
    network = f"{prefix}-net"
    driver.create_network(network)
    driver.start(master_spec(images, placement, network, prefix))
    master = Master(f"http://127.0.0.1:{WEB_PORT}")
    master.wait_until_up()
    nofile = min(driver.nofile_limit(images.server), 65_536)
    runner = TrialRunner(driver, master, images, placement, network, nofile, prefix)
    rates: dict[str, list[float]] = {}
    rows: list[dict[str, Any]] = []
    for number in range(1, ROUNDS + 1):
        for load in ("keep_alive", "connection_per_request"):
            rows.append(_engine(runner, run, len(rows) + 1, load=load))
            rates.setdefault(f"engine {load}", []).append(rows[-1]["requests_per_s"])
        rows.append(_engine(runner, run, len(rows) + 1, active_connections=8, idle=10_000))
        for peer in PEERS:
            trial = _trial(len(rows) + 100, Settings())
            rates.setdefault(peer.name, []).append(_peer(driver, runner, images, trial, peer))
        say(f"round {number} of {ROUNDS} done")
    runner.settle()
    master.close()
    return {"run": run, "rates": rates, "trials": rows}


def _trial(position: int, settings: Settings) -> Trial:
    return Trial(Point("bench", settings), 1, position, position)


def _engine(
    runner: TrialRunner, run: str, position: int, *, idle: int = 0, **changes: Any
) -> dict[str, Any]:
    trial = _trial(position, Settings(idle_connections=idle, **changes))
    outcome = runner.run(trial)
    row = make_row("bench", run, datetime.now(UTC).isoformat(), trial, outcome)
    if row["validity"] == "void":
        raise LabError(f"a trial of the benchmark is void: {row['reason']}")
    return row


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
    table = Table(
        "generator", "load", "requests/s (median)", "engine / this, round by round", box=None
    )
    rates: dict[str, list[float]] = figures["rates"]
    for peer in PEERS:
        engine = rates[f"engine {peer.against}"]
        ratios = [ours / theirs for ours, theirs in zip(engine, rates[peer.name], strict=True)]
        table.add_row(
            peer.name,
            peer.against,
            f"{median(rates[peer.name]):,.0f}",
            f"{median(ratios):.2f}  ({', '.join(f'{ratio:.2f}' for ratio in ratios)})",
        )
    for load in ("keep_alive", "connection_per_request"):
        table.add_row("engine", load, f"{median(rates[f'engine {load}']):,.0f}", "1")
    idle = [row for row in figures["trials"] if row["idle_connections"]]
    connect = median(row["idle_connect_s"] for row in idle)
    overhead = median(row["overhead_s"] for row in figures["trials"])
    table.caption = (
        f"10,000 idle connections established in {connect:.2f} s; "
        f"a trial costs {overhead:.2f} s beside warm-up and window"
    )
    return table
