"""What a connection takes: in the server, in the kernel, and in the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import analysis
from analysis.figures import memory
from tests.support.claim_data import rows, write_rows

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = {
    "server_rss_idle_bytes": 14_000_000,
    "kernel_slab_idle_bytes": 500_000_000,
    "generator_rss_idle_bytes": 60_000_000,
}
TAKES = {"server_rss_bytes": 20, "kernel_slab_bytes": 10_240, "generator_rss_bytes": 300}


def held(idle: int, **changes: Any) -> dict[str, Any]:
    """The memory of so many idle connections and 8 active ones."""
    grown = {
        name: BEFORE[name.replace("_bytes", "_idle_bytes")] + each * (idle + 8)
        for name, each in TAKES.items()
    }
    return {"active_connections": 8, "idle_connections": idle, **BEFORE, **grown, **changes}


def run_of(folder: Path, *servers: str, **changes: Any) -> analysis.Run:
    parts = [
        rows(3, server=server, **held(idle, **changes))
        for server in servers
        for idle in (0, 100_000)
    ]
    return analysis.load(write_rows(folder, *parts))


def test_of_one_server_both_ends_are_told(tmp_path: Path) -> None:
    run = run_of(tmp_path, "reuseport_epoll")
    text = memory.reading(run)
    assert text.startswith("Holding 100,000 idle connections takes reuseport epoll 15.3 MB of")
    assert text.endswith(
        "A connection takes 20 B in reuseport epoll, 10 KB in the kernel for both ends and 300 B "
        "in the load."
    )
    last = memory.table(run).iloc[-1]
    assert last[memory.LOAD] == pytest.approx(300)
    labels = [panel.choice for panel in memory.chart(run).panels]
    assert "resident memory of the load per connection" in labels


def test_what_nobody_read_is_not_told(tmp_path: Path) -> None:
    """As in runs that were recorded before."""
    older = run_of(tmp_path, "epoll_level", generator_rss_bytes=None, generator_rss_idle_bytes=None)
    assert memory.reading(older).endswith(
        "A connection takes 20 B in epoll (level) and 10 KB in the kernel for both ends."
    )
    assert memory.LOAD not in memory.table(older)
