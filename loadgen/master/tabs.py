"""The tabs that Locust's page gets: what they are called, their columns, their rows.

Locust draws a table for each from plain values; it asks for new ones every two seconds while a
load runs. An empty cell is something that is not known, or that does not apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from contract.result.distribution import PERCENTILES, Distribution
from contract.result.trial_result import TrialResult
from loadgen.engine.censoring import joined, lower_bounds, overdue
from loadgen.engine.recorder import Counts, percentiles
from loadgen.master.live_totals import RECENT_S, Histograms, LiveTotals, Look
from loadgen.worker.standing import Standing

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab with one table: the titles of its columns by key."""

    key: str
    title: str
    columns: Mapping[str, str]


TIMES = {
    "time": "Time",
    "counted": "Counted from",
    "span": "Over",
    "count": "Count",
    "unanswered": "Not ended",
    "p50": "p50 (us)",
    "p90": "p90 (us)",
    "p99": "p99 (us)",
    "p999": "p99.9 (us)",
    "max": "Max (us)",
}
CONNECTIONS = Tab(
    "connections",
    "Connections",
    {
        "trial": "Trial or server",
        "worker": "Worker",
        "phase": "Phase",
        "idle": "Idle established",
        "active": "Active established",
        "wanted": "Active wanted",
        "rate": "Requests/s",
        "p50": "p50 (us)",
        "p99": "p99 (us)",
        "errors": "Errors",
        "unanswered": "Unanswered",
    },
)
CONNECT = Tab("connect", "Time to connect", TIMES)
RESPONSE = Tab("response", "Response time", TIMES)
SERVER = Tab(
    "server",
    "Server",
    {
        "trial": "Trial or server",
        "span": "Over",
        "cpu": "CPU (% of a core)",
        "cpu_us": "CPU per request (us)",
        "queue": "Accept queue",
        "deepest": "Deepest so far",
        "overflows": "Queue overflows",
        "drops": "SYNs dropped",
        "retransmits": "Retransmits",
        "resets": "Resets sent",
        "rss": "RSS (MB)",
        "threads": "Threads",
        "processes": "Processes",
        "sockets": "Kernel sockets (KB)",
    },
)
TABS = (CONNECTIONS, CONNECT, RESPONSE, SERVER)
COUNTED = {
    "connect": ("Time to connect", "the SYN"),
    "first_response": ("Time to first response", "the SYN"),
    "service": ("Service time (uncorrected)", "the send"),
    "lag": ("Lag of the generator", "the moment when it was due"),
}
SCHEDULED = ("Response time (corrected)", "the moment when it was due")
CLOSED = ("Response time", "the send: a closed loop has no schedule")


def at_least(us: int, low: bool) -> int | str:
    """A time as it is shown: some are lower bounds, because of what had not ended."""
    return f"≥ {us}" if low else us


def finished_row(result: TrialResult) -> Row:
    """A trial that has ended, among the connections."""
    window, gauges = result.window, result.gauges
    response = window.distributions.get("response") if window else None
    return {
        "trial": result.trial,
        "phase": result.reason or "done",
        "idle": gauges.idle_established if gauges else None,
        "active": gauges.active_established if gauges else None,
        "wanted": gauges.active_wanted if gauges else None,
        "rate": round(window.requests / window.window_s) if window else None,
        "p50": _time(response, "p50_us"),
        "p99": _time(response, "p99_us"),
        "errors": sum(window.errors.values()) if window else 0,
        "unanswered": response.censored if response and response.times else None,
    }


def _time(distribution: Distribution | None, figure: str) -> int | str | None:
    if distribution is None or distribution.times is None:
        return None
    us = getattr(distribution.times, figure)
    return at_least(round(us), figure in distribution.lower_bounds)


def tables(totals: LiveTotals, finished: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows of every tab, as Locust's page wants them."""
    recent, merged = totals.recent(), totals.merged()
    connecting = {"connect", "first_response"} & set(merged)
    rows = {
        CONNECTIONS.key: [*_connections(totals, merged), *finished],
        CONNECT.key: _times(totals, recent, merged, connecting),
        RESPONSE.key: _times(totals, recent, merged, set(merged) - connecting),
        SERVER.key: list(_server(totals)),
    }
    return [{"key": key, "data": data} for key, data in rows.items()]


def _connections(totals: LiveTotals, merged: Histograms) -> Iterator[Row]:
    """A row for each worker, and one for all where there are several."""
    length_s = totals.length_s
    rows = [
        _worker(worker, standing, totals.rate(worker), length_s)
        for worker, standing in sorted(totals.standings.items())
    ]
    if len(rows) > 1:
        whole = {"trial": rows[0]["trial"], "worker": f"all {len(rows)}"}
        whole["phase"] = ", ".join(sorted({row["phase"] for row in rows}))
        for column in ("idle", "active", "wanted", "rate", "errors"):
            whole[column] = sum(row[column] or 0 for row in rows)
        ages = totals.censored().get("response", {})
        whole["unanswered"] = sum(ages.values()) if totals.frozen else None
        yield whole | _percentiles(merged.get("response", {}), ages, length_s, ("p50", "p99"))
    yield from rows


def _worker(worker: str, standing: Standing, rate: float | None, length_s: float) -> Row:
    response = standing.histograms.get("response", {})
    ages = (standing.censored or {}).get("response", {})
    return {
        "trial": standing.trial,
        "worker": worker.rpartition("_")[0],
        "phase": standing.phase,
        "idle": standing.idle,
        "active": standing.active,
        "wanted": standing.wanted,
        "rate": None if rate is None else round(rate),
        "errors": sum(standing.errors.values()),
        "unanswered": None if standing.censored is None else sum(ages.values()),
        **_percentiles(response, ages, length_s, ("p50", "p99")),
    }


def _times(
    totals: LiveTotals, recent: Histograms, merged: Histograms, names: set[str]
) -> list[Row]:
    """What had not ended is told of the whole load, when it is over; before, it is not known."""
    spans: tuple[tuple[str, Histograms, Histograms, bool], ...] = (
        (f"the last {RECENT_S:g} s", recent, {}, False),
        ("the whole load", merged, totals.censored(), totals.frozen),
    )
    return [
        {
            **dict(zip(("time", "counted"), _named(name, totals.scheduled), strict=True)),
            "span": span,
            "count": sum(ended[name].values()),
            "unanswered": sum(late.get(name, {}).values()) if known else None,
            **_percentiles(ended[name], late.get(name, {}), totals.length_s, PERCENTILES),
        }
        for name in sorted(names)
        for span, ended, late, known in spans
    ]


def _named(name: str, scheduled: bool) -> tuple[str, str]:
    """What a histogram is of, and from which moment its times run."""
    if name in COUNTED:
        return COUNTED[name]
    title, counted = SCHEDULED if scheduled else CLOSED
    _, _, path = name.partition(" ")
    return (f"{title}, {path}" if path else title), counted


def _percentiles(ended: Counts, ages: Counts, length_s: float, labels: Iterable[str]) -> Row:
    wanted = {label: PERCENTILES[label] for label in labels}
    times = joined(ended, ages)
    late = overdue(ended, ages, max(length_s, 1e-6) * 1e6)
    flags = lower_bounds(times, late, list(wanted.values()))
    found = percentiles(times, list(wanted.values()))
    return {
        label: None if us is None else at_least(us, low)
        for label, us, low in zip(wanted, found, flags, strict=True)
    }


def _server(totals: LiveTotals) -> Iterator[Row]:
    """The newest second first, below a row for the whole load; or why there is none."""
    if totals.silence:
        yield {"trial": totals.server, "span": totals.silence}
    looks = list(totals.looks)
    if totals.first and looks and totals.first is not looks[-1]:
        yield {**_between(totals.first, looks[-1]), "span": "the whole load"}
    for before, after in reversed(list(pairwise(looks))):
        if before.load == after.load:
            seconds = (after.sample.at_ns - before.sample.at_ns) / 1e9
            yield {**_between(before, after), "span": f"{seconds:.1f} s"}


def _between(before: Look, after: Look) -> Row:
    old, new = before.sample, after.sample
    cpu_ns, requests = new.cpu_ns - old.cpu_ns, after.requests - before.requests
    return {
        "trial": after.load,
        "cpu": round(100 * cpu_ns / (new.at_ns - old.at_ns), 1),
        "cpu_us": round(cpu_ns / 1e3 / requests, 1) if requests > 0 else None,
        "queue": new.accept_queue,
        "deepest": new.accept_queue_max,
        "overflows": new.listen_overflows - old.listen_overflows,
        "drops": new.listen_drops - old.listen_drops,
        "retransmits": new.retransmits - old.retransmits,
        "resets": new.resets - old.resets,
        "rss": round(new.rss_bytes / 1e6, 1),
        "threads": new.threads,
        "processes": new.processes,
        "sockets": round(new.kernel_socket_bytes / 1e3),
    }
