"""The columns of `trials.csv` about bad clients, and about what they left of the server."""

from __future__ import annotations

from contract.columns.column import Column

BAD_CLIENTS: tuple[Column, ...] = (
    Column("company", "text", "what bad clients and idle ones did, as name=count"),
    Column(
        "after_answered_s",
        "float",
        "after bad clients: from when they and the load had gone until a good request on a new "
        "connection was answered",
        added=True,
    ),
    Column(
        "after_fds",
        "int",
        "descriptors that the server then had more than before any load",
        added=True,
    ),
    Column("after_rss_bytes", "int", "resident memory of all its processes then", added=True),
)
