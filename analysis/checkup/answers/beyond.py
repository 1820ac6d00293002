"""What happens beyond it? Goodput and errors at more than it holds, and how long it is late after.

The load asks for more than the server holds for some seconds, and then for half of it: what was
due in the overload and could not be served has piled up by then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.checkup.answer import (
    Answer,
    Row,
    ServerRows,
    Value,
    at_least_so_much,
    bound_of,
    by_server,
    in_words,
    ratio,
    untold,
    values,
)
from analysis.checkup.answers.holds import held
from analysis.wording import count, duration, number, plural, share
from contract.checkup.description import AFTER, BEYOND, OVERLOAD
from contract.checkup.kept import delay_us
from contract.outcomes import LIMIT_REACHED, VOID
from contract.result.load_side import LoadSecond

UNKNOWN = "what it holds is not known"
IN_A_HUNDRED = 0.01
"""What a 99th percentile leaves out."""


@dataclass(frozen=True, slots=True)
class Surge:
    """What was seen of it: right answers a second while it lasted, the share of failed requests,
    of those that ended in it or of all if more of them failed, and seconds until p99 was within the
    limit for good; None: not in the window. `kept`: p99 stayed within it all the time."""

    goodput_per_s: float
    error_share: float | None
    recovers_s: float | None
    kept: bool = False


def surge_of(row: Row, seconds: Sequence[LoadSecond], p99_ms: float) -> Surge | None:
    """None where its seconds were not recorded."""
    ends = row["surge_s"]
    during = [one for one in seconds if one.to_s <= ends + 0.5]
    after = [one for one in seconds if one.to_s > ends + 0.5]
    if not during or not after:
        return None
    lasted = during[-1].to_s - during[0].from_s
    recovered = recovers_s(row, after, ends, p99_ms)
    goodput = sum(one.requests for one in during) / lasted
    kept = recovered == 0 and _within([*during, *after], p99_ms)
    return Surge(goodput, _failed(row, during), recovered, kept)


def _failed(row: Row, during: Sequence[LoadSecond]) -> float | None:
    """Those of the whole window would hide it behind the calm after; some fail only then."""
    of_all: float | None = row["error_share"]
    if of_all is None:
        return None
    failed = sum(sum(one.errors.values()) for one in during)
    ended = failed + sum(one.requests for one in during)
    return max(of_all, ratio(failed, ended) or 0.0)


def recovers_s(row: Row, after: Sequence[LoadSecond], ends_s: float, p99_ms: float) -> float | None:
    """From then until p99 is within the limit, and nothing fails, for good; None: never in the
    window. `after` are the seconds since."""
    recovered: float | None = None
    for one in reversed(after):
        if not _within([one], p99_ms):
            break
        recovered = max(0.0, one.from_s - ends_s)
    return None if _hangs(row, sum(one.requests for one in after), p99_ms) else recovered


def recovery(seconds: float | None, rest_s: float) -> Value:
    """The time of a recovery as a figure; one that was not seen takes at least the rest of the
    window."""
    return at_least_so_much(rest_s) if seconds is None else Value(seconds)


def _within(seconds: Sequence[LoadSecond], p99_ms: float) -> bool:
    """Whether all of these were answered in time, and rightly."""
    times = [one.response_p99_us for one in seconds if not one.errors]
    known = [us for us in times if us is not None and us <= p99_ms * 1_000]
    return len(known) == len(seconds)


def _hangs(row: Row, answered: int, p99_ms: float) -> bool:
    """Whether more than one in a hundred of the requests after the overload had no answer when the
    window closed, beyond the limit: they are in no second's percentile."""
    late = row["unanswered"] or 0
    too_old = (row["oldest_unanswered_us"] or 0.0) > p99_ms * 1_000
    return too_old and late > IN_A_HUNDRED * (answered + late)


def _may_be_late(row: Row, seconds: Sequence[LoadSecond], limit: float, surge: Surge) -> bool:
    """Whether what was seen may come of the load's own delays."""
    late = delay_us(row)
    return math.isinf(late) or surge_of(row, seconds, limit + late / 1_000) != surge


def answer(asked: ServerRows) -> Answer:
    """In words, with the share of its rate that is still served."""
    found, rows = held(asked), asked.of(BEYOND)
    row = next((one for one in rows if one["validity"] not in (VOID, LIMIT_REACHED)), None)
    seconds = asked.details(row["trial"]).series if row else ()
    limit = asked.about.rules.limits.p99_ms
    surge = row and surge_of(row, seconds, limit)
    if found is None or not row or not surge:
        otherwise = "its seconds were not recorded" if found and row else UNKNOWN
        return untold(asked, BEYOND, rows, otherwise)
    goodput = ratio(surge.goodput_per_s, found.belief.median)
    rest = row["window_s"] - row["surge_s"]
    times = OVERLOAD if asked.common_per_s is None else row["surge_per_s"] / found.belief.median
    after = AFTER if asked.common_per_s is None else row["rate_per_s"] / found.belief.median
    words = (
        f"At {times:.0%} ({count(row['surge_per_s'])}/s for {number(row['surge_s'])} s) it "
        f"answers {count(surge.goodput_per_s)}/s, {share(goodput)} of what it holds"
    )
    if row["errors"]:
        words += f"; {share(row['error_share'])} of all requests fail: {row['error_kinds']}"
    of_the_load = row["validity"] == "generator_bound" and _may_be_late(row, seconds, limit, surge)
    if of_the_load:
        words += "; the load could not keep this rate, so that neither is the server's alone"
    if surge.recovers_s is None:
        words += f". At {after:.0%} after it p99 is not within the limit again in {number(rest)} s"
    else:
        words += (
            f". At {after:.0%} after it p99 is within the limit after {number(surge.recovers_s)} s"
        )
    if surge.kept and row["surge_per_s"] > found.belief.high:
        words += (
            "; it was within it all the time, so that now and then it holds more than it does each "
            "time that it is asked"
        )
    if row["unanswered"]:
        words += f"; {plural(int(row['unanswered']), 'request')} had no answer at the end"
    figures = values(beyond_error_share=surge.error_share)
    if not of_the_load:
        figures |= values(beyond_goodput_share=goodput)
        figures["beyond_recovers_s"] = recovery(surge.recovers_s, rest)
    short = f"{share(goodput)} served"
    if row["response_max_us"] is not None:
        longest = in_words(bound_of(row, "response_max_us"), duration)
        words += f"; the longest wait is {longest}"
        short += f", longest wait {longest}"
    return Answer(BEYOND, asked.server, f"{words}.", short, figures, by_server(row))
