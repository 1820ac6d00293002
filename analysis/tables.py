"""Frames as tables for people: units from the names of columns, intervals in the cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from analysis.statistics.lower_bounds import END
from analysis.wording import (
    MISSING,
    at_least,
    count,
    duration,
    known,
    number,
    server_name,
    share,
    size,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HEADINGS = {
    "n": "valid trials",
    "void": "void",
    "requests_per_s": "requests / s",
    "server_cpu_us_per_request": "CPU per request",
    "response_p50_us": "response, median",
    "response_p99_us": "response, p99",
    "response_p999_us": "response, p99.9",
    "server_rss_bytes": "resident memory",
    "server_threads": "threads",
    "listen_overflows": "ListenOverflows",
    "listen_drops": "ListenDrops",
    "position": "place in run",
    "response_p90_us": "response, p90",
    "response_max_us": "response, longest",
    "connect_p50_us": "connect, median",
    "connect_max_us": "connect, longest",
    "rss_per_connection_bytes": "memory per connection",
    "kernel_slab_per_connection_bytes": "kernel memory per connection",
    "retransmits": "RetransSegs",
    "late": "SYN sent again",
    "late_share": "share",
    "rate_per_s": "asked / s",
    "from_s": "from, s",
    "to_s": "to, s",
    "window_s": "lasting, s",
    "failed_share": "repeats failed by the server",
    "error_share": "errors, of attempts",
    "unanswered_share": "without an answer",
    "goodput_per_s": "goodput / s, failures included",
    "spoiled_by": "spoiled by",
}
TEXT = (
    "server",
    "load",
    "validity",
    "reason",
    "limit",
    "timed",
    "shared",
    "settings",
    "spoiled_by",
)
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows of text; `numeric` says which columns to align right.
    `left_out` rows were too many to show; `servers` names each row's server as recorded."""

    headings: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    left_out: int = 0
    servers: list[str] = field(default_factory=list)


def as_table(frame: pd.DataFrame) -> Table:
    """A frame for people; columns with _low and _high go into their metric's cell, and what
    another says to be a lower bound is written so."""
    names = [n for n in frame.columns if not n.endswith(("_low", "_high", END))]
    if "void" in names and not frame["void"].any():
        names.remove("void")
    shown = frame.head(MOST_ROWS)
    columns = [_cells(shown, name) for name in names]
    return Table(
        [HEADINGS.get(name, name.replace("_", " ")) for name in names],
        [list(row) for row in zip(*columns, strict=True)],
        [name not in TEXT for name in names],
        len(frame) - len(shown),
        shown["server"].astype(str).tolist() if "server" in shown else [],
    )


def _cells(frame: pd.DataFrame, name: str) -> list[str]:
    write = writer(name)
    if name in TEXT:
        return [MISSING if pd.isna(v) else server_name(str(v)) for v in frame[name]]
    middle = [write(_float(value)) for value in frame[name]]
    if f"{name}{END}" in frame:
        bounds = frame[f"{name}{END}"]
        middle = [at_least(one) if low else one for one, low in zip(middle, bounds, strict=True)]
    if f"{name}_low" not in frame:
        return middle
    ends = zip(frame[f"{name}_low"], frame[f"{name}_high"], strict=True)
    return [
        f"{text} ({write(_float(low))} to {write(_float(high))})"
        if pd.notna(low) and pd.notna(high) and low != high
        else text
        for text, (low, high) in zip(middle, ends, strict=True)
    ]


def writer(name: str) -> Callable[[float], str]:
    """How to write a column's numbers, by the unit at the end of its name."""
    if name == "backlog":
        return lambda value: count(value) if known(value) else "its own"
    if name.endswith(("_us", "_us_per_request")):
        return duration
    if name.endswith("_bytes"):
        return size
    if name.endswith("_share"):
        return share
    return number if name.endswith(("_per_s", "_s", "_ratio")) else count


def _float(value: object) -> float:
    return float("nan") if pd.isna(value) else float(value)  # type: ignore[arg-type, call-overload]  # a cell of a numeric column
