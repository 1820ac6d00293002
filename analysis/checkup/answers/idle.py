"""How many can be there? Idle connections, what each takes, and what they do to the busy ones."""

from __future__ import annotations

from analysis.checkup.answer import (
    Answer,
    Row,
    ServerRows,
    by_server,
    closes_each,
    ratio,
    reason_of,
    untold,
    values,
)
from analysis.wording import count, number, size
from contract.checkup.description import IDLE
from contract.checkup.figures import FIGURES
from contract.outcomes import LIMIT_REACHED, MEASURED, STARVED, went_as_far_as
from contract.reasons import CLOSES_IDLE

OF_THOSE_THAT_STAY = frozenset(one.name for one in FIGURES if one.question == IDLE)
"""Figures that a server which closes them has none of."""
SLOWER = 1.1
"""Trials of equal settings differ by so much."""


def answer(asked: ServerRows) -> Answer:
    """In words, with memory for a connection."""
    rows = asked.of(IDLE)
    beside = [row for row in rows if row["idle_connections"]]
    many = max(beside, key=lambda row: row["idle_connections"], default=None)
    alone = next((row for row in rows if not row["idle_connections"]), None)
    known = (*MEASURED, LIMIT_REACHED, STARVED)
    broken = bool(alone and by_server(alone) and not closes_each(alone))
    if many is None or many["validity"] not in known or went_as_far_as(many) is None:
        if alone and broken:
            return untold(asked, IDLE, [alone], "it was not asked")
        closes = many and many["spoiled_by"] == "server_wrong" and _closed(asked, many)
        return closes or untold(asked, IDLE, [many] if many else [], "it was not asked")
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
    words += _taken(many, bytes_each, kernel_each) + _of_busy(many, alone, slower)
    short = f"{count(held)} held" if bytes_each is None else f"{size(bytes_each)} each"
    without = frozenset(("idle_closes_s",) if alone else ("idle_closes_s", "idle_slower_times"))
    return Answer(
        IDLE,
        asked.server,
        f"{words}.",
        short,
        figures,
        failed=broken or by_server(many),
        met_limit=many["validity"] == LIMIT_REACHED and not broken,
        without=without,
    )


def _closed(asked: ServerRows, many: Row) -> Answer | None:
    """The answer for a server that closes those that wait; one that ended closed all, too."""
    if closes_each(many):
        words = "It closes each connection after its answer, so that none stays idle."
        return _closes(asked, words, "none stays", 0.0)
    if closing := CLOSES_IDLE.search(many["reason"] or ""):
        after = f"{closing[1]} s"
        words = f"It closes idle connections after {after}, so that they do not pile up."
        return _closes(asked, words, f"closed after {after}", float(closing[1]))
    return None


def _closes(asked: ServerRows, words: str, short: str, after_s: float) -> Answer:
    figures = values(idle_closes_s=after_s)
    return Answer(IDLE, asked.server, words, short, figures, without=OF_THOSE_THAT_STAY)


def _taken(many: Row, bytes_each: float | None, kernel_each: float | None) -> str:
    """The memory for each."""
    if bytes_each is not None and kernel_each is not None:
        return (
            f". Each takes {size(bytes_each)} of its memory and {size(kernel_each)} of the kernel's"
        )
    measured = many["validity"] in MEASURED
    return ". How much memory each takes could not be read" if measured else ""


def _of_busy(many: Row, alone: Row | None, slower: float | None) -> str:
    """What the idle ones do to them."""
    if slower is not None:
        return (
            f". Beside them the busy ones get 1/{number(slower, 2)} of the rate"
            if slower > SLOWER
            else ". The busy ones are not slower for them"
        )
    if alone is None or many["validity"] not in MEASURED:
        return ""
    return f". What they do to the busy ones is not known: {reason_of(alone)}"


def _each(row: Row, name: str) -> float | None:
    """Bytes for an idle connection, of what grew since before the load; None: unknown."""
    before, after = row[f"{name}_idle_bytes"], row[f"{name}_bytes"]
    if before is None or after is None:
        return None
    grown = ratio(after - before, row["idle_established"])
    return None if grown is None else max(grown, 0.0)
