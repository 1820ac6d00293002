"""What failed, in sentences: for the reader of a figure, who sees what is left."""

from __future__ import annotations

import pandas as pd

from analysis.charts.palette import in_order
from analysis.outcomes import goodput
from analysis.outcomes.causes import by_kind, causes, failed, lacking, no_evidence
from analysis.records.run import Run
from analysis.selection.trials import plain
from analysis.wording import listed, named, plural, server_name, share


def of_figure(run: Run, rows: pd.DataFrame) -> str:
    """Of all trials of the points behind a figure, which may show the valid ones alone; '' where
    all counted, and without errors."""
    trials = plain(run)
    return sentences(trials[trials["point"].isin(rows["point"].unique())])


def sentences(trials: pd.DataFrame) -> str:
    """Who failed how often, who answered with errors or not at all, and what says nothing."""
    found = []
    whole = causes(trials)
    if whole.failed:
        names = []
        for server in in_order(trials["server"][failed(trials)].unique()):
            mine = causes(trials[trials["server"] == server])
            names.append(f"{server_name(server)} in {mine.failed:,} of {mine.counted:,} trials")
        found.append(f"What failed is not in these figures: {named(names)} ({by_kind(trials)}).")
    shares = _shares(trials)
    for name, what in ((goodput.ERRORS, "errors"), (goodput.UNANSWERED, "no answer")):
        above = shares[name][shares[name] > goodput.SMALLEST[name]]
        if len(above):
            names = [f"{server_name(str(one))} {share(value)}" for one, value in above.items()]
            found.append(f"Attempts that ended in {what} are not in the rates: {named(names)}.")
    if text := no_evidence(whole):
        found.append(f"{text[0].upper()}{text[1:]}.")
    return " ".join(found)


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


def unmeasured(trials: pd.DataFrame) -> list[str]:
    """The servers of a run of which no trial counts, so that nothing is known of them; where others
    have one, without those that named the limit that stopped each, which is a finding, and those
    that this machine lacks something for."""
    found = []
    for server in in_order(trials["server"].unique()):
        mine = trials[trials["server"] == server]
        told = lacking(mine) or mine["server_limit"].notna().all()
        if not (mine["valid"].any() or (told and trials["valid"].any())):
            found.append(server)
    return found


def of_server(trials: pd.DataFrame) -> str:
    """'It failed in 7 of 20 trials: ended or hung 7.' of one server; '' if it never did."""
    found = causes(trials)
    if not found.failed:
        return ""
    return f"It failed in {found.failed:,} of {plural(found.counted, 'trial')}: {by_kind(trials)}."


def _shares(trials: pd.DataFrame) -> pd.DataFrame:
    """The shares of `goodput` by server, in the order of the palette."""
    servers = in_order(trials["server"].unique())
    places = pd.Categorical(trials["server"].astype(str), servers).codes
    return goodput.shares(trials, places, len(servers)).set_axis(servers)
