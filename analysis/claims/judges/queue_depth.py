"""Does the accept queue hold backlog + 1, and overflow only beyond that?

Before the load, as many silent connections as there are clients are piled on the
server, which holds one of them: the queue is full and at rest when it is read. Each repeat
counts by itself: exactly backlog + 1 in all of them holds, deeper in more than half refutes, and
anything else leaves it open. A repeat that did not read the queue says nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field

from analysis.claims.evidence import basis_at, evidence, without_silent
from analysis.claims.judge import Judge
from analysis.claims.judgement import REPEATS_NEEDED, Judgement, Part, Word, of_trials
from analysis.claims.schema import Bound, Strict, Text
from analysis.outcomes.basis import Basis
from analysis.records.run import Run
from analysis.selection.trials import NotRunError, at, per_request
from analysis.statistics.estimates import Estimate, finite, nothing
from analysis.wording import count, listed, plural, server_name

READ = ("full_queue_depth", "full_queue_overflows", "full_queue_drops")


@dataclass(frozen=True, slots=True)
class Level:
    """What was seen at one backlog: `room` is what the queue should hold,
    `depths` what it held, a value per repeat that read it, `overflows` a median, `lossy` the
    trials with both overflows and drops."""

    backlog: int
    room: int
    trials: int
    depths: tuple[int, ...]
    overflows: float
    lossy: int


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text
    active_connections: int = Field(description="clients, each with a connection per request")
    no_overflow_from: int = Field(description="a backlog as large as the number of clients")


def judge(asked: Parameters, bound: Bound, run: Run) -> Judgement:
    """Queue less (backlog + 1) wherever it overflowed, and where it did."""
    settings = {"server": asked.server, "active_connections": asked.active_connections}
    free_from = asked.no_overflow_from
    trials = at(per_request(run), **settings)
    trials = without_silent(trials, trials[list(READ)].sum(axis=1, skipna=False))
    valid = evidence(trials, **settings)
    levels = seen(valid[valid["full_queue_overflows"].notna() & valid["full_queue_drops"].notna()])
    if not levels:
        raise NotRunError("no trial has looked at its full queue")
    short = [level for level in levels if level.backlog < free_from]
    long = [level for level in levels if level.backlog >= free_from]
    # A backlog that has no level, as none of its trials is valid, is one that was asked for.
    backlogs = sorted({int(one) for one in trials["backlog"].dropna()})
    basis = {backlog: basis_at(trials, *READ, backlog=backlog) for backlog in backlogs}
    parts = [_depth(level, basis[level.backlog]) for level in short if level.lossy]
    for some, below in ((short, True), (long, False)):
        if some:
            label = f"{'overflow below' if below else 'no overflow from'} {count(free_from)}"
            of = tuple(one for backlog, one in basis.items() if (backlog < free_from) is below)
            parts.append(_overflow(label, some, of, overflow=below))
    head = _headline(bound, short)
    missing = [] if short and long else [_gap(free_from, bool(short))]
    return Judgement((head, *parts, *missing), _sentence(asked.server, short, long), head)


def seen(valid: pd.DataFrame) -> list[Level]:
    """One Level for each backlog, the smallest first."""
    levels = []
    for backlog in sorted(int(value) for value in valid["backlog"].unique()):
        trials = at(valid, backlog=backlog)
        depths = tuple(int(depth) for depth in finite(trials["full_queue_depth"]))
        # The kernel caps the argument of listen() at somaxconn.
        room = min(backlog, int(trials["somaxconn"].iloc[0])) + 1
        overflows = finite(trials["full_queue_overflows"])
        lossy = (trials["full_queue_overflows"] > 0) & (trials["full_queue_drops"] > 0)
        median = float(np.median(overflows)) if len(overflows) else float("nan")
        lost = int(lossy.sum())
        levels.append(Level(backlog, room, len(trials), depths, median, lost))
    return levels


def _depth(level: Level, basis: Basis) -> Part:
    n = len(level.depths)
    word = Word.INCONCLUSIVE
    if n >= REPEATS_NEEDED:
        deeper = sum(depth > level.room for depth in level.depths)
        exact = sum(depth == level.room for depth in level.depths)
        word = Word.REPRODUCED if exact == n else Word.REFUTED if deeper * 2 > n else word
    label = f"queue at backlog {level.backlog}"
    found = _range(list(level.depths))
    room = level.room
    return Part(label, found, "connections", room, room, word, basis=(basis,))


def _range(values: list[int]) -> Estimate:
    """The median of what repeats saw, between the least and the most."""
    if not values:
        return nothing()
    return Estimate(float(np.median(values)), min(values), max(values), len(values), "range")


def _overflow(label: str, levels: list[Level], basis: tuple[Basis, ...], *, overflow: bool) -> Part:
    """Trials that overflowed, or did not."""
    trials = sum(level.trials for level in levels)
    lossy = sum(level.lossy for level in levels)
    enough = all(level.trials >= REPEATS_NEEDED for level in levels)
    return of_trials(label, lossy if overflow else trials - lossy, trials, basis, enough=enough)


def _headline(bound: Bound, short: list[Level]) -> Part:
    full = [level for level in short if level.lossy]
    found = _range([depth - level.room for level in full for depth in level.depths])
    label = "queue less (backlog + 1)"
    return Part(label, found, "connections off", bound.min, bound.max, decides=False)


def _gap(free_from: int, has_short: bool) -> Part:
    side = f"from {count(free_from)}" if has_short else f"below {count(free_from)}"
    return Part(f"no valid trial {side}", nothing(), word=Word.INCONCLUSIVE)


def _held(level: Level) -> str:
    """What each repeat saw: '11', or '11 in 4 repeats or 13 in 1 repeat'."""
    times = Counter(level.depths)
    if len(times) < 2:
        return count(level.depths[0]) if level.depths else "a number that was not read"
    told = [f"{count(depth)} in {plural(n, 'repeat')}" for depth, n in sorted(times.items())]
    return listed(told, "or")


def _sentence(server: str, short: list[Level], long: list[Level]) -> str:
    full = [level for level in short if level.lossy]
    if not full:
        return f"The accept queue of the {server_name(server)} server never overflowed."
    depths = listed([f"{_held(level)} at {level.backlog}" for level in full])
    sentence = (
        f"Where the accept queue of the {server_name(server)} server overflowed, it held: "
        f"{depths} (backlog)."
    )
    lost = listed([f"{count(level.overflows)} at {level.backlog}" for level in short])
    sentence += f" Overflows counted by the kernel (median): {lost}"
    if long:
        sentence += f", and {listed([f'{count(x.overflows)} at {x.backlog}' for x in long])}"
    return f"{sentence}."


JUDGE = Judge("queue_depth", Parameters, judge)
