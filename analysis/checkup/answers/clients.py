"""Slow, broken and hostile clients? What each kind does to the others, and what stays of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analysis.checkup.answer import (
    Answer,
    Row,
    ServerRows,
    Value,
    bound_of,
    by_server,
    in_words,
    ratio,
    reason_of,
    untold,
    values,
    with_figures,
)
from analysis.checkup.answers.beyond import recovers_s, recovery
from analysis.checkup.answers.cost import at_shares
from analysis.claims.load_as_asked import COMPANY, SLOW, counted
from analysis.outcomes.causes import MOST_FAILED
from analysis.tables import Table
from analysis.wording import MISSING, TIMES, count, duration, number, plural, server_name, share
from contract.checkup.description import (
    BESIDE_BAD,
    CLIENTS,
    FLOOD,
    FLOOD_ENDS_S,
    HOSTILE,
    READERS,
)
from contract.checkup.figures import MORE_IS_BETTER

KINDS = (CLIENTS, READERS, HOSTILE, FLOOD)
"""Sweeps, a kind of bad clients each."""
OF_FLOOD = frozenset(("flood_served_share", "flood_recovers_s"))
OF_OTHERS = frozenset(("clients_served_share", "clients_p99_us", "clients_error_share"))
"""Figures of a flood alone, and of the kinds beside it."""
LONG_S = 0.5
"""A first answer that takes longer is told."""
MORE_MEMORY = 1.2


@dataclass(frozen=True, slots=True)
class Beside:
    """What was seen of good clients beside bad ones of a kind, None: it is not known. `memory` is
    the server's when they have gone, beside that under the same load without them."""

    sweep: str
    row: Row
    served: float | None
    memory: float | None
    flood_served: float | None = None
    flood_recovers_s: float | None = None
    """None: not in the window."""

    @property
    def recovers_s(self) -> Value | None:
        """None: it is not known."""
        if self.flood_served is None:
            return None
        return recovery(self.flood_recovers_s, float(self.row["window_s"]) - FLOOD_ENDS_S)

    @property
    def p99(self) -> Value | None:
        """The p99 of the good clients."""
        return bound_of(self.row, "response_p99_us")

    @property
    def words(self) -> str:
        """Who they are."""
        return _who(self.row)


def _who(row: Row) -> str:
    """The bad clients of a trial."""
    if row["sweep"] == CLIENTS:
        return (
            f"{count(row['slow_writers'])} clients that send a byte a second and "
            f"{number(row['vanishing_per_s'])} resets a second"
        )
    if row["sweep"] == READERS:
        return f"{count(row['slow_readers'])} clients that hardly read"
    if row["sweep"] == HOSTILE:
        return f"{number(row['hostile_per_s'])} clients a second with garbage or endless heads"
    return f"{count(row['flood'])} connections at once"


def seen(asked: ServerRows) -> list[Beside]:
    """A kind each, of those whose trial had a window, and its bad clients to the end."""
    calm = at_shares(asked).get(BESIDE_BAD)
    found = []
    for sweep in KINDS:
        row = with_figures(asked.of(sweep))
        if row is None or row["requests_per_s"] is None or _lost(row):
            continue
        served = ratio(row["requests_per_s"], row["rate_per_s"])
        memory = ratio(row["after_rss_bytes"], calm["server_rss_bytes"]) if calm else None
        flooded = _flooded(asked, row) if sweep == FLOOD else (None, None)
        found.append(Beside(sweep, row, served and min(served, 1.0), memory, *flooded))
    return found


def _lost(row: Row) -> str:
    """Which slow clients the load did not have as the window closed, in words: what they do to
    others is not known then. Those that the server closed are what it does about them."""
    for name in SLOW:
        wanted, there = row[name] or 0.0, counted(row[COMPANY], name)
        closed = counted(row[COMPANY], f"{name.removesuffix('s')}_closed", 0.0)
        if there + closed < (1 - MOST_FAILED) * wanted:
            return f"{count(there)} of {count(wanted)} were there as the window closed"
    return ""


def _flooded(asked: ServerRows, row: Row) -> tuple[float | None, float | None]:
    """Share of the requests due while it was flooded that was answered; and recovery."""
    seconds = asked.details(row["trial"]).series
    during = [one for one in seconds if one.to_s <= FLOOD_ENDS_S]
    after = [one for one in seconds if one.to_s > FLOOD_ENDS_S]
    if not during or not after:
        return None, None
    due = row["rate_per_s"] * (during[-1].to_s - during[0].from_s)
    served = ratio(sum(one.requests for one in during), due)
    recovers = recovers_s(row, after, FLOOD_ENDS_S, asked.about.rules.limits.p99_ms)
    return served and min(served, 1.0), recovers


def answer(asked: ServerRows) -> Answer:
    """In words, with the worst of the kinds; a flood has figures of its own."""
    kinds, rows = seen(asked), [row for sweep in KINDS for row in asked.of(sweep)]
    if not kinds:
        return untold(asked, CLIENTS, rows, "it was not asked")
    beside = [one for one in kinds if one.sweep != FLOOD]
    flooded = next((one for one in kinds if one.sweep == FLOOD), None)
    known = {one.sweep for one in kinds}
    failed = [row for row in rows if by_server(row)]
    unseen = [row for row in rows if row["sweep"] not in known and not by_server(row)]
    words = [_beside(beside)] if beside else []
    words += [_of_flood(flooded)] if flooded else []
    words += [f"Beside {_who(row)}: {reason_of(row)}." for row in failed]
    words += [
        f"Beside {_who(row)} it is not known: {reason_of(row) or _lost(row)}." for row in unseen
    ]
    words += _afterwards(kinds)
    sweeps = {row["sweep"] for row in rows}
    figures = _worst(kinds, whole=known == sweeps)
    if flooded:
        figures |= values(flood_served_share=flooded.flood_served)
        figures |= {"flood_recovers_s": flooded.recovers_s} if flooded.recovers_s else {}
    without = frozenset() if FLOOD in sweeps else OF_FLOOD
    without |= frozenset() if sweeps - {FLOOD} else OF_OTHERS
    unread = any(one.p99 is None or one.row["error_share"] is None for one in beside)
    unread = unread or bool(unseen)
    least = _least([one.served for one in kinds])
    short = f"{share(least)} served"
    told = " ".join(words)
    return Answer(
        CLIENTS, asked.server, told, short, figures, bool(failed), unread, without=without
    )


def _worst(kinds: Sequence[Beside], *, whole: bool) -> dict[str, Value]:
    """The figures of the worst of the kinds; where that of one is not known or has no end, or a
    kind was not seen and they are not the `whole`, it may be worse."""
    beside = [one for one in kinds if one.sweep != FLOOD]
    known: dict[str, list[Value | float | None]] = {
        "clients_served_share": [one.served for one in beside],
        "clients_p99_us": [one.p99 for one in beside],
        "clients_error_share": [one.row["error_share"] for one in beside],
        "clients_after_s": [one.row["after_answered_s"] for one in kinds],
        "clients_fds": [one.row["after_fds"] for one in kinds],
        "clients_memory_times": [one.memory for one in kinds],
    }
    figures = {}
    for name, of_kinds in known.items():
        better = name in MORE_IS_BETTER
        there = [_value(one) for one in of_kinds if one is not None]
        if not there:
            continue
        worst = (min if better else max)(there, key=lambda one: one.value)
        open_ = not whole or len(there) < len(of_kinds)
        open_ = open_ or any(math.isinf(one.ends[0 if better else 1]) for one in there)
        figures[name] = worst.or_worse(better=better) if open_ else worst
    return figures


def _value(known: Value | float) -> Value:
    return known if isinstance(known, Value) else Value(float(known))


def _least(known: Sequence[float | None]) -> float | None:
    return min((one for one in known if one is not None), default=None)


def _most(known: Sequence[float | None]) -> float | None:
    return max((one for one in known if one is not None), default=None)


def _beside(kinds: Sequence[Beside]) -> str:
    """A sentence of all that are not a flood."""
    rate = count(kinds[0].row["rate_per_s"])
    told = [
        f"{share(one.served)} beside {one.words} (p99 {in_words(one.p99, duration)}"
        + (f", {share(one.row['error_share'])} fail" if one.row["errors"] else "")
        + ")"
        for one in kinds
    ]
    return f"Of {rate} requests a second are answered: {', '.join(told)}."


def _of_flood(one: Beside) -> str:
    row = one.row
    words = (
        f"While {one.words} flood it, and each of its processes may have "
        f"{count(row['server_nofile'])} descriptors, {share(one.flood_served)} are"
    )
    if row["errors"]:
        words += f"; {share(row['error_share'])} fail: {row['error_kinds']}"
    if one.flood_recovers_s is None:
        seen = "is not within the limit again in the window" if one.recovers_s else "is not known"
        return f"{words}; p99 {seen}."
    when = f"{number(one.flood_recovers_s)} s after it" if one.flood_recovers_s else "when it ends"
    return f"{words}; p99 is within the limit {when}."


def _afterwards(kinds: Sequence[Beside]) -> list[str]:
    """When all have gone: does it answer, and what stays."""
    known = [one for one in kinds if one.row["after_answered_s"] is not None]
    if not known:
        return []
    last = max(one.row["after_answered_s"] for one in known)
    fds = _most([one.row["after_fds"] for one in known])
    words = "When they have gone it answers "
    words += f"after {duration(last * 1e6)}" if last > LONG_S else "at once"
    if fds is None:
        words += ", and how many descriptors stay open is not known"
    else:
        words += (
            f", and {plural(int(fds), 'descriptor')} {'stays' if fds == 1 else 'stay'} open"
            if fds
            else ", and no descriptor stays open"
        )
    memory = _most([one.memory for one in known])
    if memory is None:
        words += "; how its memory is beside that without them is not known"
    else:
        words += (
            f"; its memory is {number(memory, 2)}{TIMES} that of the same load without them"
            if memory > MORE_MEMORY
            else "; its memory is as under the same load without them"
        )
    return [f"{words}."]


def kinds_table(all_asked: Sequence[ServerRows]) -> Table | None:
    """A row for each kind and server; None where nothing was seen."""
    rows = [
        [
            one.words,
            server_name(asked.server),
            share(one.served),
            in_words(one.p99, duration),
            _shown(one.row["error_share"], share),
            _shown(one.row["after_answered_s"], lambda s: duration(s * 1e6)),
            _shown(one.row["after_fds"], count),
            _shown(one.memory, lambda times: f"{number(times, 2)}{TIMES}"),
        ]
        for sweep in KINDS
        for asked in all_asked
        for one in seen(asked)
        if one.sweep == sweep
    ]
    headings = [
        *("beside", "server", "answered", "p99", "errors", "then answers"),
        *("descriptors left", "memory left"),
    ]
    return Table(headings, rows, [False, False, *(True for _ in headings[2:])]) if rows else None


def _shown(value: float | None, write: Callable[[float], str]) -> str:
    return MISSING if value is None else write(value)
