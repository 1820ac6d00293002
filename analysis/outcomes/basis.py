"""The basis of a figure: what became of the trials that it stands on, and how a verdict says it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.outcomes import goodput
from analysis.outcomes.causes import Causes, by_kind, causes, failed, no_evidence
from analysis.records.words import limit_reached
from analysis.wording import listed, plural, share

TOLD = (
    ("limit", "The server reached a limit of its own", ""),
    ("starved", "Clients were starved", ", and the figures are of what was served"),
    ("failed", "The server failed", ""),
)
"""The fields of `Causes` that a reader has to know of, and how."""


@dataclass(frozen=True, slots=True)
class Basis:
    """The trials of one selection: `what` they are in words, `how` the server failed the `failed`
    ones, how many others lack this one (`missing`), the shares of errors and missing answers, how
    many that were measured have a figure of times that are lower bounds (`bounded`), the share of
    attempts beside the figures of those that ended in errors (`beside`), what their `points` are
    called, and the `blocks` that have any that says something about the server."""

    what: str
    causes: Causes
    how: str = ""
    missing: int = 0
    errors: float = 0.0
    unanswered: float = 0.0
    bounded: int = 0
    beside: float = 0.0
    points: tuple[str, ...] = ()
    blocks: int = 0

    @property
    def absent_share(self) -> float:
        """Trials that were lost to the lab, or count and lack this figure, of those that would have
        it or that the server failed."""
        of = self.causes.counted + self.causes.lost
        return (self.missing + self.causes.lost) / of if of else 0.0

    @property
    def lost_share(self) -> float:
        """What of it is not in the figure: each trial that the server failed, or that lacks it, as
        a whole, and of the others their share of errors, if the figure leaves them out."""
        found = self.causes
        of = found.counted + found.lost
        whole = self.absent_share + ((found.limit + found.failed) / of if of else 0.0)
        return whole + (1 - whole) * self.beside


def basis_of(trials: pd.DataFrame, what: str, missing: int = 0, bounded: int = 0) -> Basis:
    """The basis that these trials are, those without figures included."""
    shares, beside = (goodput.of_all(some) for some in (trials, trials[trials["measured"]]))
    errors, unanswered, errors_beside = (
        found[name] if np.isfinite(found[name]) else 0.0
        for found, name in (
            (shares, goodput.ERRORS),
            (shares, goodput.UNANSWERED),
            (beside, goodput.ERRORS),
        )
    )
    told = trials["valid"].to_numpy(dtype=bool) | failed(trials)
    without = ~trials["valid"].to_numpy(dtype=bool) & ~limit_reached(trials)
    return Basis(
        what,
        causes(trials),
        by_kind(trials[without]),
        missing,
        errors,
        unanswered,
        bounded,
        errors_beside,
        tuple(sorted({str(point) for point in trials["point"]})),
        int(trials["block"][told].nunique()),
    )


def total(basis: Iterable[Basis]) -> Causes:
    """All of them together, each selection once."""
    return sum((one.causes for one in dict.fromkeys(basis)), Causes())


def sentences(basis: Iterable[Basis]) -> str:
    """What a reader has to know of the trials beside a verdict; '' if all counted and nothing was
    left out."""
    once = list(dict.fromkeys(basis))
    whole = total(once)
    told = []
    for name, beginning, end in TOLD:
        parts = [
            f"{getattr(one.causes, name):,} of {one.causes.counted:,} with {one.what}"
            f"{f' ({one.how})' if name == 'failed' else ''}"
            for one in once
            if getattr(one.causes, name)
        ]
        if parts:
            trials = plural(getattr(whole, name), "trial")
            told.append(f"{beginning} in {trials}{end}: {listed(parts)}.")
    if text := no_evidence(whole):
        told.append(f"{text[0].upper()}{text[1:]}.")
    if missing := sum(one.missing for one in once):
        told.append(f"The figure was not measured in {plural(missing, 'trial')} that count.")
    failing = [f"{share(one.errors)} with {one.what}" for one in once if one.errors > 0]
    if failing:
        told.append(f"Attempts that ended in errors are not in the figures: {listed(failing)}.")
    least = goodput.SMALLEST[goodput.UNANSWERED]
    silent = [f"{share(one.unanswered)} with {one.what}" for one in once if one.unanswered > least]
    if silent:
        told.append(f"Requests that got no answer: {listed(silent)}.")
    longer = [f"{one.bounded:,} with {one.what}" for one in once if one.bounded]
    if longer:
        told.append(
            "Times of these trials are at least so long, as requests had no answer when the window "
            f"closed, or ended in errors: {listed(longer)}."
        )
    return " ".join(told)
