"""The knobs of a load, the same for a sweep, the command line and the UI's form.

Locust's form ignores `choices` and `type`, so everything is checked here again,
and all that is wrong is said at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from loadgen.loads.mix import MixError, parse_mix
from loadgen.loads.schedule import ARRIVALS
from loadgen.master.offered import known_servers, unavailable

PORT = 8080
CLOSED = ("keep_alive", "connection_per_request")
OPEN = ("open_loop", "open_connections")
LOADS = (*CLOSED, *OPEN)
IDLES = ("after_one", "silent")
CHOICES = {"load": LOADS, "arrivals": ARRIVALS, "idle": IDLES}
LIMITS: dict[str, tuple[float, float]] = {
    "idle_connections": (0, 100_000),
    "connect_pace_per_s": (0, 1_000_000),
    "in_flight": (1, 10_000),
    "late_acks": (0, 1_000),
    "pipeline_depth": (1, 256),
    "rate_per_s": (0, 1_000_000),
    "seed": (0, 2**31),
    "trickle_per_s": (0, 20),
    "churn_per_s": (0, 10),
    "slow_readers": (0, 10_000),
    "slow_writers": (0, 10_000),
    "vanishing_per_s": (0, 1_000),
    "warm_up_s": (0, 600),
    "window_s": (0, 3_600),
    "expect_status": (200, 599),
    "listen_s": (0, 600),
}
LISTEN_S = 5.0
DEFAULTS = {"in_flight": 64, "pipeline_depth": 1, "expect_status": 200, "listen_s": LISTEN_S}
BODY = "Hello, world!"
MOST_SHOWN = 60


class OptionsError(ValueError):
    """Every fault of the form in one message."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one load does. `window_s` 0 measures until it is stopped by hand."""

    host: str
    port: int
    load: str
    idle_connections: int
    in_flight: int
    warm_up_s: float
    window_s: float
    trial: str
    probe: str
    path: str = "/"
    """Or a mix: paths with weights."""
    pipeline_depth: int = 1
    rate_per_s: float = 0.0
    arrivals: str = ARRIVALS[0]
    seed: int = 0
    connect_pace_per_s: float = 0.0
    """Pace at which connections are opened; 0 is as fast as `in_flight` allows."""
    idle: str = IDLES[0]
    trickle_per_s: float = 0.0
    churn_per_s: float = 0.0
    slow_readers: int = 0
    slow_writers: int = 0
    vanishing_per_s: float = 0.0
    late_acks: int = 0
    """Handshakes whose last ACK meets a full accept queue, before a trial's load."""
    expect_status: int = 200
    expect_body: str = BODY
    """Empty: any body that stays the same."""
    listen_s: float = LISTEN_S
    """How long to wait for a server that has just been started."""
    worker: int = 0
    """Place of this worker among `workers`, from 0: what is here is its share (`share.py`)."""
    workers: int = 1

    @property
    def mix_seed(self) -> int:
        """Of the draws of a mix: no two workers of a load draw the same, nor do two seeds."""
        return self.seed * self.workers + self.worker

    @property
    def persistent(self) -> bool:
        """Whether active connections stay after a response."""
        return self.load in ("keep_alive", "open_loop")

    @property
    def is_trial(self) -> bool:
        """Part of a sweep: it ends by itself and its result is collected."""
        return bool(self.trial)


def parse(values: Mapping[str, Any], host: str | None) -> Options:
    """Check the knobs. Raises OptionsError with all faults.

    The target is one of the lab's own servers: `server` by name, or loopback in
    a shared network namespace. No other address is ever loaded.
    """
    faults: list[str] = []
    chosen = {
        name: _choice(name, values.get(name, known[0]), faults) for name, known in CHOICES.items()
    }
    numbers = {
        name: _number(name, values.get(name, DEFAULTS.get(name, 0)), faults) for name in LIMITS
    }
    target, port = _target(str(values.get("server") or ""), host or "", faults)
    probe = str(values.get("probe") or "")
    if probe and probe.rpartition(":")[0] != target:
        faults.append(f"probe is {probe!r}; it must be beside the server, at {target}")
    path = str(values.get("path") or "/")
    _together(chosen["load"], path, numbers, faults)
    if faults:
        raise OptionsError("; ".join(faults))
    checked: dict[str, Any] = {
        **chosen,
        **{
            name: number if name.endswith("_s") else int(number) for name, number in numbers.items()
        },
    }
    return Options(
        host=target,
        port=port,
        trial=str(values.get("trial") or ""),
        probe=probe,
        path=path,
        expect_body=str(values.get("expect_body", BODY)),
        **checked,
    )


def _choice(name: str, value: Any, faults: list[str]) -> str:
    known = CHOICES[name]
    if value not in known:
        faults.append(f"{name} is {shown(value)!r}; choose one of {', '.join(known)}")
    return str(value)


def _together(load: str, path: str, numbers: Mapping[str, float], faults: list[str]) -> None:
    """What each knob allows may still not go with another."""
    try:
        kinds = len(parse_mix(path))
    except MixError as error:
        faults.append(f"path: {error}")
        return
    if load in OPEN and not numbers["rate_per_s"]:
        faults.append(f"{load} needs a rate_per_s above 0")
    if load in CLOSED and numbers["rate_per_s"]:
        faults.append(f"rate_per_s is for {' and '.join(OPEN)}; {load} sends as fast as it can")
    if numbers["pipeline_depth"] > 1 and (load != "keep_alive" or kinds > 1):
        faults.append("pipeline_depth above 1 is for keep_alive with one path")
    if not numbers["idle_connections"] and (numbers["trickle_per_s"] or numbers["churn_per_s"]):
        faults.append("trickle_per_s and churn_per_s are for idle_connections above 0")
    if kinds > 1 and load != "keep_alive":
        faults.append("several paths are for keep_alive")


def _number(name: str, value: Any, faults: list[str]) -> float:
    """As strict as Locust, which keeps the type of a knob: a count is written in digits."""
    low, high = LIMITS[name]
    span = f"from {low:g} to {high:,.0f}"
    given = shown(value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        faults.append(f"{name} is {given!r}; give a number {span}")
        return low
    if not low <= number <= high:
        faults.append(f"{name} is {given}; it must be {span}")
    elif not name.endswith("_s") and not _in_digits(value):
        faults.append(f"{name} is {given}; it must be a whole number, in digits, {span}")
    return number


def _in_digits(value: Any) -> bool:
    try:
        int(str(value))
    except ValueError:
        return False
    return True


def shown(value: Any) -> str:
    """What was given, cut where it is too long for an answer."""
    text = str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _target(server: str, host: str, faults: list[str]) -> tuple[str, int]:
    servers = known_servers()
    if server:
        if server not in servers:
            able = [name for name in servers if name not in unavailable()]
            faults.append(
                f"server is {shown(server)!r}; choose one of {', '.join(able) or '(none)'}"
            )
        _can_run(server, faults)
        return server, PORT
    try:
        parts = urlsplit(host)
        name, port = parts.hostname, parts.port or PORT
    except ValueError:
        name, port = None, PORT
    if name in ("127.0.0.1", *servers):
        _can_run(name, faults)
        return name, port
    faults.append(
        f"host is {shown(host)!r}; the lab loads only its own servers: "
        f"{', '.join(servers) or 'http://127.0.0.1:8080 in a shared network namespace'}"
    )
    return "", 0


def _can_run(server: str, faults: list[str]) -> None:
    if reason := unavailable().get(server):
        faults.append(f"{server} cannot run here: {reason}")
