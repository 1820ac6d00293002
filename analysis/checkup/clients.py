"""Slow and broken clients? What those that send slowly, or vanish, do to the others."""

from __future__ import annotations

from analysis.checkup.answer import (
    Answer,
    Asked,
    bound_of,
    by_server,
    in_words,
    ratio,
    untold,
    values,
    with_figures,
)
from analysis.wording import count, duration, number, share
from contract.checkup.description import CLIENTS


def answer(asked: Asked) -> Answer:
    """In words, with what is left for the good clients."""
    rows = asked.of(CLIENTS)
    row = with_figures(rows)
    if row is None or row["requests_per_s"] is None:
        return untold(asked, CLIENTS, rows, "it was not asked")
    served = ratio(row["requests_per_s"], row["rate_per_s"])
    served = None if served is None else min(served, 1.0)
    p99 = bound_of(row, "response_p99_us")
    words = (
        f"Beside {count(row['slow_writers'])} clients that send a byte a second and "
        f"{number(row['vanishing_per_s'])} resets a second, {share(served)} of "
        f"{count(row['rate_per_s'])} requests a second are answered, "
        f"p99 {in_words(p99, duration)}"
    )
    if row["errors"]:
        words += f"; {share(row['error_share'])} fail: {row['error_kinds']}"
    figures = values(clients_served_share=served, clients_error_share=row["error_share"])
    if p99 is not None:
        figures["clients_p99_us"] = p99
    unread = p99 is None or row["error_share"] is None
    short = f"{share(served)} served"
    return Answer(CLIENTS, asked.server, f"{words}.", short, figures, by_server(row), unread)
