"""Slow and broken clients? What those that send slowly, or vanish, do to the others."""

from __future__ import annotations

from analysis.checkup.answer import Answer, Asked, by_server, ratio, untold, values
from analysis.wording import count, duration, number, share
from contract.checkup.description import CLIENTS


def answer(asked: Asked) -> Answer:
    """In words, with what is left for the good clients."""
    rows = asked.of(CLIENTS)
    row = next((one for one in rows if one["requests_per_s"] is not None), None)
    if row is None:
        return untold(asked, CLIENTS, rows, "it was not asked")
    served = ratio(row["requests_per_s"], row["rate_per_s"])
    served = None if served is None else min(served, 1.0)
    words = (
        f"Beside {count(row['slow_writers'])} clients that send a byte a second and "
        f"{number(row['vanishing_per_s'])} resets a second, {share(served)} of "
        f"{count(row['rate_per_s'])} requests a second are answered, "
        f"p99 {duration(row['response_p99_us'])}"
    )
    if row["errors"]:
        words += f"; {share(row['error_share'])} fail: {row['error_kinds']}"
    figures = values(
        clients_served_share=served,
        clients_p99_us=row["response_p99_us"],
        clients_error_share=row["error_share"],
    )
    short = f"{share(served)} served"
    return Answer(CLIENTS, asked.server, f"{words}.", short, figures, by_server(row))
