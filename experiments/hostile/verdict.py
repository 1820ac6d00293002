"""The verdict on a variant after its hostile campaign, and the table of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

RSS_GROWTH = 0.10
CPU_AT_REST = 0.02
"""Share of one core: an event loop that looks at its deadlines now and then stays far below."""
SHOWN = 3
"""Failures that are shown; the file has more of them."""

Result = dict[str, Any]


def judge(result: Result) -> list[str]:
    """What is wrong with a variant after its campaign, in words; empty if it passed."""
    faults = [f"exception in the server: {line}" for line in result["faults"]]
    if result["ended"]:
        faults.append(result["ended"])
    client = result["client"]
    if client is None:
        return [*faults, result["reason"]]
    if not client["answered"]:
        faults.append("the good request after the campaign was not answered")
    faults += [
        f"{count:,} of kind {kind} went wrong" for kind, count in sorted(client["failed"].items())
    ]
    faults += [_failure(one) for one in client["failures"][:SHOWN]]
    before, after = client["before"], client["after"]
    if after["rss_bytes"] > before["rss_bytes"] * (1 + RSS_GROWTH):
        faults.append(
            f"RSS grew from {before['rss_bytes'] / 1e6:.1f} to {after['rss_bytes'] / 1e6:.1f} MB"
        )
    if after["cpu_share"] > CPU_AT_REST:
        faults.append(f"not at rest: uses {after['cpu_share']:.0%} of a core")
    return faults


def _failure(one: dict[str, Any]) -> str:
    """A flood has no number: it is the same each time."""
    number = "" if one["input"] is None else f", input {one['input']}"
    return f"{one['kind']}{number}: {one['said']}"


def make_table(results: Mapping[str, Result], descriptors: int) -> Table:
    """A line per server; figures before and after the campaign."""
    table = Table(box=None)
    for heading in ("server", "inputs", "per s", "wrong", "RSS MB", "CPU", "verdict"):
        table.add_column(heading, no_wrap=True)
    for name, result in results.items():
        client, verdict = result["client"], "harmed" if judge(result) else "passed"
        if client is None:
            table.add_row(name, "", "", "", "", "", verdict)
            continue
        thrown, (before, after) = (
            sum(client["thrown"].values()),
            (client["before"], client["after"]),
        )
        table.add_row(
            name,
            f"{thrown:,}",
            f"{thrown / client['seconds']:,.0f}",
            f"{sum(client['failed'].values()):,}",
            f"{before['rss_bytes'] / 1e6:.1f} to {after['rss_bytes'] / 1e6:.1f}",
            f"{after['cpu_share']:.1%}",
            verdict,
        )
    table.caption = (
        "RSS of all processes and CPU, at rest before the campaign (warmed up with\n"
        f"the same kinds of input) and after it; {RSS_GROWTH:.0%} more and {CPU_AT_REST:.0%} of a "
        f"core are allowed.\nEach server had {descriptors} descriptors."
    )
    table.caption_justify = "left"
    return table
