"""A comparison in two or three sentences."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from analysis.compare.metrics import CANNOT_TELL, CHANGED, FAILURES, METRICS, WITHIN_NOISE
from analysis.wording import listed, named, plural, share


def summary(
    figures: pd.DataFrame,
    regressions: pd.DataFrame,
    hiding: pd.DataFrame,
    gating: Collection[str],
    uncompared: Collection[str],
    unfinished: Sequence[str],
    tolerance: float,
) -> str:
    """How many figures changed, and whether any got worse by more than the tolerance. `hiding` are
    those that may hide that they did, `gating` the metrics that decide."""
    unknown = hiding[hiding["metric"].isin(gating)]
    if not len(figures):
        return "No run measured anything, so there is no figure to compare."
    counts = figures["word"].value_counts()
    parts = [
        f"{int(counts[word]):,} {text}"
        for word, text in (
            (CHANGED, "changed"),
            (WITHIN_NOISE, "are within noise"),
            (CANNOT_TELL, "cannot be judged"),
        )
        if word in counts
    ]
    counted = f"Of {plural(len(figures), 'figure')}, {listed(parts)}."
    limit = share(tolerance)
    if len(regressions):
        failures = int(regressions["metric"].isin(FAILURES).sum())
        verb = "is" if failures == 1 else "are"
        more = f"; {failures:,} of them {verb} of what failed" if failures else ""
        worse = plural(len(regressions), "figure")
        return f"{counted} {worse} got worse by more than {limit}{more}."
    if len(unknown):
        return (
            f"{counted} None is known to have got worse by more than {limit}, but "
            f"{len(unknown):,} could not show it{_why(unknown)}."
        )
    if uncompared:
        names = named(list(uncompared))
        return f"{counted} Nothing of {names} was compared, so nothing is known of it."
    if unfinished:
        verb = "is" if len(unfinished) == 1 else "are"
        return (
            f"{counted} None is known to have got worse by more than {limit}, but "
            f"{listed(unfinished)} {verb} not finished."
        )
    deciding = listed([*(METRICS[n].title for n in METRICS if n in gating), "what failed"])
    others = f"; {len(hiding):,} of other metrics could not" if len(hiding) else ""
    return (
        f"{counted} None got worse by more than {limit}, and each that decides ({deciding}) would "
        f"have shown it{others}."
    )


def _why(unknown: pd.DataFrame) -> str:
    """Why these figures could not show a regression, and how many repeats would."""
    absent = (unknown["why"] != "") | unknown["metric"].isin(FAILURES)
    absent |= (unknown["low_base"] > 0) | (unknown["low_here"] > 0)
    text = ""
    if absent.any():
        why = "not measured, failed, absent, void for the most part or of lower bounds"
        text = f" ({int(absent.sum()):,} of them {why})"
    noisy = unknown[~absent]
    needed = noisy["repeats"].to_numpy(dtype="float64")
    if not np.isfinite(needed).any():
        strays = bool((unknown["stray"] > 0).any())
        why = ": servers follow a changed machine less alike than that, whatever the repeats"
        return f"{text}{why if strays else ''}"
    repeats = int(noisy[["n_base", "n"]].to_numpy(dtype="int64").min())
    usual = int(np.nanmedian(needed))
    return f"{text}: {plural(repeats, 'repeat')}, about {max(usual, repeats + 1):,} are needed"
