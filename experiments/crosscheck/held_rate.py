"""The rate that a check-up's search finds, beside `h2load` at fixed rates below and above it.

`h2load` writes down each response's time, from when the request was sent. With as many clients as
the limit's time has requests, several times over, those that wait for a server that falls behind
show in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from contract.checkup.held_rate import HeldRate, RateTried, held_rate
from contract.checkup.kept import Limits, word_of
from contract.exits import LabError
from contract.settings.trial import Settings
from experiments.checkup.search import MOST, next_rate
from experiments.crosscheck.table import Compared
from experiments.crosscheck.tools import URL

PATH: Final = "/cpu/500"
"""Computing of a request: some thousand a second, so that one core can load far beyond it."""
SERVER: Final = "epoll_level"
CONNECTIONS: Final = 64
WINDOW_S: Final = 3.0
"""Both as in a check-up."""
CLIENTS: Final = 400
LASTS_S: Final = 6.0
ARRIVING_S: Final = 1.0
"""So long the clients of h2load take to begin, one after the other: those that began together would
ask together ever after."""
SHARES: Final = {0.93: "below the rate that is held", 1.07: "above it"}
"""Factors of the ends of the search's interval, which is 3% wide each side at most."""
TOOL: Final = "h2load"
LOG: Final = "/tmp/times"  # noqa: S108 - in a container of its own
SCRIPT: Final = 'h2load "$@" > /dev/null && sed -n "1~10p" {log}'
"""A shell's work: what it prints is not asked for; of what it writes down each tenth line is, as an
engine's log of all of them would be cut."""


def search(measure: Callable[[Settings], Mapping[str, Any]], limits: Limits) -> HeldRate:
    """What SERVER holds, by the steps of a check-up. `measure` gives the row of a trial."""
    closed = Settings(server=SERVER, path=PATH, active_connections=CONNECTIONS, window_s=WINDOW_S)
    guess = float(measure(closed)["requests_per_s"])
    seen: list[RateTried] = []
    for _ in range(2 * MOST):  # some trials may say nothing
        rate = next_rate(guess, seen)
        if rate is None:
            return held_rate(guess, seen)
        row = measure(
            Settings(
                server=SERVER,
                path=PATH,
                load="open_loop",
                rate_per_s=rate,
                active_connections=CONNECTIONS,
                window_s=WINDOW_S,
            )
        )
        if (word := word_of(row, limits)) != "unknown":
            seen.append(RateTried(rate, word == "kept"))
    raise LabError(f"what {SERVER} holds was not found in {2 * MOST} trials")


def command(rate_per_s: float) -> tuple[str, ...]:
    """h2load at this rate for some seconds, on connections that stay; prints its log."""
    a_period = 10  # ms, the shortest between two beginnings
    return (
        *("sh", "-c", SCRIPT.format(log=LOG), TOOL, "--h1", "-t", "1", "-c", str(CLIENTS)),
        *("-n", str(round(rate_per_s * LASTS_S / CLIENTS) * CLIENTS)),
        *("-r", str(round(CLIENTS * a_period / (ARRIVING_S * 1_000)))),
        *("--rate-period", f"{a_period}ms", "--rps", f"{rate_per_s / CLIENTS:.6f}"),
        *("--log-file", LOG, f"{URL}{PATH}"),
    )


def read_p99_us(log: str) -> float:
    """The 99th percentile of the requests that were sent while all clients were there: of a log
    with a line for each, when it was sent, its status, and its time, both times in microseconds.
    One that failed lasted for ever. Raises LabError for a log without any."""
    lines = [[int(cell) for cell in line.split()] for line in log.splitlines()]
    begun = min((line[0] for line in lines), default=0) + ARRIVING_S * 1e6
    ends = begun + (LASTS_S - 2 * ARRIVING_S) * 1e6
    times = sorted(
        time if status == 200 else math.inf for at, status, time in lines if begun <= at < ends
    )
    if not times:
        raise LabError(f"{TOOL} wrote down no request:\n{log[-500:]}")
    return times[math.ceil(0.99 * len(times)) - 1]


def compare_held_rate(
    held: HeldRate, limits: Limits, loaded: Callable[[tuple[str, ...]], str]
) -> Iterator[Compared]:
    """Whether p99 is on the side of the limit where the search has it; `loaded` is what a command
    prints beside a fresh server."""
    for share, where in SHARES.items():
        below = share < 1
        rate = share * (held.low if below else held.high)
        kept = read_p99_us(loaded(command(rate))) <= limits.p99_ms * 1_000
        yield Compared(TOOL, f"p99 kept {where}", (float(below),), (float(kept),))
