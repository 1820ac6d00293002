"""What does a request cost, nearly idle and busy?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from analysis.checkup.answer import (
    Answer,
    Row,
    ServerRows,
    by_server,
    ratio,
    reason_of,
    untold,
    values,
)
from analysis.checkup.answers.holds import held
from analysis.outcomes.causes import MOST_FAILED
from analysis.wording import TIMES, count, duration, listed, number, share
from contract.checkup.description import COST, COSTS
from contract.outcomes import MEASURED

NEAR = 0.05
"""Rates are rounded."""
NEED: Final = (
    ("cost_1_us", "cost_idle_times", "cost_1_wakeups"),
    ("cost_10_us",),
    ("cost_50_us",),
    ("cost_90_us", "cost_idle_times", "cost_90_wakeups", "cost_90_switches"),
)
"""The figures that need the trial at each of COSTS."""


def at_shares(asked: ServerRows) -> dict[float, Row]:
    """The trials that were measured, by their share of the rate that it holds, without those of
    which too many requests failed: what these cost is in the figure, and they are not."""
    rows = [row for row in asked.of(COST) if row["validity"] in MEASURED and not _failed(row)]
    return _by_share(asked, rows)


def _by_share(asked: ServerRows, rows: Sequence[Row]) -> dict[float, Row]:
    found = held(asked)
    if found is None:
        return {}
    whole = asked.common_per_s or found.belief.median
    return {
        share: row
        for share in COSTS
        for row in rows
        if abs(row["rate_per_s"] / (share * whole) - 1) < NEAR
    }


def _failed(row: Row) -> bool:
    return (row["error_share"] or 0.0) > MOST_FAILED


def answer(asked: ServerRows) -> Answer:
    """Processor time and wake-ups, for a request."""
    rows, tried = at_shares(asked), asked.of(COST)
    failed = [row for row in tried if _failed(row) or by_server(row)]
    if not rows:
        found = untold(asked, COST, tried, "what it holds is not known")
        if not failed or found.failed:
            return found
        return replace(found, words=f"{_why(failed)}.", failed=True)
    costs = {
        f"cost_{share * 100:.0f}_us": row["server_cpu_us_per_request"]
        for share, row in rows.items()
    }
    idle, busy = costs.get("cost_1_us"), costs.get("cost_90_us")
    times = ratio(idle, busy)
    few, many = rows.get(COSTS[0]), rows.get(COSTS[-1])
    woken = {
        "cost_1_wakeups": _each(few, "voluntary_switches"),
        "cost_90_wakeups": _each(many, "voluntary_switches"),
        "cost_90_switches": _each(many, "context_switches"),
    }
    told = [
        f"{duration(us) if us is not None else 'an unknown amount'} at {share:.0%}"
        for share, us in zip(rows, costs.values(), strict=True)
    ]
    held_by = "both hold" if asked.common_per_s else "it holds"
    words = f"Of processor time {', '.join(told)} of the rate that {held_by}."
    words += "".join(
        f" At {count(row['rate_per_s'])}/s it is not known: {reason_of(row)}."
        for row in tried
        if row["validity"] not in MEASURED and not by_server(row)
    )
    if times is not None and times > 1:
        words += f" Nearly idle, a request costs {number(times, 2)}{TIMES} as much."
    if woken["cost_1_wakeups"] is not None and woken["cost_90_wakeups"] is not None:
        words += (
            f" Wake-ups for a request: {number(woken['cost_1_wakeups'], 2)} at 1%, "
            f"{number(woken['cost_90_wakeups'], 2)} at 90%."
        )
    if failed:
        words += f" {_why(failed)}."
    figures = values(**costs, cost_idle_times=times, **woken)
    least = next((us for us in (busy, *costs.values()) if us is not None), None)
    short = "not known" if least is None else duration(least)
    asked_at = _by_share(asked, tried)
    needs = zip(COSTS, NEED, strict=True)
    without = frozenset(name for share, names in needs if share not in asked_at for name in names)
    return Answer(COST, asked.server, words, short, figures, bool(failed), without=without)


def _why(failed: list[Row]) -> str:
    """At which rates there is no cost, and what the server did."""
    told = [
        f"at {count(row['rate_per_s'])}/s "
        + (f"{share(row['error_share'])} failed" if _failed(row) else reason_of(row))
        for row in failed
    ]
    return f"No cost is known {listed(told)}"


def _each(row: Row | None, name: str) -> float | None:
    """For a request."""
    return None if row is None else ratio(row[name], row["requests"])
