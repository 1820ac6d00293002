"""An experiment's own thresholds: does every point keep them?

A point keeps a threshold when the median of its valid trials does, and its server failed none of
them: a trial that the server spoiled breaks every threshold. What counts failures (errors, missing
answers) has to keep it in each trial, for a median hides what less than half of them did. A point
of which no trial says anything, because something else spoiled it or nobody knows what, or the
column was never measured, neither keeps a threshold nor breaks it: it is not told. Nor is one
where lower bounds decide: a time that is at least so much may be any longer one, so a threshold is
kept or broken by it only if it would be by every longer one too. Trials under strace are left out,
whose speeds mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.outcomes import causes, goodput
from analysis.statistics.lower_bounds import bounded
from analysis.statistics.point_medians import first_rows, numbers
from analysis.wording import plural, share
from contract.exits import Exit, LabError
from contract.thresholds import Threshold, parse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.records.run import Run

IN_EACH = ("errors", "error_share", "unanswered", "oldest_unanswered_us")
"""Columns that every trial has to keep."""
LOW = "low"
"""Of a frame of trials here: whether the column is a lower bound."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One threshold over all points: how many break it, how many nobody can tell, the worst of
    them with its figure; `remarks` says what failed, what is no evidence, and what the figure
    leaves out."""

    threshold: str
    points: int
    broken: int
    worst: str
    value: float
    untold: int = 0
    remarks: str = ""

    @property
    def holds(self) -> bool:
        """Whether all points keep it, and there is one."""
        return self.points > 0 and not self.broken and not self.untold

    @property
    def word(self) -> str:
        """'kept', 'not kept' or 'cannot tell'."""
        return "kept" if self.holds else "not kept" if self.broken else "cannot tell"


def judged(run: Run) -> list[Kept]:
    """Each threshold of the run's manifest; LabError(BAD_INPUT) for one that cannot be read."""
    try:
        wanted = [parse(text) for text in run.manifest.thresholds]
    except ValueError as error:
        raise LabError(f"{run.path}/manifest.json: thresholds: {error}", Exit.BAD_INPUT) from None
    if not wanted:
        return []
    names = ["point", *goodput.READ, *(one.column for one in wanted)]
    trials = run.trials[list(dict.fromkeys(names))]
    kept = ((run.trials["sweep"] != "reference") & ~_traced(run.trials)).to_numpy(dtype=bool)
    nothing = np.zeros(len(trials), dtype=bool)
    trials = trials[kept]
    return [
        _kept(one, trials.assign(**{LOW: bounded(run).get(one.column, nothing)[kept]}))
        for one in wanted
    ]


def ending(limits: list[Kept]) -> Exit:
    """EXCEEDED where a threshold was broken, CANNOT_TELL where one was not told."""
    if any(limit.broken for limit in limits):
        return Exit.EXCEEDED
    return Exit.OK if all(limit.holds for limit in limits) else Exit.CANNOT_TELL


def _traced(trials: pd.DataFrame) -> pd.Series[bool]:
    return trials["traced"].fillna(False).astype(bool)


def _kept(threshold: Threshold, trials: pd.DataFrame) -> Kept:
    if not len(trials):
        return Kept(threshold.text, 0, 0, "", float("nan"))
    points = _points(threshold, trials)
    below = threshold.sign.startswith("<")
    badness = np.where(points["value"].notna(), points["value"] * (1 if below else -1), np.inf)
    # The worst is one that broke it, if any did; a point without a figure is worse than any.
    place = np.lexsort((badness, points["broken"] * 2 + points["untold"]))[-1]
    worst = points.iloc[int(place)]
    return Kept(
        threshold.text,
        len(points),
        int(points["broken"].sum()),
        str(worst["point"]),
        float(worst["value"]),
        int(points["untold"].sum()),
        _remarks(threshold, trials, points),
    )


def _points(threshold: Threshold, trials: pd.DataFrame) -> pd.DataFrame:
    """A row per point: its name, the `value` that has to keep the threshold (NaN without any),
    whether it is `broken` or `untold` (`unbounded`: for lower bounds), its trials that `failed`,
    its error share."""
    first = first_rows(trials)
    codes = numbers(trials)
    place = np.full(len(trials["point"].cat.categories), -1)
    place[codes[first]] = np.arange(len(first))
    groups = place[codes]
    values = pd.Series(trials[threshold.column].to_numpy(dtype="float64", na_value=np.nan))
    values = values.where(trials["valid"].to_numpy(dtype=bool))
    longest = values.mask(values.notna() & trials[LOW].to_numpy(dtype=bool), np.inf)
    deciding, at_most = (
        _deciding(threshold, one, groups).reindex(range(len(first))) for one in (values, longest)
    )
    failed = np.bincount(groups, causes.failed(trials), minlength=len(first))
    known = deciding.map(threshold.holds) == at_most.map(threshold.holds)
    missed = deciding.notna() & known & ~deciding.map(threshold.holds)
    found = pd.DataFrame({"point": trials["point"].astype(str).to_numpy()[first]})
    broken = (failed > 0) | missed
    errors = goodput.shares(trials, groups, len(first))[goodput.ERRORS]
    return found.assign(
        value=deciding,
        broken=broken,
        untold=~broken & (deciding.isna() | ~known),
        unbounded=~broken & ~known,
        failed=failed,
        errors=errors,
    )


def _deciding(
    threshold: Threshold, values: pd.Series[float], groups: NDArray[np.int64]
) -> pd.Series[float]:
    """By group, the value that has to keep the threshold."""
    by_point = values.groupby(groups)
    if threshold.column not in IN_EACH:
        return by_point.median()
    return by_point.max() if threshold.sign.startswith("<") else by_point.min()


def _remarks(threshold: Threshold, trials: pd.DataFrame, points: pd.DataFrame) -> str:
    """Sentences; '' where there is nothing to say."""
    told = []
    found = causes.causes(trials)
    if found.failed:
        at = int((points["failed"] > 0).sum())
        told.append(
            f"The server failed in {found.failed:,} of {plural(found.counted, 'trial')}, at "
            f"{plural(at, 'point')} ({causes.by_kind(trials)})."
        )
    if text := causes.no_evidence(found):
        told.append(f"{text}.")
    values = trials[threshold.column][trials["valid"].to_numpy(dtype=bool)]
    missing = int(values.isna().sum())
    if missing:
        told.append(f"{threshold.column} was not measured in {plural(missing, 'valid trial')}.")
    if at := int(points["unbounded"].sum()):
        told.append(
            f"At {plural(at, 'point')} {threshold.column} is at least so much, and how much nobody "
            "knows: requests had no answer as the windows closed."
        )
    if threshold.column not in IN_EACH and (points["errors"] > 0).any():
        worst = points.iloc[int(np.nanargmax(points["errors"].to_numpy()))]
        told.append(
            f"Errors are not in this figure: up to {share(worst['errors'])} of all attempts, at "
            f"{worst['point']}."
        )
    return " ".join(told)
