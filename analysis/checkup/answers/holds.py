"""What does it hold? The highest rate within the limits, and what bounds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.checkup.answer import (
    Answer,
    Row,
    ServerRows,
    Value,
    bound_of,
    by_server,
    closes_each,
    in_words,
    reason_of,
    untold,
    values,
)
from analysis.wording import count, duration, number, plural, share
from contract.checkup.description import CLOSED, CROWD, HOLDS
from contract.checkup.evidence import seen_of
from contract.checkup.held_rate import HeldRate, held_rate
from contract.checkup.kept import P99, Word, word_of
from contract.checkup.way import Way, way_of
from contract.outcomes import MEASURED

RATE = "holds_per_s"
BUSY = 0.9
"""A core used for nine tenths is the bound (experiments/records/validity.py)."""
MUCH_FASTER = 1.25
"""A server that answers so much more, asked as fast as it can, is not at the end of its speed."""
LOAD = "the load could not keep the schedule of any rate that was tried"
WAYS = {
    "open_loop": "over connections that stay",
    "open_connections": "with a connection for each request",
}


@dataclass(frozen=True, slots=True)
class Held:
    """What is believed after the trials of the search."""

    way: Way
    belief: HeldRate
    tried: int
    kept: Row | None
    """The fastest trial within the limits that the belief has room for."""
    broken: Row | None
    """The slowest one above it that was not."""
    word: Word | None
    """What is said of that one."""
    failed: int
    """Trials that were not within the limits by the server's doing."""

    @property
    def says_nothing(self) -> bool:
        """Whether that one does not show that its rate is too much for the server."""
        return self.word in ("load", "unanswered")


def held(asked: ServerRows) -> Held | None:
    """None where it served nobody, or was never asked."""
    limits, way, rows = asked.about.rules.limits, asked.way or way_of(asked.rows), asked.of(HOLDS)
    if way is None or not rows:
        return None
    belief = held_rate(way.guess_per_s, seen_of(rows, limits))
    words = {row["trial"]: word_of(row, limits) for row in rows}
    within = [r for r in rows if words[r["trial"]] == "kept" and r["rate_per_s"] <= belief.high]
    beyond = [r for r in rows if words[r["trial"]] in ("broken", "load", "unanswered")]
    beyond = [r for r in beyond if r["rate_per_s"] >= belief.low]
    kept = max(within, key=_rate, default=None)
    broken = min(beyond, key=_rate, default=None)
    word = words[broken["trial"]] if broken else None
    failed = sum(one == "broken" for one in words.values())
    return Held(way, belief, len(rows), kept, broken, word, failed)


def answer(asked: ServerRows) -> Answer:
    """In words, with the rate and its interval."""
    lost, found = lost_where_they_stay(asked.rows), held(asked)
    if found is None:
        last = asked.of(CROWD) or asked.of(CLOSED)  # of who closes each, the crowd tells
        return untold(asked, HOLDS, lost or last, "it was not asked")
    if found.kept is None and (not found.failed or found.says_nothing):
        return untold(asked, HOLDS, [*lost, *_spoiled(asked, found)], _nothing_held(found))
    limits, belief = asked.about.rules.limits, found.belief
    terms = f"p99 below {limits.p99_ms:g} ms and at most {limits.error_share * 100:g}% errors"
    if found.kept is None:
        least = min(asked.of(HOLDS), key=_rate)["rate_per_s"]
        words = f"{_where_they_stay(asked, found.way, lost)}No rate that was tried, down to "
        words += f"{number(least)}/s, had {terms}."
        rate = Value(0.0, 0.0, belief.high, bounded=True)
        return Answer(HOLDS, asked.server, words, "nothing", {RATE: rate}, failed=True)
    open_end = found.says_nothing or found.broken is None
    rate = Value(belief.median, belief.low, None if open_end else belief.high, bounded=True)
    amount = f"At least {count(belief.low)}" if open_end else count(belief.median)
    between = "" if open_end else f" ({count(belief.low)} to {count(belief.high)})"
    words = _where_they_stay(asked, found.way, lost)
    words += (
        f"{amount} requests a second{between} with {terms}, {WAYS[found.way.load]}. "
        f"{_bound(asked, found)} {plural(found.tried, 'trial')}."
    )
    busy = None if open_end else found.kept["server_cpu_share"]
    figures = {RATE: rate, **values(holds_cpu_share=busy)}
    if _unasked(asked, found.way):
        figures = {}
    short = f"{'at least ' if open_end else ''}{count(belief.low if open_end else belief.median)}/s"
    # Where nothing bounds it, there is no rate whose core could be looked at.
    without = frozenset(("holds_cpu_share",) if open_end else ())
    left = frozenset(figures) if lost else frozenset[str]()
    return Answer(
        HOLDS, asked.server, words, short, figures, bool(lost), without=without, survived=left
    )


def lost_where_they_stay(rows: Sequence[Row]) -> list[Row]:
    """Those trials over connections that stay in which the server ended or answered wrongly.
    One that closes each, or is a pool, fails nothing by that."""
    return [
        row
        for row in rows
        if row["sweep"] == CLOSED
        and row["spoiled_by"] in ("server_gone", "server_wrong")
        and not closes_each(row)
    ]


def _unasked(asked: ServerRows, way: Way) -> bool:
    """Whether it had a connection for each request, and not as it keeps none: nobody knows that."""
    return way.load == "open_connections" and not any(map(by_server, asked.of(CLOSED)))


def _spoiled(asked: ServerRows, found: Held) -> list[Row]:
    """The trials of the search that were not measured, where no other says why nothing is known."""
    if found.word == "unanswered":
        return []
    return [row for row in asked.of(HOLDS) if row["validity"] not in MEASURED]


def _nothing_held(found: Held) -> str:
    """Why it is not known."""
    if found.broken and found.word == "unanswered":
        return _waiting(found.broken)
    return LOAD if found.word == "load" else "no trial of the search says anything of the server"


def _where_they_stay(asked: ServerRows, way: Way, lost: Sequence[Row]) -> str:
    """A sentence, where it failed there, or a connection for each request is the only way; else
    nothing."""
    rows = asked.of(CLOSED)
    row = next(iter([*lost, *filter(by_server, rows), *rows]), None)
    if row is None or not row["reason"] or not (lost or way.load == "open_connections"):
        return ""
    if closes_each(row):
        return "It closes each connection after its answer. "
    return f"Over {count(row['active_connections'])} connections that stay: {reason_of(row)}. "


def _bound(asked: ServerRows, found: Held) -> str:
    """What bounded it, by the first trial that was too fast."""
    row = found.broken
    if row is None:
        return "Nothing faster was tried."
    if found.word == "unanswered":
        told = _waiting(row)
        return f"{told[0].upper()}{told[1:]}: whether they fail is not known."
    if found.word == "load":
        return (
            "Beyond that the load could not keep its schedule; what the server can do is not known."
        )
    if row["validity"] == "void" or row["spoiled_by"]:
        return f"At {count(row['rate_per_s'])}/s: {reason_of(row)}."
    busy = row["server_cpu_share"] or 0.0
    if busy >= BUSY:
        return "Its processor bounds it."
    if row["errors"]:
        return f"At {count(row['rate_per_s'])}/s requests failed: {row['error_kinds']}."
    if busy + (row["log_cpu_share"] or 0.0) >= BUSY:
        return (
            f"Its own log bounds it: {share(busy)} of its processor are in use, and the engine "
            f"takes {number(row['log_cpu_share'])} cores to copy it; it is faster without."
        )
    if busy + (row["files_cpu_share"] or 0.0) >= BUSY:
        return (
            f"Its files bound it: {share(busy)} of its processor are in use, and the engine's file "
            f"system, which is a program, takes {number(row['files_cpu_share'])} cores; it is "
            "faster with one in the kernel (overlay2)."
        )
    if (fastest := _fastest(asked, found.way)) >= MUCH_FASTER * row["rate_per_s"]:
        return (
            f"Its speed does not bound it: asked as fast as it can it answers {count(fastest)}/s. "
            f"At {count(row['rate_per_s'])}/s it stood still for a moment (p99 "
            f"{in_words(bound_of(row, P99), duration)}), as one that collects garbage, or waits "
            "for a lock or a disk."
        )
    return (
        f"Its processor does not bound it ({share(busy)} in use at {count(row['rate_per_s'])}/s): "
        "a pool, a lock or something that it waits for does."
    )


def _waiting(row: Row) -> str:
    """How many requests hang, in words."""
    late = row["unanswered"]
    of, oldest = late + row["requests"] + row["errors"], duration(row["oldest_unanswered_us"])
    return (
        f"at {count(row['rate_per_s'])}/s {count(late)} of {count(of)} requests had no answer as "
        f"the window closed, the oldest for {oldest}"
    )


def _fastest(asked: ServerRows, way: Way) -> float:
    """Requests a second of the closed loop over such connections; 0 where that is not known."""
    closed = CLOSED if way.load == "open_loop" else CROWD
    rates = [row["requests_per_s"] for row in asked.of(closed) if row["validity"] in MEASURED]
    return max((rate for rate in rates if rate is not None), default=0.0)


def _rate(row: Row) -> float:
    return float(row["rate_per_s"])
