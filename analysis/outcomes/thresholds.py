"""An experiment's own thresholds: does every point keep them?

A point keeps a threshold when the median of its trials does, and its server failed none of them: a
limit that was reached, starved clients, a wrong answer or an end breaks every threshold. What
counts failures (errors, missing answers, drops, resets, what is lost as a server ends or stays when
bad clients have gone) and what is a maximum has to keep it in each trial, for a median hides what
less than half of them did. A point of which no trial says anything, because something else spoiled
it or nobody knows what, or the column was never measured, neither keeps a threshold nor breaks it:
it is not told. Nor is one of which most trials say nothing and the others keep it, nor one where
lower bounds decide, or trials without a value that count or were lost to the lab: what is at least
so much may be any more, and what was not measured may be anything, so they keep or break a
threshold only if they would whatever they are. Nor is any threshold of a run that is not finished,
unless what there is breaks it. Trials under strace are left out, whose speeds mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Numbers
from analysis.outcomes import causes, goodput
from analysis.outcomes.error_tails import with_error_tails
from analysis.outcomes.lower_bounds import OF_THE_STOP
from analysis.records.run import Run
from analysis.selection.trials import untraced
from analysis.wording import plural, share
from contract.columns import REFERENCE_SWEEP
from contract.exits import Exit, LabError
from contract.thresholds import NUMBERS, Threshold, parse

FAILURES = ("errors", "error_share", "unanswered", "oldest_unanswered_us")
IN_EACH = (
    *FAILURES,
    *("coverage", "listen_overflows", "listen_drops", "retransmits", "resets"),
    *("late_ack_resets", "full_queue_overflows", "full_queue_drops", "full_queue_resets"),
    *("most_waiting", "longest_pause_us", "resent", "after_fds"),
    *("stop_had_lost", "stop_came_lost", "stop_under_way", "stop_unsent"),
    # One that did not end has no time, and the code of one that was killed is a failure's.
    *("stop_ended_s", "stop_exit_code"),
    *(name for name in NUMBERS if name.endswith(("_max", "_max_us"))),
)
"""Columns that every trial has to keep: what failed, and the worst that was seen."""


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """One threshold over all points: how many break it, how many nobody can tell, the worst of
    them with its figure; `not_run` trials have no row yet. `remarks` says what
    failed, what is no evidence, and what the figure leaves out."""

    threshold: str
    points: int
    broken: int
    worst: str
    value: float
    untold: int = 0
    remarks: str = ""
    not_run: int = 0

    @property
    def holds(self) -> bool:
        """Whether all points keep it, and there is one."""
        return self.points > 0 and not (self.broken or self.untold or self.not_run)

    @property
    def word(self) -> str:
        """'kept', 'not kept' or 'cannot tell'."""
        return "kept" if self.holds else "not kept" if self.broken else "cannot tell"


def judged(run: Run) -> list[ThresholdResult]:
    """Each threshold of the run's manifest; LabError(BAD_INPUT) for one that cannot be read."""
    thresholds = wanted(run)
    if not thresholds:
        return []
    trials = counted_trials(run)
    low, nothing = with_error_tails(run), np.zeros(len(run.trials), dtype=bool)
    found = [_kept(one, trials, low.get(one.column, nothing)[trials.index]) for one in thresholds]
    if not run.not_run:
        return found
    unfinished = f"{run.unfinished[:1].upper()}{run.unfinished[1:]}."
    return [
        replace(one, not_run=run.not_run, remarks=f"{unfinished} {one.remarks}".strip())
        for one in found
    ]


def wanted(run: Run) -> list[Threshold]:
    """The thresholds of the run's manifest; LabError(BAD_INPUT) for one that cannot be read."""
    try:
        return [parse(text) for text in run.manifest.thresholds]
    except ValueError as error:
        raise LabError(f"{run.path}/manifest.json: thresholds: {error}", Exit.BAD_INPUT) from None


def counted_trials(run: Run) -> pd.DataFrame:
    """The trials that thresholds are about."""
    trials = untraced(run.trials)
    found: pd.DataFrame = trials[trials["sweep"] != REFERENCE_SWEEP]
    return found


def ending(limits: list[ThresholdResult]) -> Exit:
    """EXCEEDED where a threshold was broken, CANNOT_TELL where one was not told."""
    if any(limit.broken for limit in limits):
        return Exit.EXCEEDED
    return Exit.OK if all(limit.holds for limit in limits) else Exit.CANNOT_TELL


def _kept(threshold: Threshold, trials: pd.DataFrame, low: Flags) -> ThresholdResult:
    """`low` says which of the trials have a lower bound in the column."""
    if not len(trials):
        return ThresholdResult(threshold.text, 0, 0, "", float("nan"))
    points = _points(threshold, trials, low)
    below = threshold.sign.startswith("<")
    badness = np.where(points["value"].notna(), points["value"] * (1 if below else -1), np.inf)
    # The worst is one that broke it, if any did; a point without a figure is worse than any.
    place = np.lexsort((badness, points["broken"] * 2 + points["untold"]))[-1]
    worst = points.iloc[int(place)]
    return ThresholdResult(
        threshold.text,
        len(points),
        int(points["broken"].sum()),
        str(worst["point"]),
        float(worst["value"]),
        int(points["untold"].sum()),
        _remarks(threshold, trials, points),
    )


def _points(threshold: Threshold, trials: pd.DataFrame, low: Flags) -> pd.DataFrame:
    """A row per point: its name, the `value` that has to keep the threshold (NaN without any),
    whether it is `broken` or `untold` (`unbounded`: for lower bounds), its trials that `failed`,
    its shares of errors and of missing answers."""
    by_point = trials.groupby("point", observed=True, sort=False)
    points = by_point.size().reset_index()[["point"]]
    groups = by_point.ngroup().to_numpy(dtype="int64")
    values = trials[threshold.column].astype("float64").where(trials["valid"])
    deciding = _deciding(threshold, values, groups)
    longer = values.mask(values.notna() & low, np.inf)
    absent = values.isna() & (trials["valid"] | causes.lost(trials))
    holds, longest, least, most = (
        _deciding(threshold, one, groups).map(threshold.holds)
        for one in (values, longer, values.mask(absent, -np.inf), longer.mask(absent, np.inf))
    )
    failed = np.bincount(groups, causes.failed(trials), minlength=len(points))
    known = least == most
    broken = (failed > 0) | (deciding.notna() & known & ~holds)
    silent = np.bincount(groups, causes.silent(trials), minlength=len(points))
    few_left = silent > causes.MOST_SILENT * np.bincount(groups, minlength=len(points))
    shares = goodput.shares(trials, groups, len(points))
    return points.assign(
        value=deciding,
        broken=broken,
        untold=~broken & (deciding.isna() | ~known | few_left),
        few_left=few_left,
        unbounded=~broken & (holds != longest),
        failed=failed,
        errors=shares[goodput.ERRORS],
        unanswered=shares[goodput.UNANSWERED],
    )


def _deciding(threshold: Threshold, values: pd.Series[float], groups: Numbers) -> pd.Series[float]:
    """By group, the value that has to keep the threshold."""
    by_point = values.groupby(groups)
    if threshold.column not in IN_EACH:
        return by_point.median()
    return by_point.max() if threshold.sign.startswith("<") else by_point.min()


def _remarks(threshold: Threshold, trials: pd.DataFrame, points: pd.DataFrame) -> str:
    """Sentences; '' where there is nothing to say."""
    told = []
    found = causes.causes(trials)
    if found.by_server:
        at = int((points["failed"] > 0).sum())
        told.append(
            f"The server failed in {found.by_server:,} of {plural(found.counted, 'trial')}, at "
            f"{plural(at, 'point')} ({causes.by_kind(trials)})."
        )
    if text := causes.no_evidence(found):
        told.append(f"{text}.")
    if at := int((points["untold"] & points["few_left"]).sum()):
        told.append(
            f"At {plural(at, 'point')} those are most, and the others cannot stand for all."
        )
    values = trials[threshold.column][trials["valid"].to_numpy(dtype=bool)]
    missing = int(values.isna().sum())
    if missing:
        told.append(
            f"{threshold.column} was not measured in {plural(missing, 'trial')} that count."
        )
    if at := int(points["unbounded"].sum()):
        told.append(
            f"At {plural(at, 'point')} {threshold.column} is at least so much, and how much nobody "
            f"knows: requests had no answer as {_end_of(threshold)}, or ended in errors."
        )
    if threshold.column not in FAILURES and (points["errors"] > 0).any():
        worst = points.iloc[int(np.nanargmax(points["errors"].to_numpy()))]
        told.append(
            f"Errors are not in this figure: on average up to {share(worst['errors'])} of a "
            f"trial's attempts, at {worst['point']}."
        )
    least = goodput.SMALLEST[goodput.UNANSWERED]
    if threshold.column not in FAILURES and (points["unanswered"] > least).any():
        worst = points.iloc[int(np.nanargmax(points["unanswered"].to_numpy()))]
        told.append(
            f"On average up to {share(worst['unanswered'])} of a trial's requests got no answer, "
            f"at {worst['point']}."
        )
    return " ".join(told)


def _end_of(threshold: Threshold) -> str:
    return "the load ended" if threshold.column in OF_THE_STOP else "the windows closed"
