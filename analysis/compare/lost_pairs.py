"""Where too few of a point's blocks have a ratio of two servers for these to stand for all.

A block has one where both were measured. Where the other server failed, its trial is in a figure
of its own, and no rise of that is ever noise. Every other block that has none may hide what it did:
beyond MOST_FAILED of them where it was measured and the base failed, or where a figure is missing;
beyond MOST_SILENT whatever the reason.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.compare.log_ratios import logarithms
from analysis.compare.matching import KEY, keys
from analysis.compare.sides import Sides
from analysis.outcomes import causes
from analysis.outcomes.causes import MOST_FAILED, MOST_SILENT
from analysis.records.run import Run, remembered
from analysis.selection.trials import untraced


def why_too_few(base: Run, run: Run, table: pd.DataFrame, sides: Sides, metric: str) -> list[str]:
    """Why the ratios of a metric say nothing at each point of `table`; '' where they do. `sides`
    name the servers."""
    became = [_became(one) for one in (base, run)]
    every = became[0].index.union(became[1].index)
    theirs, mine = (one.reindex(every, fill_value=False) for one in became)
    logs = [logarithms(one)[metric].reindex(every) for one in (base, run)]
    without = pd.concat(logs, axis=1).isna().any(axis=1)
    failed = theirs["failed"] & logs[1].notna()
    missing = sum(
        (one["lost"] | one["measured"]) & log.isna()
        for one, log in zip((theirs, mine), logs, strict=True)
    )
    counts = pd.DataFrame(
        {"of": True, "without": without, "failed": failed, "missing": missing > 0}
    )[~mine["failed"]]
    counts = counts.groupby(level=KEY).sum().reindex(table.index, fill_value=0)
    excepted = mine["failed"].groupby(level=KEY).any().reindex(table.index, fill_value=False)
    rows = zip(*(counts[name].astype("int64") for name in _Lost._fields), strict=True)
    return [
        _in_words(_Lost(*row), sides, excepted=bool(other))
        for row, other in zip(rows, excepted, strict=True)
    ]


class _Lost(NamedTuple):
    """Counts of a point's blocks in which the other server did not fail: all, those without a
    ratio, those in which the base failed beside it, and those in which a figure is missing."""

    of: int
    without: int
    failed: int
    missing: int


def _in_words(lost: _Lost, sides: Sides, *, excepted: bool) -> str:
    """'4 of 10 blocks have no ratio, as shop 1 failed there'; '' of few enough. `excepted`: whether
    the point has blocks in which the other server failed."""
    hidden, of = lost.failed + lost.missing, lost.of
    if hidden <= MOST_FAILED * of and lost.without <= MOST_SILENT * of:
        return ""
    reasons = []
    if hidden > MOST_FAILED * of:
        reasons += [f"{sides.first} failed there"] if lost.failed else []
        reasons += ["a figure is missing"] if lost.missing else []
    few = hidden if reasons else lost.without
    which = f"the {of} blocks in which {sides.second} did not fail" if excepted else f"{of} blocks"
    why = f", as {' or '.join(reasons)}" if reasons else ""
    return f"{few} of {which} {'has' if few == 1 else 'have'} no ratio{why}"


@remembered
def _became(run: Run) -> pd.DataFrame:
    """By point and block, what became of a server there: `measured`, `failed` or `lost`."""
    trials = untraced(run.trials)
    flags = pd.DataFrame(
        {
            KEY: keys(run)[trials.index],
            "block": trials["block"].to_numpy(dtype="int64"),
            "measured": trials["measured"].to_numpy(dtype=bool),
            "failed": causes.failed(trials),
            "lost": causes.lost(trials),
        }
    )
    found = flags.groupby([KEY, "block"]).any()
    return found.assign(failed=np.where(found["measured"], False, found["failed"]))
