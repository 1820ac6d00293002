"""Does the accept queue hold backlog + 1, and overflow only beyond that?

Before the load, as many silent connections as there are clients are piled on the
server, which holds one of them: the queue is full and at rest when it is read. Per
backlog the deepest one counts: deeper than backlog + 1 refutes, exactly that holds,
less leaves it open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from analysis.judgement import REPEATS_NEEDED, Judgement, NotRunError, Part, Word
from analysis.judges._evidence import evidence
from analysis.pairs import at, per_request
from analysis.statistics import Estimate, finite, nothing
from analysis.strict import Strict, Text
from analysis.text import count, listed, server_name

if TYPE_CHECKING:
    import pandas as pd

    from analysis.claim import Claim
    from analysis.records import Run

NAME = "queue_depth"


@dataclass(frozen=True, slots=True)
class Level:
    """What was seen at one backlog: `room` is what the queue should hold,
    `overflows` a median, `lossy` the trials with both overflows and drops."""

    backlog: int
    room: int
    trials: int
    deepest: float
    overflows: float
    lossy: int


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text
    active_connections: int = Field(description="clients, each with a connection per request")
    no_overflow_from: int = Field(description="a backlog as large as the number of clients")


def judge(claim: Claim, run: Run) -> Judgement:
    """Deepest queue less (backlog + 1) wherever it overflowed, and where it did."""
    server, free_from = claim.parameters["server"], claim.parameters["no_overflow_from"]
    clients = claim.parameters["active_connections"]
    valid = evidence(per_request(run), server=server, active_connections=clients)
    levels = seen(valid[valid["full_queue_overflows"].notna() & valid["full_queue_drops"].notna()])
    if not levels:
        raise NotRunError("no trial has looked at its full queue")
    short = [level for level in levels if level.backlog < free_from]
    long = [level for level in levels if level.backlog >= free_from]
    parts = [_depth(level) for level in short if level.lossy]
    if short:
        parts.append(_overflow(f"overflow below {count(free_from)}", short, overflow=True))
    if long:
        parts.append(_overflow(f"no overflow from {count(free_from)}", long, overflow=False))
    head = _headline(claim, short)
    missing = [] if short and long else [_gap(free_from, bool(short))]
    return Judgement((head, *parts, *missing), _sentence(server, short, long), head)


def seen(valid: pd.DataFrame) -> list[Level]:
    """One Level for each backlog, the smallest first."""
    levels = []
    for backlog in sorted(int(value) for value in valid["backlog"].unique()):
        trials = at(valid, backlog=backlog)
        depth = finite(trials["full_queue_depth"])
        # The kernel caps the argument of listen() at somaxconn.
        room = min(backlog, int(trials["somaxconn"].iloc[0])) + 1
        deepest = float(depth.max()) if len(depth) else float("nan")
        overflows = finite(trials["full_queue_overflows"])
        lossy = (trials["full_queue_overflows"] > 0) & (trials["full_queue_drops"] > 0)
        median = float(np.median(overflows)) if len(overflows) else float("nan")
        lost = int(lossy.fillna(False).sum())
        levels.append(Level(backlog, room, len(trials), deepest, median, lost))
    return levels


def _depth(level: Level) -> Part:
    if level.trials < REPEATS_NEEDED or not np.isfinite(level.deepest):
        word = Word.INCONCLUSIVE
    elif level.deepest == level.room:
        word = Word.REPRODUCED
    else:
        word = Word.REFUTED if level.deepest > level.room else Word.INCONCLUSIVE
    label = f"deepest queue at backlog {level.backlog}"
    found = Estimate(level.deepest, level.deepest, level.deepest, level.trials, "maximum")
    return Part(label, found, "connections", level.room, level.room, word)


def _overflow(label: str, levels: list[Level], overflow: bool) -> Part:
    """Trials that overflowed, or did not: all of them, and the part holds; fewer
    than half, and it is refuted."""
    trials = sum(level.trials for level in levels)
    lossy = sum(level.lossy for level in levels)
    kept = lossy if overflow else trials - lossy
    word = Word.INCONCLUSIVE
    if all(level.trials >= REPEATS_NEEDED for level in levels):
        word = Word.REPRODUCED if kept == trials else Word.REFUTED if kept * 2 < trials else word
    found = Estimate(kept, kept, kept, trials, "count")
    return Part(label, found, f"of {trials} trials", word=word)


def _headline(claim: Claim, short: list[Level]) -> Part:
    off = [level.deepest - level.room for level in short if level.lossy]
    trials = sum(level.trials for level in short if level.lossy)
    worst = max(off, key=abs) if off else float("nan")
    lowest, highest = (min(off), max(off)) if off else (float("nan"), float("nan"))
    found = Estimate(worst, lowest, highest, trials, "maximum")
    label = "deepest queue less (backlog + 1)"
    return Part(label, found, claim.unit, claim.bound.min, claim.bound.max, decides=False)


def _gap(free_from: int, has_short: bool) -> Part:
    side = f"from {count(free_from)}" if has_short else f"below {count(free_from)}"
    return Part(f"no valid trial {side}", nothing(), word=Word.INCONCLUSIVE)


def _sentence(server: str, short: list[Level], long: list[Level]) -> str:
    full = [level for level in short if level.lossy]
    if not full:
        return f"The accept queue of the {server_name(server)} server never overflowed."
    depths = listed([f"{count(level.deepest)} at {level.backlog}" for level in full])
    sentence = (
        f"Where the accept queue of the {server_name(server)} server overflowed, it held "
        f"at most: {depths} (backlog)."
    )
    lost = listed([f"{count(level.overflows)} at {level.backlog}" for level in short])
    sentence += f" Overflows counted by the kernel (median): {lost}"
    if long:
        sentence += f", and {listed([f'{count(x.overflows)} at {x.backlog}' for x in long])}"
    return f"{sentence}."
