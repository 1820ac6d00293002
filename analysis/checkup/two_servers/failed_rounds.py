"""Questions that a server failed: of how many of its rounds, beside the other's.

Their false discovery rate of 5% is counted apart from that of the other figures, as in
comparisons (`analysis.compare.failures`): many steady figures would hide a failure. A rise that may
be chance is never called noise; the exit code is then CANNOT_TELL. A round that something else
spoiled is not counted at all, neither as failed nor as passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from analysis.checkup.answers.holds import RATE
from analysis.checkup.two_servers.change import FAILED, Change, direction
from analysis.checkup.two_servers.rounds import Rounds, mostly
from analysis.compare.failure_tests import LEVEL
from analysis.compare.failures import SMALLEST_RISE
from analysis.outcomes.goodput import ERRORS
from analysis.statistics.exact_tests import boschloo
from analysis.statistics.false_discovery import adjusted
from analysis.wording import plural, server_name
from contract.checkup.description import HOLDS
from contract.checkup.figures import OF_FAILURES


def failed_rounds(base: Rounds, other: Rounds) -> list[Change]:
    """A row for each question that one of them failed in one round or more, judged."""
    found = [one for question in base.whole for one in _failed(base, other, question)]
    p = adjusted(np.array([one.p for one in found], dtype="float64"))
    return [_judged(one, sure) for one, sure in zip(found, (p < LEVEL).tolist(), strict=True)]


def first_failures(one: Change) -> bool:
    """Whether it is of what failed, and the base has none of it: a rise that is no noise."""
    least = SMALLEST_RISE[ERRORS] if one.unit == "share" else 0.0
    return one.figure in OF_FAILURES and one.base == 0 and (one.value or 0.0) > least


def may_fail_more(changes: Sequence[Change]) -> list[str]:
    """The questions that the server fails more often, or of which something failed for the first
    time, which may be chance; or of which it is not known whether it does."""
    unsure = [one for one in changes if one.word == "cannot tell" and not one.size < 0]
    failing = (one for one in unsure if one.figure == FAILED or first_failures(one))
    return list(dict.fromkeys(one.question for one in failing))


def _failed(base: Rounds, other: Rounds, question: str) -> Iterator[Change]:
    # Rates are compared themselves; what one of them failed before its search is not in them.
    rates = question == HOLDS and all(RATE in one.whole[HOLDS].figures for one in (base, other))
    sides = [
        one.failures_where_they_stay() if rates else one.failures(question) for one in (base, other)
    ]
    known = [[fails for fails in some if fails is not None] for some in sides]
    if not any(map(any, known)):
        return
    failed, n = [sum(some) for some in known], [len(some) for some in known]
    mine, theirs = (few / of if of else None for few, of in zip(failed, n, strict=True))
    name = server_name(base.asked.server)
    of_base = f" of {n[0]}" if n[0] != n[1] else ""
    told = [
        f"it fails in {failed[1]} of {plural(n[1], 'round')}" if n[1] else "",
        f"{name} {'in' if n[1] else 'fails in'} {failed[0]}{of_base}" if n[0] else "",
    ]
    start = Change(
        question,
        FAILED,
        "share",
        mine,
        theirs,
        rounds=min(n),
        is_difference=True,
        text=", ".join(one for one in told if one),
    )
    silent = [
        f"{len(some) - of} of {plural(len(some), 'round')} of {server_name(one.asked.server)}"
        for one, some, of in zip((base, other), sides, n, strict=True)
        if mostly(len(some) - of, len(some))
    ]
    if silent:
        why = f"nothing is known of {' and '.join(silent)}"
        yield replace(start, why=why, text=f"cannot tell: {why}; {start.text}")
        return
    p = boschloo(failed[0], failed[1], n[0], n[1])
    yield replace(start, size=failed[1] / n[1] - failed[0] / n[0], p=p)


def _judged(one: Change, sure: bool) -> Change:
    if sure:
        return replace(one, word=direction(one))
    return replace(one, word="within noise" if one.size == 0 else "cannot tell")
