"""What failed, in sentences: for the reader of a figure, who sees what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import goodput
from analysis.causes import by_kind, causes, failed, no_evidence
from analysis.palette import in_order
from analysis.text import listed, plural, server_name, share

if TYPE_CHECKING:
    import pandas as pd

    from analysis.records import Run

MOST_NAMED = 6
"""Servers; the rest is counted."""


def of_figure(run: Run, rows: pd.DataFrame) -> str:
    """Of all trials of the points behind a figure, which may show the valid ones alone; '' where
    all counted, and without errors."""
    points = rows["point"].unique()
    trials = run.trials[["point", "server", *goodput.READ]]
    return sentences(trials[trials["point"].isin(points)])


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
    for name, what in ((goodput.ERRORS, "errors"), (goodput.UNANSWERED, "no answer")):
        shares = _by_server(trials, name)
        if shares:
            told.append(f"Attempts that ended in {what} are not in the rates: {_named(shares)}.")
    if text := no_evidence(whole):
        told.append(f"{text[0].upper()}{text[1:]}.")
    return " ".join(told)


def of_run(trials: pd.DataFrame) -> str:
    """Why the void trials of a run are void: '3 because the server failed, 2 spoiled by the load,
    the probe or the surroundings'; '' where there are none."""
    found = causes(trials)
    parts = [
        (found.failed, "because the server failed"),
        (found.spoiled, "spoiled by the load, the probe or the surroundings"),
        (found.unknown, "for a cause that was not recorded"),
    ]
    return listed([f"{count:,} {what}" for count, what in parts if count])


def of_server(trials: pd.DataFrame) -> str:
    """'It failed in 7 of 20 trials: ended or hung 7.' of one server; '' if it never did."""
    found = causes(trials)
    if not found.failed:
        return ""
    return f"It failed in {found.failed:,} of {plural(found.counted, 'trial')}: {by_kind(trials)}."


def _by_server(trials: pd.DataFrame, name: str) -> list[str]:
    """Of those servers that have any: 'thread pool 36%'."""
    servers = in_order(trials["server"].unique())
    place = {server: n for n, server in enumerate(servers)}
    groups = trials["server"].astype(str).map(place).to_numpy().astype(np.int64)
    found = goodput.shares(trials, groups, len(servers))[name].to_numpy()
    least = goodput.SMALLEST[name]
    return [
        f"{server_name(server)} {share(value)}"
        for server, value in zip(servers, found, strict=True)
        if np.isfinite(value) and value > least
    ]


def _named(names: list[str]) -> str:
    if len(names) <= MOST_NAMED:
        return listed(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED:,} more"
