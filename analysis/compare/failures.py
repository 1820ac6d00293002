"""What failed in two runs, side by side: trials, attempts, answers that never came.

Failed trials are counted, of those that say something about the server
(`analysis.outcomes.causes`), and compared by Boschloo's exact test (*Raised conditional level of
significance for the 2 x 2-table when testing the equality of two probabilities*, Statistica
Neerlandica 24, 1970), which is never weaker than Fisher's: three crashes of three against none are
p = 0.03, and 0.1 by Fisher's.

Errors and missing answers come in clusters, so the sample is the block and not the attempt: the
share of each block on the scale of arcsin sqrt, where chance alone spreads all shares alike
(Anscombe, Biometrika 35, 1948), by Welch's t (*The generalization of Student's problem*,
Biometrika 34, 1947). No variance counts as less than that of as many independent attempts.

The rows are a family of their own for the false discovery rate of 5%, and those of whole servers
another: among hundreds of steady figures a failure would drown (Efron, *Simultaneous inference:
when should hypothesis testing problems be combined?*, Annals of Applied Statistics 2, 2008). A
rise that cannot be told from chance is never called noise: it cannot be told, and decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from analysis.compare.matching import KEY, labelled, points
from analysis.outcomes import causes, goodput
from analysis.outcomes.goodput import ERRORS, FAILED, UNANSWERED
from analysis.statistics.false_discovery import adjusted
from analysis.statistics.medians import CONFIDENCE
from analysis.wording import server_name

if TYPE_CHECKING:
    from analysis.records.run import Run
    from analysis.statistics.estimates import Floats

RUNS = 64
WHOLE = "all of "
"""Begins the key of a row that is of all points of a server."""
LEVEL = 1 - CONFIDENCE
SMALLEST = {ERRORS: 0.001, UNANSWERED: goodput.SMALLEST[UNANSWERED]}
"""Rises below these are told as what they are, and are no regression: one in a thousand attempts,
and the requests that are on their way as any window closes."""
PARTS = {ERRORS: ("errors", ("requests",)), UNANSWERED: ("unanswered", ("requests", "errors"))}
"""What is counted, and what besides it makes up the whole."""


@dataclass(frozen=True)
class Side:
    """What one run counted. `trials` has a row per point: failed, counted (valid or failed),
    unknown. `blocks` has a row per point and block: requests, errors, unanswered; of the points
    that are not `told`, nobody recorded what had no answer, as in runs of before."""

    trials: pd.DataFrame
    blocks: pd.DataFrame
    told: frozenset[str]


@lru_cache(maxsize=RUNS)
def side(run: Run) -> Side:
    """Of a run's points by key; traced trials are left out, for a tracer makes servers starve."""
    chosen = run.trials[~run.trials["traced"].fillna(value=False).to_numpy(dtype=bool)]
    key = chosen["point"].astype(str).map(points(run).key_of).to_numpy()
    gone, untold = causes.failed(chosen), causes.unknown(chosen)
    valid = chosen["valid"].to_numpy(dtype=bool)
    flags = pd.DataFrame({"failed": gone, "counted": valid | gone, "unknown": untold})
    names = ["requests", "errors", "unanswered"]
    counts = pd.DataFrame(
        {name: chosen[name].to_numpy(dtype="float64", na_value=np.nan) for name in names}
    ).fillna(0.0)
    blocks = counts.assign(**{KEY: key, "block": chosen["block"].to_numpy(dtype="int64")})
    told = frozenset(key[chosen["unanswered"].notna().to_numpy(dtype=bool)])
    by_block = blocks[valid | gone].groupby([KEY, "block"])[names].sum()
    return Side(flags.groupby(key).sum(), by_block, told)


def counted(base: Run, run: Run) -> pd.DataFrame:
    """A row per point and figure of COUNTED of which either run has any, and for failures one per
    server that failed at several points, over all of them: columns as `compare_figures.pair`."""
    table = points(base).table
    names = labelled(table)
    mine, theirs = side(base), side(run)
    rows = _failures(table, names, mine.trials, theirs.trials)
    for metric in PARTS:
        rows += _shares(metric, table, names, mine, theirs)
    found = pd.DataFrame(rows, columns=ROW)
    nothing = {"low": np.nan, "high": np.nan, "beside": False, "noise": np.nan}
    return found.assign(**nothing, spread=np.nan, stray=0.0)


ROW = [
    *(KEY, "point", "server", "reference", "metric", "base_value", "value", "ratio"),
    *("n_base", "n", "p", "why"),
]


def words(figures: pd.DataFrame, told: tuple[str, str, str]) -> list[str]:
    """The word of each of these rows; `told` are those for changed, cannot tell, within noise."""
    changed, untold, within = told
    p = figures["p"].to_numpy(dtype="float64")
    whole = figures[KEY].str.startswith(WHOLE).to_numpy(dtype=bool)
    p = np.where(whole, adjusted(np.where(whole, p, np.nan)), adjusted(np.where(whole, np.nan, p)))
    found = []
    for row, value in zip(figures.to_dict("records"), p, strict=True):
        rise = row["value"] - row["base_value"]
        if row["why"]:
            found.append(untold)
        elif abs(rise) <= SMALLEST.get(row["metric"], 0.0):
            found.append(within)
        else:
            found.append(changed if value < LEVEL else untold if rise > 0 else within)
    return found


def _failures(
    table: pd.DataFrame, names: pd.Series[str], mine: pd.DataFrame, theirs: pd.DataFrame
) -> list[list[object]]:
    both = [side.reindex(table.index).fillna(0).astype("int64") for side in (mine, theirs)]
    rows = []
    for key, server, reference in zip(
        table.index, table["server"], table["reference"], strict=True
    ):
        here, there = (one.loc[key] for one in both)
        rows.append(_failure([key, names[key], server, bool(reference)], here, there))
    swept = (~table["reference"]).to_numpy(dtype=bool)
    servers = table["server"].astype(str)[swept]
    for server, keys in servers.groupby(servers).groups.items():
        here, there = (one.loc[keys].sum() for one in both)
        failing = int((sum(one.loc[keys, "failed"] for one in both) > 0).sum())
        if failing > 1:
            label = f"{server_name(str(server))}: all its points"
            rows.append(_failure([f"{WHOLE}{server}", label, server, False], here, there))
    return [row for row in rows if row is not None]


def _failure(
    head: list[object], here: pd.Series[int], there: pd.Series[int]
) -> list[object] | None:
    """A row of failed trials; None where none failed, nor could have failed more often."""
    failed = int(here["failed"]), int(there["failed"])
    counted = int(here["counted"]), int(there["counted"])
    base_value, value = (
        one / of if of else float("nan") for one, of in zip(failed, counted, strict=True)
    )
    why, p = "", float("nan")
    if not any(counted) or (not any(failed) and not _hidden(here, there)):
        return None
    if not all(counted):
        if not any(failed):
            return None
        run = "first" if not counted[0] else "second"
        why = f"no trial of the {run} run says anything about the server"
    elif _hidden(here, there):
        untold, trials = int(there["unknown"]), counted[1] + int(there["unknown"])
        why = f"void in {untold} of {trials} for a cause that was not recorded"
    else:
        p = _boschloo(*failed, *counted)
    ratio = value / base_value if base_value else float("nan")
    return [*head, FAILED, base_value, value, ratio, *counted, p, why]


def _hidden(here: pd.Series[int], there: pd.Series[int]) -> bool:
    """Whether the second run would fail more often beyond doubt if its void trials of unknown cause
    were failures, and those of the first not."""
    untold = int(there["unknown"])
    whole = int(here["counted"] + here["unknown"]), int(there["counted"]) + untold
    gone = int(here["failed"] + here["unknown"]), int(there["failed"]) + untold
    if not untold or not all(whole) or gone[1] * whole[0] <= gone[0] * whole[1]:
        return False
    return _boschloo(*gone, *whole) < LEVEL


@lru_cache(maxsize=4096)
def _boschloo(failed_base: int, failed: int, n_base: int, n: int) -> float:
    """The two-sided p of so many failures in each run, were they equally likely."""
    from scipy import stats  # takes half a second to import, and most comparisons need none

    if failed_base * n == failed * n_base:
        return 1.0
    table = [[failed_base, failed], [n_base - failed_base, n - failed]]
    return float(stats.boschloo_exact(table).pvalue)


def _shares(
    metric: str,
    table: pd.DataFrame,
    names: pd.Series[str],
    mine: Side,
    theirs: Side,
) -> list[list[object]]:
    part, beside = PARTS[metric]
    blocks = (mine.blocks, theirs.blocks)
    some = [set(one.index[one[part] > 0].get_level_values(KEY)) for one in blocks]
    rows: list[list[object]] = []
    for key in table.index[table.index.isin(set.union(*some))]:
        sides = []
        for one in blocks:
            known = one.loc[[key]] if key in one.index.get_level_values(KEY) else one.head(0)
            sides.append((known[part].to_numpy(), known[[part, *beside]].sum(axis=1).to_numpy()))
        values = [float(few.sum() / of.sum()) if of.sum() else float("nan") for few, of in sides]
        counted = [int((of > 0).sum()) for _, of in sides]
        missing = [
            f"nothing was asked in the {run} run"
            for count, run in zip(counted, ("first", "second"), strict=True)
            if not count
        ]
        recorded = [metric != UNANSWERED or key in one.told for one in (mine, theirs)]
        if not all(recorded):
            if np.nanmax(values) <= SMALLEST[metric]:
                continue
            run = "second" if recorded[0] else "first"
            missing.append(f"the {run} run did not record it")
            values = [one if known else np.nan for one, known in zip(values, recorded, strict=True)]
        why = missing[0] if missing else ""
        ratio = values[1] / values[0] if values[0] else float("nan")
        p = float("nan") if why else welch(*sides[0], *sides[1])
        head = [key, names[key], table["server"][key], bool(table["reference"][key])]
        rows.append([*head, metric, *values, ratio, *counted, p, why])
    return rows


def welch(few_base: Floats, of_base: Floats, few: Floats, of: Floats) -> float:
    """The two-sided p of the shares few / of, a value per block, against those of the base; NaN
    where a run has fewer than two blocks."""
    middles, errors, freedoms = [], [], []
    for part, whole in ((few_base, of_base), (few, of)):
        asked = whole > 0
        n = int(asked.sum())
        if n < 2:
            return float("nan")
        angles = np.arcsin(np.sqrt(part[asked] / whole[asked]))
        least = float((1 / (4 * whole[asked])).mean())
        middles.append(angles.mean())
        errors.append(max(float(angles.var(ddof=1)), least) / n)
        freedoms.append(n - 1)
    total = sum(errors)
    freedom = total**2 / sum(e**2 / f for e, f in zip(errors, freedoms, strict=True))
    t = abs(middles[1] - middles[0]) / np.sqrt(total)
    return float(2 * special.stdtr(freedom, -t))
