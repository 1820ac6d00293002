"""The table of `make bench-servers`: a line per server, each figure with its range."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from contract.console import say
from experiments.benchmarks.ranges import ranged, wide_console
from experiments.benchmarks.server_costs.figures import Figures
from experiments.benchmarks.void_attempts import print_void

WIDTH = 150
HEADINGS = (
    *("server", "CPU us, 64", "CPU us, 1,000", "calls, 1", "calls, 64"),
    *("RSS MB", "kernel MB", "2 workers"),
)
CAPTION = """\
CPU us: median CPU time per request at 64 and at 1,000 keep-alive connections, and as a
ratio to epoll_level beside it in the same round (median, lowest to highest).
calls: system calls per request with 1 and with 64 connections that ask at once, traced.
RSS of all processes, and growth of the kernel's memory (slab and TCP buffers of the machine,
so both ends, and threads or processes too), with 10,000 idle connections.
2 workers: rate of two on two cores against one on one, computing 200 us for each request."""


def print_table(console: Console, figures: Figures, names: Sequence[str]) -> None:
    """Print the table, and below it why figures are missing."""
    table = Table(box=None, caption=CAPTION, caption_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    for name in names:
        table.add_row(
            name,
            *(_cpu(figures, name, level) for level in (64, 1_000)),
            *(_calls(figures, name, connections) for connections in ("1", "64")),
            *_memory(figures, name),
            _workers(figures, name),
        )
    wide_console(console, WIDTH).print(table)
    for name, reasons in figures.why.items():
        for what, reason in reasons.items():
            say(console, f"{name}, {what}: {reason}")
    for name in figures.memory:
        if (idle := figures.memory[name]["idle_connections"]) != 10_000:
            console.print(f"{name}: memory with {idle:,} idle connections, not 10,000")
    print_void(console, figures.void)


def _cpu(figures: Figures, name: str, level: int) -> str:
    cpu_us = figures.cpu_us.get(name, {}).get(level)
    if not cpu_us:
        return "-"
    ratios = figures.ratios.get(name, {}).get(level)
    # Void in a later round: the figures are of those before.
    rounds = (
        f", round {len(cpu_us)} the last" if figures.is_missing(name, f"cpu at {level}") else ""
    )
    return f"{median(cpu_us):6.1f}  " + (ranged(ratios) if ratios else "1") + rounds


def _calls(figures: Figures, name: str, connections: str) -> str:
    counted = figures.calls.get(name, {}).get(connections)
    if not counted or counted["reason"]:
        return "-"
    return f"{sum(counted['calls_per_request'].values()):.2f}"


def _memory(figures: Figures, name: str) -> tuple[str, str]:
    memory = figures.memory.get(name)
    if memory is None:
        return "-", "-"
    return f"{memory['rss_bytes'] / 1e6:,.1f}", f"{memory['kernel_bytes'] / 1e6:.1f}"


def _workers(figures: Figures, name: str) -> str:
    pairs = figures.workers.get(name)
    return ranged([pair["2"] / pair["1"] for pair in pairs]) if pairs else ""
