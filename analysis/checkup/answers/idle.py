"""How many can be there? Idle connections, what each takes, and what they do to the busy ones."""

from __future__ import annotations

import re

from analysis.checkup.answer import Answer, Asked, Row, by_server, ratio, reason_of, untold, values
from analysis.wording import count, number, size
from contract.checkup.description import IDLE
from contract.outcomes import LIMIT_REACHED, MEASURED, STARVED, went_as_far_as

CLOSES = re.compile(r"the server closes .*?connections.*? after ([\d.]+) s")
"""In a reason, of loadgen/worker/idle_loss.py."""
SLOWER = 1.1
"""Trials of equal settings differ by so much."""


def answer(asked: Asked) -> Answer:
    """In words, with memory for a connection."""
    rows = asked.of(IDLE)
    beside = [row for row in rows if row["idle_connections"]]
    many = max(beside, key=lambda row: row["idle_connections"], default=None)
    alone = next((row for row in rows if not row["idle_connections"]), None)
    if many and (closing := CLOSES.search(many["reason"] or "")):
        after = f"{closing[1]} s"
        words = f"It closes idle connections after {after}, so that they do not pile up."
        figures = values(idle_closes_s=float(closing[1]))
        return Answer(IDLE, asked.server, words, f"closed after {after}", figures)
    known = (*MEASURED, LIMIT_REACHED, STARVED)
    if many is None or many["validity"] not in known or went_as_far_as(many) is None:
        return untold(asked, IDLE, [many] if many else [], "it was not asked")
    wanted = asked.about.rules.idle_connections + many["active_connections"]
    held = went_as_far_as(many)
    part = ratio(held, wanted)
    bytes_each, kernel_each = _each(many, "server_rss"), _each(many, "kernel_slab")
    slower = None
    if alone and {alone["validity"], many["validity"]} <= set(MEASURED):
        slower = ratio(alone["requests_per_s"], many["requests_per_s"])
    figures = values(
        idle_held=held,
        idle_held_share=part,
        idle_bytes=bytes_each,
        idle_kernel_bytes=kernel_each,
        idle_slower_times=slower,
    )
    words = f"It holds {count(held)} of {count(wanted)} connections"
    if many["validity"] in (LIMIT_REACHED, STARVED):
        words += f": {many['server_limit'] or reason_of(many)}"
    elif many["idle_connections"] < asked.about.rules.idle_connections:
        words += f"; this machine has room for {count(many['idle_connections'])} idle ones"
    if bytes_each is not None and kernel_each is not None:
        words += (
            f". Each takes {size(bytes_each)} of its memory and {size(kernel_each)} of the kernel's"
        )
    if slower is not None:
        words += (
            f". Beside them the busy ones get 1/{number(slower, 2)} of the rate"
            if slower > SLOWER
            else ". The busy ones are not slower for them"
        )
    short = f"{count(held)} held" if bytes_each is None else f"{size(bytes_each)} each"
    return Answer(IDLE, asked.server, f"{words}.", short, figures, by_server(many))


def _each(row: Row, name: str) -> float | None:
    """Bytes for an idle connection, of what grew since before the load; None: unknown."""
    before, after = row[f"{name}_idle_bytes"], row[f"{name}_bytes"]
    if before is None or after is None:
        return None
    grown = ratio(after - before, row["idle_established"])
    return None if grown is None else max(grown, 0.0)
