"""Made-up but plausible records for the tests of analysis."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from contract.columns import COLUMNS, FORMAT_VERSION, NAMES, SETTINGS
from contract.outcomes import not_measured
from contract.settings.trial import Settings

WALL = 1016
US = 1e6
IDLE_SERVERS = ("thread_per_connection", "select", "poll", "epoll_level")
BASE_US = {"iterative": 55.0, "thread_per_connection": 13.0, "select": 9.0, "poll": 8.8}
USUAL = Settings(backlog=4096)
LIMIT = "FD_SETSIZE: select cannot watch descriptor 1024 or above"


def points() -> list[dict[str, Any]]:
    """The settings of one block of the default experiment, references included."""
    common = {"network": "pod", "somaxconn": 4096, "load": "keep_alive", "backlog": 4096}
    found = [{"sweep": "reference", **common, "server": "epoll_level", "active": 64, "idle": 0}] * 2
    for server in IDLE_SERVERS:
        found += [
            {"sweep": "idle", **common, "server": server, "active": 8, "idle": idle}
            for idle in (0, 1000, 10000)
        ]
        found += [
            {"sweep": "concurrency", **common, "server": server, "active": active, "idle": 0}
            for active in (64, 1000)
            if (server, active) != ("epoll_level", 64)
        ]
    short = {**common, "sweep": "backlog", "load": "connection_per_request", "active": 100}
    found += [
        {**short, "server": "iterative", "idle": 0, "backlog": backlog}
        for backlog in (1, 5, 10, 50, 128)
    ]
    found += [{**short, "server": "epoll_level", "idle": 0, "backlog": b} for b in (5, 128)]
    return found


def trials(blocks: int = 3, seed: int = 7, noise: float = 0.03) -> pd.DataFrame:
    """Rows as trials.csv has them, `blocks` shuffled blocks, with plausible results."""
    return _trials(blocks, seed, noise).copy()


@cache
def _trials(blocks: int, seed: int, noise: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    repeats: dict[str, int] = {}
    for block in range(1, blocks + 1):
        wanted = points()
        first, last, rest = wanted[0], wanted[1], wanted[2:]
        for settings in (first, *(rest[i] for i in rng.permutation(len(rest))), last):
            row = _row(settings, float(np.exp(rng.normal(0, noise))), rng)
            repeats[row["point"]] = repeats.get(row["point"], 0) + 1
            row |= {"block": block, "position": len(rows) + 1, "repeat": repeats[row["point"]]}
            row |= _machine(len(rows) + 1)
            row["trial"] = f"{row['point']}-r{row['repeat']}"
            rows.append(row)
    whole = {column.name: "Int64" for column in COLUMNS if column.kind == "int"}
    texts = {column.name: "object" for column in COLUMNS if column.added}
    return pd.DataFrame(rows).reindex(columns=list(NAMES)).astype(whole | texts)


def one_row() -> dict[str, Any]:
    """One whole row, by column."""
    row = trials(1).iloc[0].to_dict()
    return {str(name): value for name, value in row.items()}


def _row(settings: dict[str, Any], jitter: float, rng: np.random.Generator) -> dict[str, Any]:
    server, active, idle = settings["server"], settings["active"], settings["idle"]
    row: dict[str, Any] = {
        **asdict(Settings()),
        "experiment": "c10k",
        "run": "20260101-120000",
        "sweep": settings["sweep"],
        "server": server,
        "origin": "lab",
        "network": settings["network"],
        "load": settings["load"],
        "active_connections": active,
        "idle_connections": idle,
        "backlog": settings["backlog"],
        "somaxconn": settings["somaxconn"],
        "outcome": "completed",
        "validity": "server_bound",
        "started_at": "2026-01-01T12:00:00+00:00",
        "overhead_s": 2.1,
        "warm_up_s": 0.5,
        "window_s": 2.0,
        "errors": 0,
        "active_established": active,
        "idle_established": idle,
        "server_established": active + idle,
        "coverage": 1.0,
        "littles_law_ratio": 1.0,
        "steal_share": 0.0,
        "foreign_cpu_share": 0.02,
    }
    row["point"] = "-".join(
        "own" if row[name] is None else str(row[name])
        for name in SETTINGS
        if name not in ("network", "somaxconn")
    )
    if server == "select" and idle + active > WALL:
        return row | {
            "outcome": "failed",
            **not_measured("server_limit"),
            "reason": f"established {WALL:,} of {idle + active:,} connections",
            "server_limit": LIMIT,
            "active_established": 0,
            "idle_established": WALL,
            "server_established": WALL,
        }
    cost = _cost_us(server, active, idle, settings["load"]) * jitter
    rate = US / cost
    threads = active + idle + 1 if server == "thread_per_connection" else 1
    row |= {
        "requests": int(rate * 2),
        "requests_per_s": rate,
        "server_cpu_us_per_request": cost * 0.98,
        "server_cpu_share": 0.98,
        "generator_cpu_share": 0.7,
        "server_rss_bytes": int((14_000_000 + threads * 22_500 + idle * 90) * jitter**0.1),
        "server_rss_idle_bytes": 14_000_000,
        "generator_rss_bytes": 62_000_000 + (active + idle) * 300,
        "generator_rss_idle_bytes": 62_000_000,
        "server_threads": threads,
        "server_processes": 1,
        "server_fds": active + idle + 6,
        "kernel_socket_bytes": (active + idle) * 4600,
        "context_switches": int(rate if server == "thread_per_connection" else 200),
        "accept_queue_max": 0,
        "listen_overflows": 0,
        "listen_drops": 0,
        "retransmits": 0,
        "resets": 0,
        "segments_out_per_response": 1.0,
        "unanswered": 0,
    }
    return row | _times(row, active / rate * US, rng)


def _machine(position: int) -> dict[str, Any]:
    """When it was, who waited, and how fast the cores were: a trial takes 4.6 s, and each fifth one
    finds the server's core asleep."""
    at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=4.6 * (position - 1))
    rested = 1_550.0 if position % 5 == 0 else 1_010.0
    return {
        "started_at": at.isoformat(timespec="milliseconds"),
        "cpu_pressure_share": 0.02 + 0.01 * (position % 3),
        "memory_pressure_share": 0.0,
        "io_pressure_share": 0.001 * (position % 7),
        "server_core_loop_before_us": rested,
        "server_core_loop_after_us": 1_000.0,
        "load_core_loop_before_us": 1_020.0,
        "load_core_loop_after_us": 1_005.0,
    }


def _cost_us(server: str, active: int, idle: int, load: str) -> float:
    """Server CPU microseconds per request: a line in N for select and poll."""
    if load == "connection_per_request":
        return 56.0
    base = BASE_US.get(server, 8.9)
    if server in ("select", "poll"):
        # Each call returns all that is ready, so its cost is shared by the active ones.
        return base + 0.7 * idle / active
    if server == "thread_per_connection" and idle >= 10000:
        return base * 1.15
    return base * (1.1 if active >= 1000 else 1.0)


def _times(row: dict[str, Any], mean: float, rng: np.random.Generator) -> dict[str, Any]:
    tail = 6.0 if row["server"] == "thread_per_connection" else 2.5
    times = {
        "response_p50_us": mean * 0.9,
        "response_p90_us": mean * 1.3,
        "response_p99_us": mean * 1.5 * tail,
        "response_p999_us": mean * 2.0 * tail,
        "response_max_us": mean * 6.0 * tail,
        "response_mean_us": mean,
        "first_response_p50_us": mean,
        "first_response_p99_us": mean * 4,
        "first_response_max_us": mean * 9,
        "connect_p50_us": 30.0,
        "connect_p99_us": 90.0,
        "connect_p999_us": 120.0,
        "connect_max_us": 300.0,
        "idle_connect_s": row["idle_connections"] * 7e-5,
    }
    if row["load"] == "connection_per_request" and row["server"] == "iterative":
        backlog = row["backlog"]
        if backlog < 100:
            lost = int(900 - 12 * backlog + rng.integers(0, 30))
            late = US * (1.009 + float(rng.random()) * 0.016)
            times |= {"response_p50_us": mean * (0.2 + backlog / 130), "connect_p999_us": late}
            times |= {"response_p999_us": late, "response_max_us": late * 2.1}
            times |= {"listen_overflows": lost, "listen_drops": lost, "retransmits": lost}
            times |= {"accept_queue_max": backlog + 1, "full_queue_depth": backlog + 1}
            times |= {"full_queue_overflows": 300, "full_queue_drops": 300}
        else:
            times |= {"response_p999_us": 8600.0, "accept_queue_max": 99}
            times |= {"full_queue_depth": 100, "full_queue_overflows": 0, "full_queue_drops": 0}
    return times


def manifest(**changes: Any) -> dict[str, Any]:
    """A manifest with every key that the lab writes."""
    return {
        "format_version": FORMAT_VERSION,
        "experiment": "c10k",
        "question": "How do five server architectures stand up to idle connections, "
        "concurrency and short backlogs?",
        "run": "20260101-120000",
        "seed": 20260101,
        "started_at": "2026-01-01T12:00:00+00:00",
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "git_dirty": False,
        "experiment_sha256": "a" * 64,
        "lock_sha256": "b" * 64,
        "images": {"base": {"reference": "python:3.13-slim", "origin": "debian", "id": "sha256:c"}},
        "kernel": {"release": "6.18.0"},
        "cpu": {"model": "Example CPU @ 2.00GHz", "cores": 2},
        "memory_bytes": 8 * 2**30,
        "cgroup_version": 2,
        "docker": {"engine": "28.0.0", "api": "1.48", "storage_driver": "overlay2"},
        "sysctls": {"net.core.somaxconn": "4096", "net.ipv4.tcp_syncookies": "1"},
        "ulimits": {"nofile": [20000, 20000]},
        "bridge_nf_call_iptables": 0,
        "clock_source": "tsc",
        "repeats": 3,
        "window_s": 2.0,
        "claims": [2, 3, 6, 8, 10, 11, 14, 16],
        "figures": None,
        "usual": {name: value for name, value in asdict(USUAL).items() if name in SETTINGS},
        **changes,
    }


def write_run(folder: Path, frame: pd.DataFrame | None = None, **changes: Any) -> Path:
    """Write a run folder with these trials (made-up ones by default)."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = trials() if frame is None else frame.copy()
    for column in COLUMNS:
        if column.kind == "flag":
            rows[column.name] = rows[column.name].map({True: "true", False: "false"})
    rows.to_csv(folder / "trials.csv", index=False, lineterminator="\n")
    (folder / "manifest.json").write_text(json.dumps(manifest(**changes)), encoding="utf-8")
    return folder
