"""A crowd at the door? Many connections at once: the accept queue, drops, times to connect."""

from __future__ import annotations

from analysis.checkup.answer import (
    Answer,
    ServerRows,
    bound_of,
    by_server,
    in_words,
    untold,
    values,
    with_figures,
)
from analysis.wording import count, duration, plural, share
from contract.checkup.description import CROWD

SECOND_US = 900_000
"""Who waited so long had its SYN sent again (RFC 6298: after a second)."""


def answer(asked: ServerRows) -> Answer:
    """In words, with who was served."""
    rows = asked.of(CROWD)
    row = with_figures(rows)
    if row is None or row["coverage"] is None:
        return untold(asked, CROWD, rows, "it was not asked")
    longest = bound_of(row, "connect_max_us")
    figures = values(
        crowd_served_share=row["coverage"],
        crowd_drops=row["listen_drops"],
        crowd_queue=row["accept_queue_max"],
        crowd_queue_limit=row["accept_queue_limit"],
        crowd_error_share=row["error_share"],
    )
    if longest is not None:
        figures["crowd_connect_max_s"] = longest.over(1e6)
    of, window = count(row["active_connections"]), f"{row['window_s']:.0f} s"
    words = f"{share(row['coverage'])} of {of} that come at once are answered in {window}"
    drops = row["listen_drops"]
    if drops is None:
        words += "; how many connections found the accept queue full could not be read"
    elif drops:
        words += (
            f"; {plural(int(drops), 'time')} the accept queue was full and a connection dropped"
        )
    else:
        words += "; no connection found the accept queue full"
    if (limit := row["accept_queue_limit"]) is not None:
        words += f" (it takes {count(limit)})"
    if longest is not None:
        again = ", after a SYN was sent again" if longest.value >= SECOND_US else ""
        words += f". The longest time to connect is {in_words(longest, duration)}{again}"
    if row["errors"]:
        words += f". {share(row['error_share'])} fail: {row['error_kinds']}"
    short = f"{share(row['coverage'])} served"
    failed, unread = by_server(row), drops is None
    return Answer(CROWD, asked.server, f"{words}.", short, figures, failed, unread)
