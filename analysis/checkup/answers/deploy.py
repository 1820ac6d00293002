"""Can it be deployed under load? What is lost, refused and late when it is told to end.

The engine's signal (SIGTERM, or what the image names) comes in the middle of an open loop. A load
balancer sends what is refused to another server; what was sent and has no answer is lost. What has
none yet as the load ends may be lost too, or late.
"""

from __future__ import annotations

from typing import Final

from analysis.checkup.answer import Answer, Row, ServerRows, Value, untold, values
from analysis.records.details import decode, spread
from analysis.wording import count, duration, plural
from contract.checkup.description import DEPLOY
from contract.outcomes import MEASURED
from contract.result.stop import GRACE_S, Stopped

US_PER_MS: Final = 1_000


def answer(asked: ServerRows) -> Answer:
    """In words, with what was lost; not known of a trial that was spoiled, whoever did it."""
    rows = asked.of(DEPLOY)
    told = (one for one in rows if one["stop_had"] is not None and one["validity"] in MEASURED)
    row = next(told, None)
    stopped = asked.details(row["trial"]).stopped if row else None
    if row is None or stopped is None:
        return untold(asked, DEPLOY, rows, "it was not asked")
    late = _late(stopped, asked.about.rules.limits.p99_ms)
    words = f"{_told(row)} {_had(stopped)}{_came(stopped)}"
    if row["stop_unsent"] and row["stop_ended_s"] is not None:
        unsent = plural(row["stop_unsent"], "request")
        words += f"; {unsent} found no connection before it had ended"
    if stopped.under_way:
        words += f"; {count(stopped.under_way)} had no answer yet when the load ended"
    if late.value:
        words += f"; {plural(round(late.value), 'answer')} came later than the limit of p99"
        words += ", or had not come yet" if stopped.under_way else ""
    ended = row["stop_ended_s"]
    unfinished = _up_to(stopped.had_lost, stopped.had_lost + stopped.had_open)
    figures = {"unfinished_on_stop": unfinished, "late_on_stop": late, **values(stop_s=ended)}
    if ended is None:
        figures["stop_s"] = Value(GRACE_S, GRACE_S, None, bounded=True)
        return Answer(DEPLOY, asked.server, f"{words}.", "does not end", figures, failed=True)
    lost = _up_to(stopped.lost, stopped.lost + stopped.under_way)
    figures |= {"lost_on_stop": lost, **values(refused_on_stop=row["stop_unsent"])}
    short = f"{_in_words(lost)} lost, ends after {duration(ended * 1e6)}"
    unread = stopped.under_way > 0
    return Answer(DEPLOY, asked.server, f"{words}.", short, figures, unread=unread)


def _up_to(least: int, most: int) -> Value:
    """A count of which the rest is open: what had no answer yet when the load ended."""
    return Value(least, least, most, bounded=True) if most > least else Value(least)


def _in_words(value: Value) -> str:
    low, high = value.ends
    return f"{count(low)} to {count(high)}" if high > low else count(low)


def _late(stopped: Stopped, p99_ms: float) -> Value:
    """Who had waited longer than that for an answer that has not come is late for certain."""
    answered = late_of(stopped, p99_ms)
    return _up_to(answered + stopped.under_way_for(p99_ms), answered + stopped.under_way)


def late_of(stopped: Stopped, p99_ms: float) -> int:
    """How many answers came later than that."""
    us, many = spread(decode(stopped.response.histogram))
    return int(many[us > p99_ms * US_PER_MS].sum())


def _told(row: Row) -> str:
    rate = f"Told to end at {count(row['rate_per_s'])} requests a second, it"
    if row["stop_ended_s"] is None:
        return f"{rate} has not ended {GRACE_S:.0f} s later, and is killed with all that it has."
    code = row["stop_exit_code"]
    how = f", exit code {code}" if code else ""
    return f"{rate} ends after {duration(row['stop_ended_s'] * 1e6)}{how}."


def _had(stopped: Stopped) -> str:
    if not stopped.had:
        return "It had no request then"
    had = plural(stopped.had, "request")
    lost = _up_to(stopped.had_lost, stopped.had_lost + stopped.had_open)
    if not any(lost.ends):
        return f"It finishes the {had} that it had"
    return f"It loses {_in_words(lost)} of the {had} that it had"


def _came(stopped: Stopped) -> str:
    if not stopped.came:
        return ", and none was sent to it afterwards"
    sent = f"the {count(stopped.came)} that were sent to it afterwards"
    lost = _up_to(stopped.came_lost, stopped.came_lost + stopped.came_open)
    return f", and loses {_in_words(lost) if any(lost.ends) else 'none'} of {sent}"
