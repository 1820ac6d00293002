"""Made-up records of trials without clients, as `readiness` leaves them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from contract.columns import COLUMNS, NAMES
from contract.outcomes import not_measured
from contract.settings.trial import Settings

HELD = 1_019
RING, WAIT = "token_ring", "one_wait"
POINTS = {RING: (10, 100, 1_000, 8_000), WAIT: (10, 100, 1_000, 10_000)}
PER_DESCRIPTOR_US = {"select": 0.06, "poll": 0.05, "epoll_level": 0.0, "epoll_edge": 0.0}
LIMIT = "FD_SETSIZE: select takes 1,019 descriptors"


def trials(blocks: int = 5, seed: int = 5, noise: float = 0.01) -> pd.DataFrame:
    """Rows as trials.csv has them: every interface, from ten descriptors to thousands."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for block in range(1, blocks + 1):
        for load, numbers in POINTS.items():
            for server in PER_DESCRIPTOR_US:
                for watched in numbers:
                    row = _row(server, load, watched, float(np.exp(rng.normal(0, noise))))
                    row |= {"block": block, "position": len(rows) + 1, "repeat": block}
                    rows.append(row | {"trial": f"{row['point']}-r{block}"})
    whole = {column.name: "Int64" for column in COLUMNS if column.kind == "int"}
    return pd.DataFrame(rows).reindex(columns=list(NAMES)).astype(whole)


def _row(server: str, load: str, watched: int, jitter: float) -> dict[str, Any]:
    row: dict[str, Any] = {
        **asdict(Settings()),
        "experiment": "readiness",
        "run": "20260101-120000",
        "sweep": load,
        "point": f"{server}-{load}-{watched}",
        "server": server,
        "origin": "lab",
        "load": load,
        "watched": watched,
        "active_connections": 0,
        "backlog": None,
        "started_at": "2026-01-01T12:00:00+00:00",
        "warm_up_s": 0.2,
        "window_s": 0.4,
    }
    if server == "select" and watched > HELD:
        return row | {
            "outcome": "failed",
            **not_measured("server_limit"),
            "reason": LIMIT.partition(": ")[2],
            "server_limit": LIMIT,
            "watched_held": HELD,
        }
    wait_us = (0.6 + PER_DESCRIPTOR_US[server] * watched) * jitter
    turn_us = wait_us + 1.0
    return row | {
        "outcome": "completed",
        "validity": "server_bound",
        "watched_held": watched,
        "requests": int(0.4e6 / turn_us),
        "errors": 0,
        "requests_per_s": 1e6 / turn_us,
        "wait_us": wait_us if load == WAIT else None,
        "bare_us": 1.0 + watched / 20_000,
        "server_cpu_us_per_request": turn_us,
        "server_cpu_share": 0.99,
        "steal_share": 0.0,
        "foreign_cpu_share": 0.0,
    }
