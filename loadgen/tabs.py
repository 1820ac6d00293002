"""The tabs that Locust's page gets: what they are called, their columns, their rows.

Locust draws a table for each from plain values; it asks for new ones every two seconds while a
load runs. An empty cell is something that is not known, or that does not apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from loadgen.gathered import RECENT_S, Gathered, Histograms, Sample
from loadgen.recorder import percentiles

Row = dict[str, Any]
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}


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


def tables(gathered: Gathered, finished: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows of every tab, as Locust's page wants them."""
    recent, merged = gathered.recent(), gathered.merged()
    connecting = {"connect", "first_response"} & set(merged)
    rows = {
        CONNECTIONS.key: [*_connections(gathered, merged), *finished],
        CONNECT.key: _times(recent, merged, connecting, gathered.scheduled),
        RESPONSE.key: _times(recent, merged, set(merged) - connecting, gathered.scheduled),
        SERVER.key: list(_server(gathered)),
    }
    return [{"key": key, "data": data} for key, data in rows.items()]


def _connections(gathered: Gathered, merged: Histograms) -> Iterator[Row]:
    """A row for each worker, and one for all where there are several."""
    rows = [
        _worker(worker, row, gathered.rates.get(worker))
        for worker, row in sorted(gathered.rows.items())
    ]
    if len(rows) > 1:
        whole = {"trial": rows[0]["trial"], "worker": f"all {len(rows)}"}
        whole["phase"] = ", ".join(sorted({row["phase"] for row in rows}))
        for column in ("idle", "active", "wanted", "rate", "errors"):
            whole[column] = sum(row[column] or 0 for row in rows)
        yield whole | _percentiles(merged.get("response", {}), ("p50", "p99"))
    yield from rows


def _worker(worker: str, row: Mapping[str, Any], rate: float | None) -> Row:
    known = {name: row.get(name) for name in ("trial", "phase", "idle", "active", "wanted")}
    response = row.get("histograms", {}).get("response", {})
    return {
        **known,
        "worker": worker.rpartition("_")[0],
        "rate": None if rate is None else round(rate),
        "errors": sum(row.get("errors", {}).values()),
        **_percentiles(response, ("p50", "p99")),
    }


def _times(recent: Histograms, merged: Histograms, names: set[str], scheduled: bool) -> list[Row]:
    return [
        {
            **dict(zip(("time", "counted"), _named(name, scheduled), strict=True)),
            "span": span,
            "count": sum(histograms[name].values()),
            **_percentiles(histograms[name], PERCENTILES),
        }
        for name in sorted(names)
        for span, histograms in ((f"the last {RECENT_S:g} s", recent), ("the whole load", merged))
    ]


def _named(name: str, scheduled: bool) -> tuple[str, str]:
    """What a histogram is of, and from which moment its times run."""
    if name in COUNTED:
        return COUNTED[name]
    title, counted = SCHEDULED if scheduled else CLOSED
    _, _, path = name.partition(" ")
    return (f"{title}, {path}" if path else title), counted


def _percentiles(counts: dict[int, int], labels: Iterable[str]) -> Row:
    return dict(zip(labels, percentiles(counts, [PERCENTILES[one] for one in labels]), strict=True))


def _server(gathered: Gathered) -> Iterator[Row]:
    """The newest second first, below a row for the whole load; or why there is none."""
    if gathered.silence:
        yield {"trial": gathered.server, "span": gathered.silence}
    samples = list(gathered.samples)
    if gathered.first and samples and gathered.first is not samples[-1]:
        yield {**_between(gathered.first, samples[-1]), "span": "the whole load"}
    for before, after in reversed(list(pairwise(samples))):
        if before.load == after.load:
            seconds = (after.counters["at_ns"] - before.counters["at_ns"]) / 1e9
            yield {**_between(before, after), "span": f"{seconds:.1f} s"}


def _between(before: Sample, after: Sample) -> Row:
    old, new = before.counters, after.counters
    cpu_ns, requests = new["cpu_ns"] - old["cpu_ns"], after.requests - before.requests
    return {
        "trial": after.load,
        "cpu": round(100 * cpu_ns / (new["at_ns"] - old["at_ns"]), 1),
        "cpu_us": round(cpu_ns / 1e3 / requests, 1) if requests > 0 else None,
        "queue": new["accept_queue"],
        "deepest": new["accept_queue_max"],
        "overflows": new["listen_overflows"] - old["listen_overflows"],
        "drops": new["listen_drops"] - old["listen_drops"],
        "retransmits": new["retransmits"] - old["retransmits"],
        "resets": new["resets"] - old["resets"],
        "rss": round(new["rss_bytes"] / 1e6, 1),
        "threads": new["threads"],
        "processes": new["processes"],
        "sockets": round(new["kernel_socket_bytes"] / 1e3),
    }
