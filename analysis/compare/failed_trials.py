"""Trials that a server failed in two runs, by Boschloo's exact test.

Failed trials are counted, of those that say something about the server
(`analysis.outcomes.causes`). Boschloo's test (*Raised conditional level of significance for the
2 x 2-table when testing the equality of two probabilities*, Statistica Neerlandica 24, 1970) is
never weaker than Fisher's: three crashes of three against none give p = 0.03, and 0.1 by Fisher's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from scipy.stats import boschloo_exact

from analysis.compare.failure_counts import FIRST, SECOND, FailureRow
from analysis.outcomes.goodput import FAILED
from analysis.statistics.medians import CONFIDENCE
from analysis.wording import server_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from analysis.compare.failure_counts import FailureCounts

LEVEL = 1 - CONFIDENCE
ALL_POINTS = "all of "
"""Begins the key of a row that is of all points of a server."""
NAN = float("nan")


def failed_trials(
    table: pd.DataFrame, labels: pd.Series[str], base: FailureCounts, run: FailureCounts
) -> Iterator[FailureRow]:
    """A row per point, and one per server that failed at several points, over all of them."""
    theirs, mine = (
        one.trials.reindex(table.index).fillna(0).astype("int64") for one in (base, run)
    )
    for key, server, reference in zip(
        table.index, table["server"], table["reference"], strict=True
    ):
        yield from _rows(
            (key, labels[key], str(server), bool(reference)), theirs.loc[key], mine.loc[key]
        )
    swept = (~table["reference"]).to_numpy(dtype=bool)
    servers = table["server"].astype(str)[swept]
    for server, keys in servers.groupby(servers).groups.items():
        if ((theirs + mine).loc[keys, "failed"] > 0).sum() > 1:
            head = (f"{ALL_POINTS}{server}", f"{server_name(str(server))}: all its points")
            yield from _rows(
                (*head, str(server), False), theirs.loc[keys].sum(), mine.loc[keys].sum()
            )


def _rows(
    head: tuple[str, str, str, bool], base: pd.Series[int], run: pd.Series[int]
) -> Iterator[FailureRow]:
    """The row of a point; none where nothing failed, nor could have failed more often."""
    failed = int(base["failed"]), int(run["failed"])
    counted = int(base["counted"]), int(run["counted"])
    hidden = _hidden(base, run)
    if not any(failed) and not (all(counted) and hidden):
        return
    why, p = "", NAN
    if not all(counted):
        silent = SECOND if counted[0] else FIRST
        why = f"no trial of the {silent} run says anything about the server"
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


@lru_cache(maxsize=4096)
def boschloo(failed_base: int, failed: int, n_base: int, n: int) -> float:
    """The two-sided p of so many failures in each run, if both fail equally often."""
    if failed_base * n == failed * n_base:
        return 1.0
    table = [[failed_base, failed], [n_base - failed_base, n - failed]]
    return float(boschloo_exact(table).pvalue)
