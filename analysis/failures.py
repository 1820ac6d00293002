"""What failed, in sentences: for the reader of a figure, who sees what is left."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analysis.charts.palette import in_order
from analysis.outcomes import goodput
from analysis.outcomes.causes import by_kind, causes, failed, lacking, no_evidence
from analysis.records.run import Run
from analysis.records.words import limit_reached, starved, void
from analysis.selection.trials import plain
from analysis.wording import listed, named, plural, server_name, share
from contract.outcomes import WORD_OF, WORDS


def of_figure(run: Run, rows: pd.DataFrame, table: pd.DataFrame) -> str:
    """What failed at the points behind a figure, whose `table` shows the trials that have one; ''
    where all were measured, and without errors."""
    trials = plain(run)
    trials = trials[trials["point"].isin(rows["point"].unique())]
    metrics = [str(name) for name in table if f"{name}_low" in table and name in trials]
    return " ".join(filter(None, [sentences(trials), *_missing(trials, metrics)]))


def _missing(trials: pd.DataFrame, metrics: Iterable[str]) -> list[str]:
    """Which metrics some of the trials that count have not, though others of their point have."""
    valid = trials[trials["valid"].to_numpy(dtype=bool)]
    told = []
    for metric in metrics:
        absent = valid[metric].isna()
        absent &= ~absent.groupby(valid["point"].astype(str)).transform("all")
        if absent.any():
            servers = [server_name(one) for one in in_order(valid["server"][absent].unique())]
            told.append(
                f"{metric} was not measured in {plural(int(absent.sum()), 'trial')} that count, of "
                f"{named(servers)}."
            )
    return told


def sentences(trials: pd.DataFrame) -> str:
    """Who reached a limit, starved its clients or failed how often, who answered with errors or not
    at all, and what says nothing."""
    found = []
    whole = causes(trials)
    for name, beginning, how in (
        ("limit", "A limit was reached", ""),
        ("starved", "Starved clients are in these figures, by what was served", _coverage(trials)),
        ("failed", "What failed is not in these figures", by_kind(_failed(trials))),
    ):
        if getattr(whole, name):
            found.append(f"{beginning}: {_counts(trials, name)}{how and f' ({how})'}.")
    shares = _shares(trials)
    for name, what in ((goodput.ERRORS, "errors"), (goodput.UNANSWERED, "no answer")):
        above = shares[name][shares[name] > goodput.SMALLEST[name]]
        if len(above):
            names = [f"{server_name(str(one))} {share(value)}" for one, value in above.items()]
            found.append(f"Attempts that ended in {what} are not in the rates: {named(names)}.")
    if text := no_evidence(whole):
        found.append(f"{text[0].upper()}{text[1:]}.")
    return " ".join(found)


def by_word(trials: pd.DataFrame) -> str:
    """The trials that were not measured: '7 limit reached and 3 void (3 spoiled by the lab or the
    surroundings)'; '' where there are none."""
    counts = trials["validity"].astype(str).map(WORD_OF).value_counts()
    why = of_run(trials)
    parts = [f"{counts[word]:,} {word}" for word in WORDS[1:] if word in counts]
    return f"{listed(parts)}{f' ({why})' if why else ''}"


def of_run(trials: pd.DataFrame) -> str:
    """Why the void trials of a run are void: '3 because the server failed and 2 spoiled by the lab
    or the surroundings'; '' where there are none."""
    found = causes(trials[void(trials)])
    parts = [
        (found.failed, "because the server failed"),
        (found.spoiled, "spoiled by the lab or the surroundings"),
        (found.unknown, "for a cause that was not recorded"),
    ]
    return listed([f"{count:,} {what}" for count, what in parts if count])


def unmeasured(trials: pd.DataFrame) -> list[str]:
    """The servers of a run of which no trial counts, so that nothing is known of them; where others
    have one, without those that reached a limit in each, which is a finding, and those that this
    machine lacks something for."""
    found = []
    for server in in_order(trials["server"].unique()):
        mine = trials[trials["server"] == server]
        told = lacking(mine) or limit_reached(mine).all()
        if not (mine["valid"].any() or (told and trials["valid"].any())):
            found.append(server)
    return found


def of_server(trials: pd.DataFrame) -> list[str]:
    """'It starved its clients in 2 of 20 trials (0% of the clients were served).', 'It failed in 7
    of 20 trials: ended or hung 7.' of one server; none if it never did. Limits are told by
    themselves (`analysis.outcomes.limits_hit`)."""
    found = causes(trials)
    of, told = plural(found.counted, "trial"), []
    if found.starved:
        served = _coverage(trials)
        share_of = f" ({served} were served)" if served else ""
        told.append(f"It starved its clients in {found.starved:,} of {of}{share_of}.")
    if found.failed:
        told.append(f"It failed in {found.failed:,} of {of}: {by_kind(_failed(trials))}.")
    return told


def _failed(trials: pd.DataFrame) -> pd.DataFrame:
    """Those that the server failed, neither at a limit nor with figures of what it served."""
    without = failed(trials) & ~trials["valid"].to_numpy(dtype=bool)
    mine: pd.DataFrame = trials[without & ~limit_reached(trials)]
    return mine


def _counts(trials: pd.DataFrame, name: str) -> str:
    """In how many of each server's trials, for a field of `Causes`."""
    names = []
    for server in in_order(trials["server"][failed(trials)].unique()):
        mine = causes(trials[trials["server"] == server])
        if many := getattr(mine, name):
            names.append(f"{server_name(server)} in {many:,} of {mine.counted:,} trials")
    return named(names)


def _coverage(trials: pd.DataFrame) -> str:
    """How many of their clients starved trials served: '0% to 12% of the clients'; '' where nobody
    counted."""
    shares = trials["coverage"][starved(trials) & trials["valid"].to_numpy(dtype=bool)].dropna()
    if not len(shares):
        return ""
    low, high = share(float(shares.min())), share(float(shares.max()))
    return f"{low} of the clients" if low == high else f"{low} to {high} of the clients"


def _shares(trials: pd.DataFrame) -> pd.DataFrame:
    """The shares of `goodput` by server, in the order of the palette."""
    servers = in_order(trials["server"].unique())
    places = pd.Categorical(trials["server"].astype(str), servers).codes
    return goodput.shares(trials, places, len(servers)).set_axis(servers)
