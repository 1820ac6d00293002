"""The generators that others wrote: how each is started, and how its figures are read.

wrk and ab are Debian's, and Locust's clients are those of the load image. oha is not among them:
Debian has no package of it, and building it would bring a Rust tool chain and some hundred crates
into the peers' image for two lines of a table.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from contract.exits import LabError
from contract.expected import EXACT, FRAMING
from contract.ports import SERVER_PORT

URL = f"http://127.0.0.1:{SERVER_PORT}/"
SECONDS = 3
MOST_REQUESTS = 2_000_000
"""ab stops at 50,000 unless it is told another number after the time."""
CLOCKED = ("python3", "-m", "loadgen.tools.cpu_time")
LOCUST = (
    *("python3", "-m", "locust", "-f", "/opt/lab/loadgen/tools/stock_clients.py", "--headless"),
    *("--skip-log-setup", "--only-summary", "--reset-stats", "--host", URL.rstrip("/")),
    *("--spawn-rate", "10000", "--run-time", f"{SECONDS + 1}s"),
)


@dataclass(frozen=True, slots=True)
class Side:
    """What a generator reached, and what it used of its core."""

    rate: float
    """Requests per second."""
    cpu_us: float
    """Processor time of the whole generator for each request."""
    share: float
    """Share of one core."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One generator with one kind of load. `command` ends with a line of JSON."""

    name: str
    load: str
    connections: int
    command: tuple[str, ...]
    counted: str = ""
    """Finds requests and seconds in what a tool prints; Locust's clients say it in JSON."""
    failed: str = ""
    """Finds what must not be there."""
    check: str = EXACT
    """How the engine checks answers in the comparison."""

    def read(self, output: str) -> Side:
        """The figures out of what it printed. Raises LabError."""
        said = _last_json(output)
        if said is None:
            raise LabError(f"{self.name} printed no figures:\n{output[-500:]}")
        if self.counted:
            found = re.search(self.counted, output, re.DOTALL)
            if found is None:
                raise LabError(f"{self.name} printed no rate:\n{output[-500:]}")
            said |= {"requests": int(found["requests"]), "seconds": float(found["seconds"])}
        trouble = re.search(self.failed, output) if self.failed else None
        if trouble or said.get("failures"):
            raise LabError(f"{self.name} had failures:\n{output[-500:]}")
        if not said["requests"]:
            raise LabError(f"{self.name} got no response:\n{output[-500:]}")
        return Side(
            said["requests"] / said["seconds"],
            said["cpu_s"] * 1e6 / said["requests"],
            said["cpu_s"] / said["seconds"],
        )


def _last_json(output: str) -> dict[str, Any] | None:
    lines = [line for line in output.splitlines() if line.startswith("{")]
    return dict(json.loads(lines[-1])) if lines else None


def _wrk(connections: int, check: str = EXACT) -> Peer:
    return Peer(
        "wrk",
        "keep_alive",
        connections,
        (*CLOCKED, "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", URL),
        r"(?P<requests>\d+) requests in (?P<seconds>[\d.]+)s",
        r"Socket errors|Non-2xx",
        check,
    )


def _ab(load: str, connections: int) -> Peer:
    flags = ("-k",) if load == "keep_alive" else ()
    return Peer(
        "ab",
        load,
        connections,
        (
            *(*CLOCKED, "ab", "-q", *flags, "-c", str(connections)),
            *("-t", str(SECONDS), "-n", str(MOST_REQUESTS), URL),
        ),
        r"Time taken for tests: +(?P<seconds>[\d.]+).*Complete requests: +(?P<requests>\d+)",
        r"Failed requests: +[1-9]|Non-2xx",
    )


def _locust(name: str, load: str, user: str) -> Peer:
    return Peer(name, load, 64, (*LOCUST, "--users", "64", user))


PEERS = (
    *(_wrk(connections) for connections in (64, 1_000)),
    _wrk(64, FRAMING),
    *(_ab("keep_alive", connections) for connections in (64, 1_000)),
    _locust("FastHttpUser", "keep_alive", "FastHttp"),
    _locust("HttpUser", "keep_alive", "Http"),
    _ab("connection_per_request", 64),
    _locust("FastHttpUser", "connection_per_request", "FastHttpClosing"),
    _locust("HttpUser", "connection_per_request", "HttpClosing"),
)
