"""Do clients whose SYN was dropped connect after whole seconds, as the kernel's ladder says?

Read from the time-to-connect histograms of the trials, not from percentiles: of the connects
that took half a second or more, the share that stands on a step of the ladder, block by block,
and whether the steps that have to be seen were seen in every trial.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from analysis.arrays import Floats
from analysis.claims.evidence import described, evidence_of, without_silent
from analysis.claims.first_look import first_look
from analysis.claims.judge import Judge
from analysis.claims.judgement import (
    REPEATS_NEEDED,
    Judgement,
    Part,
    most_telling,
    of_trials,
)
from analysis.claims.schema import Bound, Strict
from analysis.outcomes.basis import Basis, basis_of
from analysis.records.details import counts as counted
from analysis.records.run import Run
from analysis.selection.trials import NotRunError, Value, with_settings
from analysis.statistics.estimates import estimate
from analysis.wording import listed, number, plural

LATE_US = 500_000
"""A connect that lost nothing takes far less."""
SHOWN = 0.02
"""Steps with at least this share of the late connects are told."""


class Ladder(Strict):
    """When retransmissions are due, under the settings that make it so."""

    settings: dict[str, Value]
    steps_s: list[float] = Field(description="seconds after the first SYN")
    seen: list[float] = Field(description="steps that every trial has to show")


class Parameters(Strict):
    """What the claim gives this judge."""

    settings: dict[str, Value] = Field(description="settings of all trials")
    ladders: dict[str, Ladder]
    tolerance_s: float = Field(description="how far from its step a connect may be")


def judge(asked: Parameters, bound: Bound, run: Run) -> Judgement:
    """For each ladder, the share of late connects on its steps."""
    parts: list[Part] = []
    told = []
    for name, ladder in asked.ladders.items():
        settings = {**asked.settings, **ladder.settings}
        selected = with_settings(run, settings)
        connects = [counted(run, str(trial), "connect") for trial in selected["trial"]]
        kept = pd.Series([1.0 if one else np.nan for one in connects], index=selected.index)
        selected = without_silent(selected, kept)
        trials = evidence_of(selected, described(settings))
        every = len(trials)
        trials = trials[kept[trials.index].notna()]
        if not len(trials):
            raise NotRunError("no trial has kept its histograms of the time to connect")
        steps = np.array(ladder.steps_s)
        shares = _shares(run, trials, steps, asked.tolerance_s)
        on_steps = shares.groupby(trials["block"].to_numpy()).median().sum(axis=1, min_count=1)
        basis = (basis_of(selected, described(settings), every - len(trials)),)
        label = f"late connects on the {name} ladder"
        shown = estimate(on_steps, first_look(run, on_steps))
        parts.append(Part(label, shown, "", bound.min, bound.max, basis=basis))
        parts.append(_seen(name, ladder, shares, basis))
        told.append(_told(name, shares, on_steps.median()))
    return Judgement(tuple(parts), " ".join(told), most_telling(parts))


def _shares(run: Run, trials: pd.DataFrame, steps: Floats, tolerance_s: float) -> pd.DataFrame:
    """Per trial and step, the share of its late connects that stand there; NaN without any."""
    rows = []
    for trial in trials["trial"]:
        values, counts = counted(run, str(trial), "connect") or (np.empty(0), np.empty(0))
        late = values >= LATE_US
        seconds, counts = values[late] / 1e6, counts[late]
        near = np.abs(seconds[:, None] - steps) <= tolerance_s
        total = counts.sum()
        rows.append((near * counts[:, None]).sum(axis=0) / total if total else steps * np.nan)
    return pd.DataFrame(rows, columns=list(steps), index=trials.index)


def _seen(name: str, ladder: Ladder, shares: pd.DataFrame, basis: tuple[Basis, ...]) -> Part:
    """Trials that show the steps."""
    steps = listed([f"{number(step)} s" for step in ladder.seen])
    shown, n = int((shares[ladder.seen] > 0).all(axis=1).sum()), len(shares)
    label = f"trials with connects at {steps}, {name}"
    return of_trials(label, shown, n, basis, enough=n >= REPEATS_NEEDED)


def _told(name: str, shares: pd.DataFrame, on_steps: float) -> str:
    middle = shares.median()
    pairs = zip(shares.columns, middle, strict=True)
    modes = [f"{number(float(step))} s ({number(x * 100, 2)}%)" for step, x in pairs if x > SHOWN]
    if not modes:
        return f"On the {name} ladder no step was seen in {plural(len(shares), 'trial')}."
    return (
        f"Under the {name} setting clients that had lost a SYN connected after "
        f"{listed(modes)}; {number(on_steps * 100)}% of them stood on a step."
    )


JUDGE = Judge("syn_ladder", Parameters, judge)
