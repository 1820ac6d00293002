"""Frames as tables for people: units from the names of columns, intervals in the cell."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from analysis.outcomes.lower_bounds import END, marked, sign
from analysis.wording import MISSING, column_writer, server_name, with_ends
from contract.outcomes import NOT_MEASURED

HEADINGS = {
    "n": "measured",
    "limit_reached": "limit reached",
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
    "generator_rss_per_connection_bytes": "load's memory per connection",
    "retransmits": "RetransSegs",
    "late": "SYN sent again",
    "late_share": "share",
    "rate_per_s": "offered / s",
    "from_s": "from, s",
    "to_s": "to, s",
    "window_s": "lasting, s",
    "failed_share": "repeats failed by the server",
    "error_share": "errors, of attempts",
    "unanswered_share": "without an answer",
    "goodput_per_s": "goodput / s, failures included",
    "spoiled_by": "spoiled by",
    "served_share": "clients served",
    "asked": "asked for",
    "held": "held at the limit",
    "spoiled_measurements": "of them spoiled",
    "most_foreign_cpu_share": "other programs, of a core, at most",
    "most_steal_share": "hypervisor, at most",
    "most_cpu_pressure_share": "waited for a core, at most",
    "most_memory_pressure_share": "for memory",
    "most_io_pressure_share": "for a disk",
    "server_core_loop_before_us": "loop, server's core, before",
    "server_core_loop_after_us": "loop, server's core, after",
    "load_core_loop_before_us": "loop, load's core, before",
    "load_core_loop_after_us": "loop, load's core, after",
    "reference_requests_per_s": "reference, requests / s",
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
    "remark",
    "of",
)
LITERAL = ("reason", "remark", "limit")
"""Texts that may quote a server's own words."""
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows of text; `numeric` columns are aligned right.

    `left_out` rows more are in the file `rest`; `servers` has the name of each row's server as
    recorded.
    """

    headings: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    left_out: int = 0
    servers: list[str] = field(default_factory=list)
    rest: str = "trials.csv"


def as_table(frame: pd.DataFrame) -> Table:
    """A frame as a table. An interval (columns _low and _high) goes into its metric's cell; a
    bound, whose interval has one end alone, gets its sign instead."""
    names = [n for n in frame.columns if not n.endswith(("_low", "_high", END))]
    absent = [one for one in NOT_MEASURED if one in names and not frame[one].any()]
    names = [name for name in names if name not in absent]
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
    if name in TEXT:
        shown = str if name in LITERAL else server_name
        return [MISSING if pd.isna(v) else shown(str(v)) for v in frame[name]]
    write = column_writer(name)
    texts = [write(_float(value)) for value in frame[name]]
    if f"{name}{END}" in frame:
        bounds = frame[f"{name}{END}"]
        texts = [sign(name, one) if held else one for one, held in zip(texts, bounds, strict=True)]
    if f"{name}_low" not in frame:
        return texts
    low, high = (frame[f"{name}_{end}"].mask(marked(frame, name)) for end in ("low", "high"))
    ends = zip(texts, low, high, strict=True)
    return [with_ends(text, _float(first), _float(last), write) for text, first, last in ends]


def _float(value: object) -> float:
    return float("nan") if pd.isna(value) else float(value)  # type: ignore[arg-type, call-overload]  # a cell of a numeric column
