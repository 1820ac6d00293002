"""What happens beyond it? Goodput and errors at more than it holds, and how long it is late after.

The load asks for more than the server holds for some seconds, and then for half of it: what was
due in the overload and could not be served has piled up by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.checkup.answer import Answer, Asked, Row, by_server, ratio, untold, values
from analysis.checkup.answers.holds import held
from analysis.wording import count, duration, number, plural, share
from contract.checkup.description import AFTER, BEYOND, OVERLOAD
from contract.outcomes import LIMIT_REACHED, VOID
from contract.result.load_side import LoadSecond

IN_A_HUNDRED = 0.01
"""What a 99th percentile leaves out."""


@dataclass(frozen=True, slots=True)
class Surge:
    """What was seen of it: right answers a second while it lasted, the share of failed requests
    among all, and seconds until p99 was within the limit for good; None: not in the window."""

    goodput_per_s: float
    error_share: float | None
    recovers_s: float | None


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
    return Surge(goodput, row["error_share"], recovered)


def recovers_s(row: Row, after: Sequence[LoadSecond], ends_s: float, p99_ms: float) -> float | None:
    """From then until p99 is within the limit, and nothing fails, for good; None: never in the
    window. `after` are the seconds since."""
    recovered: float | None = None
    for one in reversed(after):
        if one.response_p99_us is None or one.response_p99_us > p99_ms * 1_000 or one.errors:
            break
        recovered = max(0.0, one.from_s - ends_s)
    return None if _hangs(row, sum(one.requests for one in after), p99_ms) else recovered


def _hangs(row: Row, answered: int, p99_ms: float) -> bool:
    """Whether more than one in a hundred of the requests after the overload had no answer when the
    window closed, beyond the limit: they are in no second's percentile."""
    late = row["unanswered"] or 0
    too_old = (row["oldest_unanswered_us"] or 0.0) > p99_ms * 1_000
    return too_old and late > IN_A_HUNDRED * (answered + late)


def answer(asked: Asked) -> Answer:
    """In words, with the share of its rate that is still served."""
    found, rows = held(asked), asked.of(BEYOND)
    row = next((one for one in rows if one["validity"] not in (VOID, LIMIT_REACHED)), None)
    seconds = asked.details(row["trial"]).series if row else ()
    surge = row and surge_of(row, seconds, asked.about.rules.limits.p99_ms)
    if found is None or not row or not surge:
        return untold(asked, BEYOND, rows, "what it holds is not known")
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
    of_the_load = row["validity"] == "generator_bound"
    if of_the_load:
        words += "; the load could not keep this rate, so that neither is the server's alone"
    if surge.recovers_s is None:
        words += f". At {after:.0%} after it p99 is not within the limit again in {number(rest)} s"
    else:
        words += (
            f". At {after:.0%} after it p99 is within the limit after {number(surge.recovers_s)} s"
        )
    if row["unanswered"]:
        words += f"; {plural(int(row['unanswered']), 'request')} had no answer at the end"
    recovers_s = rest if surge.recovers_s is None else surge.recovers_s
    figures = values(
        beyond_goodput_share=None if of_the_load else goodput,
        beyond_error_share=surge.error_share,
        beyond_recovers_s=None if of_the_load else recovers_s,
    )
    short = f"{share(goodput)} served"
    if row["response_max_us"] is not None:
        longest = duration(row["response_max_us"])
        words += f"; the longest wait is {longest}"
        short += f", longest wait {longest}"
    return Answer(BEYOND, asked.server, f"{words}.", short, figures, by_server(row))
