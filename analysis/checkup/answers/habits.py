"""What did we see of its habits? Connections that it keeps, silence that it bears, and what it does
with requests at the edge of the grammar, or beyond it (contract/habits/cases.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.checkup.answer import (
    Answer,
    Row,
    ServerRows,
    Value,
    at_least_so_much,
    by_server,
    reason_of,
    untold,
    values,
)
from analysis.checkup.answers import habit_cases
from analysis.wording import count, duration, number, plural
from contract.checkup.description import HABITS
from contract.habits.cases import OLD, OLD_KEPT, PIPELINED, PLAIN
from contract.habits.judging import Usual
from contract.outcomes import STARVED
from contract.result.habits import Habits, Moment, Silence

SILENCES: dict[Moment, tuple[str, str]] = {
    "answered": ("after its last answer", "after an answer"),
    "silent": ("after it was opened", "before a first byte"),
    "head": ("after its head stopped half-way", "inside a head"),
}
"""Since when, and when, a client is silent."""
ENDS = ("server_gone", "server_limit")
"""Causes with which a server may have ended."""
OF_MOMENT: dict[Moment, str] = {
    "answered": "habits_idle_s",
    "silent": "habits_silent_s",
    "head": "habits_head_s",
}


def answer(asked: ServerRows) -> Answer:
    """In words, with the cases as findings."""
    rows = asked.of(HABITS)
    found = next((one for row in rows if (one := asked.details(row["trial"]).habits)), None)
    plain = found.cases.get(PLAIN) if found else None
    if found is None or plain is None:
        reason = found.reason if found else ""
        return untold(asked, HABITS, rows, reason or "it was not asked")
    findings = habit_cases.findings(found, Usual(plain.final, plain.ending == "kept"))
    broken = [one for one in findings if one.kept is False]
    backlog = _backlog(asked.rows)
    failing = next((row for row in rows if by_server(row)), None)
    hangs = found.deaf and failing is None
    failed, unread = failing is not None or hangs, bool(found.reason)
    # One that ended closed its silent connections by that.
    gone = failing is not None and failing["spoiled_by"] in ENDS
    figures = {
        **_on_one_connection(found),
        **_borne(found),
        **values(habits_pipelined=_pipelined(found)),
        **habit_cases.not_kept(findings),
        **({"habits_backlog": backlog} if backlog else {}),
    }
    if hangs or (failing is not None and failing["validity"] != STARVED):
        figures = {}
    bears = [] if gone else _bears(found)
    words = [_keeps(found), *bears, *_old(found), *_waits(backlog), *habit_cases.how_many(findings)]
    if found.reason:
        words.append(f"Not all was asked: {found.reason}.")
    if failing is not None:
        words.append(f"It failed in this trial: {reason_of(failing)}.")
    if hangs:
        words.append("It still runs, and takes no connection any more.")
    short = f"{plural(len(broken), 'case')} not kept"
    told = " ".join(words)
    without = frozenset(_without(found))
    return Answer(
        HABITS,
        asked.server,
        told,
        short,
        figures,
        failed,
        unread,
        findings=findings,
        without=without,
    )


def _without(found: Habits) -> Iterator[str]:
    """Figures that this server cannot have: answers to several requests in a write, if its method
    may not be pipelined; silence after an answer, if it closes after each."""
    if not found.pipelined:
        yield "habits_pipelined"
    if found.cases[PLAIN].ended:
        yield OF_MOMENT["answered"]


def _limited(found: Habits) -> bool:
    """Whether the server served no more than so many requests on a connection. One that had no
    answer in time may have had one later."""
    if found.cases[PLAIN].ending != "kept" and found.requests_answered <= 1:
        return True  # it was seen on two connections
    return found.requests_answered < found.requests_asked and not found.requests_open


def _served(found: Habits) -> int:
    """Requests on a connection; the plain one was asked twice on one, and is known to be kept."""
    twice = found.requests_open and found.cases[PLAIN].ending == "kept"
    return max(found.requests_answered, 2) if twice else found.requests_answered


def _on_one_connection(found: Habits) -> dict[str, Value]:
    if not found.requests_asked:
        return {}
    amount = float(_served(found))
    return {"habits_requests": Value(amount) if _limited(found) else at_least_so_much(amount)}


def _borne(found: Habits) -> dict[str, Value]:
    """Times of silence; one that was not seen to end is at least as long as somebody watched."""
    borne = {}
    for moment, name in OF_MOMENT.items():
        if silence := found.silences.get(moment):
            borne[name] = _time(silence, found.watched_s)
    return borne


def _time(silence: Silence, watched_s: float) -> Value:
    if silence.closed_after_s is None:
        return Value(watched_s, watched_s, None, bounded=True)
    return Value(silence.closed_after_s)


def _pipelined(found: Habits) -> float | None:
    """How many were answered as the plain request is: a refusal is no answer."""
    seen, usual = found.cases.get(PIPELINED), found.cases[PLAIN].final
    return None if seen is None else float(sum(one == usual for one in seen.statuses))


def _keeps(found: Habits) -> str:
    plain, served = found.cases[PLAIN], _served(found)
    if plain.ended:
        words = "It closes a connection after each answer"
    elif found.requests_status:
        requests = plural(served, "request")
        words = f"It serves {requests} on a connection, then answers {found.requests_status}"
    elif plain.ending == "open" and served <= 1:
        words = "It answers a request on a connection, and leaves the next without an answer"
    elif found.requests_open:
        requests = plural(served, "request")
        words = f"It serves at least {requests} on a connection, leaves one without an answer"
    elif _limited(found):
        words = f"It closes a connection after {plural(served, 'request')}"
    elif found.requests_asked:
        words = f"It serves at least {count(served)} requests on a connection"
    else:
        words = "It keeps connections"
    answered = _pipelined(found)
    if answered is not None:
        words += f", and answers {number(answered)} of {found.pipelined} in one write"
    return f"{words}."


def _bears(found: Habits) -> list[str]:
    """Which silence it ends, and when."""
    if not found.silences:
        return []
    ended = [
        f"{duration(one.closed_after_s * 1e6)} {since}"
        + (f" (with {one.status})" if one.status else "")
        for moment, (since, _) in SILENCES.items()
        if (one := found.silences.get(moment)) and one.closed_after_s is not None
    ]
    borne = [
        when
        for moment, (_, when) in SILENCES.items()
        if (one := found.silences.get(moment)) and one.closed_after_s is None
    ]
    told = []
    if ended:
        told.append(f"It ends a silent connection {', '.join(ended)}.")
    if borne:
        told.append(f"No time-out was seen within {number(found.watched_s)} s {_either(borne)}.")
    if found.crowded:
        told.append("Silent connections take the places of others.")
    return told


def _either(words: Sequence[str]) -> str:
    """As `a, b or c`."""
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _old(found: Habits) -> list[str]:
    """HTTP/1.0."""
    old, kept = found.cases.get(OLD), found.cases.get(OLD_KEPT)
    if old is None or kept is None:
        return []
    if not old.final:
        return ["It does not answer HTTP/1.0."]
    words = f"HTTP/1.0 gets {old.final} and is {'closed' if old.ended else 'not closed'}"
    stays = "is kept" if kept.ending == "kept" else "is closed as well"
    return [f"{words}; with keep-alive it {stays}."]


def _waits(backlog: Value | None) -> list[str]:
    if backlog is None:
        return []
    cut = ", which net.core.somaxconn may have cut" if backlog.bounded else ""
    at_least = "at least " if backlog.bounded else ""
    return [f"Its backlog is {at_least}{count(backlog.value)}{cut}."]


def _backlog(rows: Sequence[Row]) -> Value | None:
    """As the kernel told it in any trial; the kernel's own limit hides a longer one."""
    known = [row for row in rows if row["accept_queue_limit"]]
    if not known:
        return None
    row = max(known, key=lambda one: one["accept_queue_limit"])
    limit = float(row["accept_queue_limit"])
    cut = limit % row["somaxconn"] == 0
    return Value(limit, limit, None if cut else limit, bounded=cut)
