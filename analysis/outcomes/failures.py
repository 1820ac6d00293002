"""What failed, in sentences: for the reader of a figure, who sees what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts.palette import in_order
from analysis.outcomes import goodput
from analysis.outcomes.causes import by_kind, causes, failed, no_evidence
from analysis.statistics.point_medians import numbers
from analysis.wording import listed, plural, server_name, share

if TYPE_CHECKING:
    from analysis.records.run import Run

MOST_NAMED = 6
"""Servers; the rest is counted."""


def of_figure(run: Run, rows: pd.DataFrame) -> str:
    """Of all trials of the points behind a figure, which may show the valid ones alone; '' where
    all counted, and without errors."""
    wanted = np.zeros(len(run.trials["point"].cat.categories), dtype=bool)
    wanted[numbers(rows)] = True
    return sentences(run.trials[wanted[numbers(run.trials)]])


def sentences(trials: pd.DataFrame) -> str:
    """Who failed how often, who answered with errors or not at all, and what says nothing."""
    told = []
    whole = causes(trials)
    gone = failed(trials)
    if whole.failed:
        names = []
        for server in in_order(trials["server"][gone].unique()):
            found = causes(trials[trials["server"] == server])
            names.append(f"{server_name(server)} in {found.failed:,} of {found.counted:,} trials")
        told.append(f"What failed is not in these figures: {_named(names)} ({by_kind(trials)}).")
    kinds = ((goodput.ERRORS, "errors"), (goodput.UNANSWERED, "no answer"))
    for (_, what), found_by in zip(kinds, _by_server(trials, [k for k, _ in kinds]), strict=True):
        if found_by:
            told.append(f"Attempts that ended in {what} are not in the rates: {_named(found_by)}.")
    if text := no_evidence(whole):
        told.append(f"{text[0].upper()}{text[1:]}.")
    return " ".join(told)


def of_run(trials: pd.DataFrame) -> str:
    """Why the void trials of a run are void: '3 because the server failed and 2 spoiled by the lab
    or the surroundings'; '' where there are none."""
    found = causes(trials)
    parts = [
        (found.failed, "because the server failed"),
        (found.spoiled, "spoiled by the lab or the surroundings"),
        (found.unknown, "for a cause that was not recorded"),
    ]
    return listed([f"{count:,} {what}" for count, what in parts if count])


def of_server(trials: pd.DataFrame) -> str:
    """'It failed in 7 of 20 trials: ended or hung 7.' of one server; '' if it never did."""
    found = causes(trials)
    if not found.failed:
        return ""
    return f"It failed in {found.failed:,} of {plural(found.counted, 'trial')}: {by_kind(trials)}."


def _by_server(trials: pd.DataFrame, names: list[str]) -> list[list[str]]:
    """For each of these shares, those servers that have any: 'thread pool 36%'."""
    if not any((trials[name] > 0).any() for name in ("errors", "unanswered")):
        return [[] for _ in names]
    servers = in_order(trials["server"].unique())
    places = pd.Categorical(trials["server"].astype(str), servers).codes
    found = goodput.shares(trials, places.astype(np.int64), len(servers))
    return [
        [
            f"{server_name(server)} {share(value)}"
            for server, value in zip(servers, found[name], strict=True)
            if value > goodput.SMALLEST[name]
        ]
        for name in names
    ]


def _named(names: list[str]) -> str:
    if len(names) <= MOST_NAMED:
        return listed(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED:,} more"
