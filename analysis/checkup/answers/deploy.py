"""Can it be deployed under load? What is lost, refused and late when it is told to end.

The engine's signal (SIGTERM, or what the image names) comes in the middle of an open loop. A load
balancer sends what is refused to another server; what was sent and has no answer is lost.
"""

from __future__ import annotations

from typing import Final

from analysis.checkup.answer import Answer, Asked, Row, Value, by_server, untold, values
from analysis.records.details import decode
from analysis.wording import count, duration, plural
from contract.checkup.description import DEPLOY
from contract.result.stop import GRACE_S, Stopped

US_PER_MS: Final = 1_000


def answer(asked: Asked) -> Answer:
    """In words, with what was lost."""
    rows = asked.of(DEPLOY)
    row = next((one for one in rows if one["stop_had"] is not None and not by_server(one)), None)
    stopped = asked.details(row["trial"]).stopped if row else None
    if row is None or stopped is None:
        return untold(asked, DEPLOY, rows, "it was not asked")
    late = late_of(stopped, asked.about.rules.limits.p99_ms)
    words = f"{_told(row)} {_had(stopped)}{_came(stopped)}"
    if row["stop_unsent"] and row["stop_ended_s"] is not None:
        unsent = plural(row["stop_unsent"], "request")
        words += f"; {unsent} found no connection before it had ended"
    if stopped.under_way:
        words += f"; {count(stopped.under_way)} had no answer yet when the load ended"
    if late:
        words += f"; {plural(late, 'answer')} came later than the limit of p99"
    ended = row["stop_ended_s"]
    figures = values(unfinished_on_stop=stopped.had_lost, late_on_stop=late, stop_s=ended)
    if ended is None:
        figures["stop_s"] = Value(GRACE_S, GRACE_S, None, bounded=True)
        return Answer(DEPLOY, asked.server, f"{words}.", "does not end", figures, failed=True)
    figures |= {"lost_on_stop": _lost(stopped), **values(refused_on_stop=row["stop_unsent"])}
    short = f"{count(stopped.lost)} lost, ends after {duration(ended * 1e6)}"
    return Answer(DEPLOY, asked.server, f"{words}.", short, figures)


def _lost(stopped: Stopped) -> Value:
    """What had no answer yet when the load ended may be lost too."""
    lost = float(stopped.lost)
    if not stopped.under_way:
        return Value(lost)
    return Value(lost, lost, lost + stopped.under_way, bounded=True)


def late_of(stopped: Stopped, p99_ms: float) -> int:
    """How many answers came later than that."""
    times = decode(stopped.response.histogram)
    return int(
        sum(
            one.count_added_in_this_iter_step
            for one in times.get_recorded_iterator()
            if one.value_iterated_to > p99_ms * US_PER_MS
        )
    )


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
    if stopped.had_lost:
        return f"It loses {count(stopped.had_lost)} of the {had} that it had"
    return f"It finishes the {had} that it had"


def _came(stopped: Stopped) -> str:
    if not stopped.came:
        return ", and none was sent to it afterwards"
    sent = f"the {count(stopped.came)} that were sent to it afterwards"
    if not stopped.came_lost:
        return f", and loses none of {sent}"
    return f", and loses {count(stopped.came_lost)} of {sent}"
