"""What failed in two runs side by side: trials, attempts, answers that never came, requests that
had to be sent again, connections that a server which reached a limit did not hold.

The rows are a family of their own for the false discovery rate of 5%, and those of whole servers
another: among hundreds of steady figures a failure would drown (Efron, *Simultaneous inference:
when should hypothesis testing problems be combined?*, Annals of Applied Statistics 2, 2008). A
rise that may be chance is never called noise: the verdict is CANNOT_TELL, and it decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.compare.failure_counts import FailureCounts, failure_counts
from analysis.compare.failure_tests import LEVEL, welch
from analysis.compare.matching import KEY, labels, points
from analysis.compare.metrics import CANNOT_TELL, CHANGED, RESENT, UNHELD, WITHIN_NOISE
from analysis.compare.sides import RUNS, Sides
from analysis.outcomes import goodput
from analysis.outcomes.goodput import ERRORS, FAILED, UNANSWERED
from analysis.records.run import Run
from analysis.statistics.exact_tests import boschloo
from analysis.statistics.false_discovery import adjusted
from analysis.wording import server_name

Head = tuple[str, str, str, bool]

ALL_POINTS = "all of "
"""Begins the key of a row that is of all points of a server."""
SMALLEST_RISE = {ERRORS: 0.001, RESENT: 0.001, UNANSWERED: goodput.SMALLEST[UNANSWERED]}
"""Smaller rises are reported and are no regression: one in a thousand attempts, of those that were
sent again too, and the requests that are on their way as any window closes."""
WHOLE = {
    ERRORS: ["errors", "requests"],
    UNANSWERED: ["unanswered", "requests", "errors"],
    RESENT: ["resent", "requests", "errors"],
    UNHELD: ["unheld", "held"],
}
"""The counts that a share is of, its own first."""
NAN = float("nan")


class FailureRow(NamedTuple):
    """A share of what failed in two runs: those fields of a ComparedFigure that it has."""

    key: str
    point: str
    server: str
    reference: bool
    metric: str
    base_value: float
    value: float
    n_base: int
    n: int
    p: float
    why: str


def failures(base: Run, run: Run, sides: Sides = RUNS) -> pd.DataFrame:
    """A row per point and metric of FAILURES of which either run has any, and one per server that
    failed at several points, over all of them: columns of `ComparedFigure`. `sides` name them."""
    table = points(base).table
    theirs, mine = failure_counts(base), failure_counts(run)
    columns = (table["server"].astype(str), table["reference"].astype(bool))
    heads: list[Head] = list(zip(table.index, labels(table), *columns, strict=True))
    found = [
        *_failed_trials(heads, theirs.trials, mine.trials, sides),
        *_shares(ERRORS, heads, theirs, mine, sides),
        *_shares(UNANSWERED, heads, theirs, mine, sides),
        *_shares(RESENT, heads, theirs, mine, sides),
        *_shares(UNHELD, heads, theirs, mine, sides),
    ]
    rows = pd.DataFrame(found, columns=FailureRow._fields)
    ratio = rows["value"] / rows["base_value"].where(rows["base_value"] > 0)
    none = dict.fromkeys(("low", "high", "freedom", "noise", "spread"), np.nan)
    return rows.assign(ratio=ratio, beside=False, stray=0.0, **none)


def words(figures: pd.DataFrame) -> list[str]:
    """CHANGED, CANNOT_TELL or WITHIN_NOISE for each row of failures."""
    p = figures["p"].to_numpy(dtype="float64")
    whole = figures[KEY].str.startswith(ALL_POINTS).to_numpy(dtype=bool)
    p = np.where(whole, adjusted(np.where(whole, p, np.nan)), adjusted(np.where(whole, np.nan, p)))
    rise = (figures["value"] - figures["base_value"]).to_numpy(dtype="float64")
    smallest = figures["metric"].map(SMALLEST_RISE).fillna(0.0).to_numpy(dtype="float64")
    with_reason = (figures["why"] != "").to_numpy(dtype=bool)
    return list(
        np.select(
            [with_reason, abs(rise) <= smallest, p < LEVEL, rise > 0],
            [CANNOT_TELL, WITHIN_NOISE, CHANGED, CANNOT_TELL],
            WITHIN_NOISE,
        )
    )


def _failed_trials(
    heads: list[Head], base: pd.DataFrame, run: pd.DataFrame, sides: Sides
) -> Iterator[FailureRow]:
    keys = [head[0] for head in heads]
    theirs, mine = (one.reindex(keys).fillna(0).astype("int64") for one in (base, run))
    failing = set(theirs.index[(theirs + mine)["failed"] > 0])
    groups = [(head, [head[0]]) for head in heads]
    for server in sorted({server for _, _, server, _ in heads}):
        own = [key for key, _, name, reference in heads if name == server and not reference]
        if len(failing.intersection(own)) > 1:
            name = f"{server_name(server)}: all its points"
            groups.append(((f"{ALL_POINTS}{server}", name, server, False), own))
    telling = failing | set(mine.index[mine["unknown"] > 0])
    for head, own in groups:
        if telling.intersection(own):
            yield from _failed(head, theirs.loc[own].sum(), mine.loc[own].sum(), sides)


def _failed(
    head: Head, base: pd.Series[int], run: pd.Series[int], sides: Sides
) -> Iterator[FailureRow]:
    """The row of some trials; none where nothing failed, nor could have failed more often."""
    failed = int(base["failed"]), int(run["failed"])
    counted = int(base["counted"]), int(run["counted"])
    hidden = _hidden(base, run)
    if not any(failed) and not (all(counted) and hidden):
        return
    why, p = "", NAN
    if not all(counted):
        silent = sides.name(base=not counted[0])
        why = f"no trial of {silent} says anything about the server"
    elif hidden:
        unknown = int(run["unknown"])
        why = f"void in {unknown} of {counted[1] + unknown} for a cause that was not recorded"
    else:
        p = boschloo(*failed, *counted)
    base_value, value = (one / of if of else NAN for one, of in zip(failed, counted, strict=True))
    yield FailureRow(*head, FAILED, base_value, value, *counted, p, why)


def _hidden(base: pd.Series[int], run: pd.Series[int]) -> bool:
    """Whether the run would fail more often beyond doubt if its void trials of unknown cause were
    failures, and those of the base as well."""
    unknown = int(run["unknown"])
    counted = int(base["counted"] + base["unknown"]), int(run["counted"]) + unknown
    failed = int(base["failed"] + base["unknown"]), int(run["failed"]) + unknown
    if not unknown or not all(counted) or failed[1] * counted[0] <= failed[0] * counted[1]:
        return False
    return boschloo(*failed, *counted) < LEVEL


def _shares(
    metric: str, heads: list[Head], base: FailureCounts, run: FailureCounts, names: Sides
) -> Iterator[FailureRow]:
    """A row per point at which either run has any errors, or requests without an answer, or both
    have connections beyond a limit."""
    sides = (base, run)
    part = WHOLE[metric][0]
    having = {key for one in sides for key, _ in one.blocks.index[one.blocks[part] > 0]}
    # Errors that nobody counted are none that did not happen; earlier versions did not count the
    # requests without an answer.
    untold = run.unrecorded[part] if metric == ERRORS else frozenset[str]()
    for head in heads:
        if head[0] not in having | untold:
            continue
        blocks = [one.blocks[one.blocks.index.get_level_values(KEY) == head[0]] for one in sides]
        counts = [(one[part].to_numpy(), one[WHOLE[metric]].sum(axis=1)) for one in blocks]
        shares = [_mean_share(few, of.to_numpy()) for few, of in counts]
        recorded = [head[0] not in one.unrecorded.get(part, ()) for one in sides]
        small = np.nanmax([*shares, 0.0]) <= SMALLEST_RISE.get(metric, 0.0)
        if not all(recorded) and small and head[0] not in untold:
            continue
        n_base, n = (int((of > 0).sum()) for _, of in counts)
        if metric == UNHELD and not (n_base and n):
            continue  # that only one run reached a limit is among its failed trials
        why = ""
        if not n_base or not n:
            why = f"no request was made {names.within(base=not n_base)}"
        elif not all(recorded):
            why = f"{names.name(base=not recorded[0])} did not record it"
        base_value, value = (s if known else NAN for s, known in zip(shares, recorded, strict=True))
        (few_base, of_base), (few, of) = counts
        p = NAN if why else welch(few_base, of_base.to_numpy(), few, of.to_numpy())
        yield FailureRow(*head, metric, base_value, value, n_base, n, p, why)


def _mean_share(few: Floats, of: Floats) -> float:
    """The mean over blocks; NaN where there is nothing to have a share of. In a share of sums, a
    block whose clients waited long for each error, and so made few attempts, would not be seen."""
    some = of > 0
    return float((few[some] / of[some]).mean()) if some.any() else NAN
