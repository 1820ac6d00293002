"""What every judge needs: the valid trials of some settings, or why there are none."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from analysis.claims.judgement import NotRunError, NoValidTrialError
from analysis.outcomes.causes import lacking, no_evidence
from analysis.outcomes.evidence_lost import tried_of
from analysis.selection.pairs import at
from analysis.wording import count, listed, plural, server_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from analysis.outcomes.evidence_lost import Tried

SHOWN_REASONS = 3


def evidence(trials: pd.DataFrame, **settings: Hashable) -> pd.DataFrame:
    """The valid ones of `trials` with these settings; raises NotRunError or
    NoValidTrialError when there are none."""
    return evidence_of(at(trials, **settings), settings)


def evidence_of(chosen: pd.DataFrame, settings: Mapping[str, Hashable]) -> pd.DataFrame:
    """The valid ones of `chosen`, which were chosen by these settings; raises as above.

    What this machine lacks is a reason not to have run, and no finding.
    """
    if not len(chosen):
        raise NotRunError(f"no trial of this run has {described(**settings)}")
    valid = chosen[chosen["valid"]]
    if len(valid):
        return valid
    if lacking(chosen):
        raise NotRunError(
            f"this machine lacks, or forbids, what {described(**settings)} needs "
            f"({reasons(chosen, 1)})"
        )
    told = tried_of(chosen, described(**settings))
    failures = f"; the server failed in {told.causes.failed:,}" if told.causes.failed else ""
    nothing = no_evidence(told.causes)
    raise NoValidTrialError(
        f"all {plural(len(chosen), 'trial')} with {described(**settings)} are void "
        f"({reasons(chosen)}){failures}{'; ' if nothing else ''}{nothing}",
        told.causes,
    )


def tried(trials: pd.DataFrame, *figures: str, **settings: Hashable) -> Tried:
    """What became of the trials with these settings; a valid one without any of these columns is
    missing."""
    chosen = at(trials, **settings)
    valid = chosen[chosen["valid"]]
    missing = int(valid[list(figures)].isna().any(axis=1).sum()) if figures else 0
    return tried_of(chosen, described(**settings), missing)


def described(**settings: Hashable) -> str:
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
    """Why trials are void, the commonest first, with their counts."""
    found = Counter(
        str(reason) for reason in trials["reason"].astype("string").fillna("no reason given")
    )
    shown = [f"{reason}: {times}" for reason, times in found.most_common(most)]
    return "; ".join(shown)


def generator_bound(*frames: pd.DataFrame) -> bool:
    """Whether the load generator was the bottleneck in any of these trials."""
    return any((frame["validity"] == "generator_bound").any() for frame in frames)
