"""What every judge needs: the trials of some settings that have figures, or why there are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping

import pandas as pd

from analysis.claims.judgement import NoValidTrialError
from analysis.outcomes.basis import Basis, basis_of
from analysis.outcomes.causes import lacking, no_evidence
from analysis.records.words import starved
from analysis.selection.trials import NotRunError, at
from analysis.wording import count, listed, plural, server_name

SHOWN_REASONS = 3


def evidence(trials: pd.DataFrame, **settings: Hashable) -> pd.DataFrame:
    """Those of the trials with these settings that have figures; raises NotRunError or
    NoValidTrialError when there are none."""
    return evidence_of(at(trials, **settings), described(settings))


def evidence_of(trials: pd.DataFrame, what: str) -> pd.DataFrame:
    """Those of these trials that have figures, whose settings `what` describes; raises as above.

    What this machine lacks is a reason not to have run, and no finding.
    """
    if not len(trials):
        raise NotRunError(f"no trial of this run has {what}")
    valid = trials[trials["valid"]]
    if len(valid):
        return valid
    if lacking(trials):
        raise NotRunError(
            f"this machine lacks, or forbids, what {what} needs ({reasons(trials, 1)})"
        )
    causes = basis_of(trials, what).causes
    failures = f"; the server failed in {causes.by_server:,}" if causes.by_server else ""
    nothing = no_evidence(causes)
    raise NoValidTrialError(
        f"none of {plural(len(trials), 'trial')} with {what} has figures "
        f"({reasons(trials)}){failures}{'; ' if nothing else ''}{nothing}",
        causes,
    )


def without_silent(trials: pd.DataFrame, figures: pd.Series[float]) -> pd.DataFrame:
    """The trials, of which those have no figures that starved their clients so that there is none
    of these: they leave survivors, as those that failed."""
    silent = starved(trials) & figures.isna().to_numpy(dtype=bool)
    return trials.assign(valid=trials["valid"].to_numpy(dtype=bool) & ~silent)


def basis_at(trials: pd.DataFrame, *figures: str, **settings: Hashable) -> Basis:
    """What became of the trials with these settings; one that has figures, and none
    in one of these columns, is missing."""
    mine = at(trials, **settings)
    missing = int(mine.loc[mine["valid"], list(figures)].isna().any(axis=1).sum())
    return basis_of(mine, described(settings), missing)


def described(settings: Mapping[str, Hashable]) -> str:
    """Settings in words: 'server poll, 10,000 idle connections'."""
    if not settings:
        return "the usual settings"
    words = []
    for name, value in settings.items():
        if name == "server":
            words.append(f"server {server_name(str(value))}")
        elif name.endswith("_connections") and isinstance(value, int):
            words.append(f"{count(value)} {name.replace('_', ' ')}")
        else:
            words.append(f"{name} {value}")
    return listed(words)


def reasons(trials: pd.DataFrame, most: int = SHOWN_REASONS) -> str:
    """Why trials have none, the commonest first, with their counts."""
    found = Counter(
        str(reason) for reason in trials["reason"].astype("string").fillna("no reason given")
    )
    shown = [f"{reason}: {times}" for reason, times in found.most_common(most)]
    return "; ".join(shown)
