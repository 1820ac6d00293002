"""What a reader has to know before the figures of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis import repeated
from analysis.charts.palette import in_order
from analysis.compare.compared_figure import compared_figures
from analysis.compare.matching import KEY, keys, labels, points
from analysis.compare.metrics import ALL_METRICS, CHANGED, METRICS
from analysis.compare.sides import RUNS, Sides
from analysis.compare.wording import changed
from analysis.outcomes import causes
from analysis.records import unreadable_rows
from analysis.records.emulated import emulated
from analysis.records.run import Run
from analysis.records.words import limit_reached
from analysis.selection.trials import untraced
from analysis.statistics.noise_floor import warnings
from analysis.wording import listed, plural
from contract.columns import REFERENCE_SWEEP


def notes(
    runs: Sequence[Run],
    names: Sequence[str],
    figures: pd.DataFrame,
    uncompared: Mapping[str, str],
) -> list[str]:
    """Sentences: what is left out, what the machine did, what is doubtful."""
    sentences = [
        note for run in runs for note in (*unreadable_rows.notes(run), *repeated.notes(run))
    ]
    sentences += _shifts(figures)
    sentences += [
        f"{name} measured no reference trial: what the machine itself changed is not known."
        for run, name in zip(runs, names, strict=True)
        if not ((run.trials["sweep"] == REFERENCE_SWEEP) & run.trials["measured"]).any()
    ]
    sentences += _unmeasured(runs)
    sentences += of_nothing(uncompared)
    for run, name in zip(runs, names, strict=True):
        if run.unfinished:
            sentences.append(f"{name}: {run.unfinished}.")
        sentences += [f"{name}: {doubt}." for doubt in emulated(run.manifest.servers)]
        if text := causes.no_evidence(causes.causes(run.trials)):
            sentences.append(f"{name}: {text}.")
        sentences += [f"{name}: {warning}" for warning in warnings(run.trials)]
    return sentences


def of_nothing(uncompared: Mapping[str, str]) -> list[str]:
    """A sentence for each of them."""
    return [f"Nothing of {name} was compared: {why}." for name, why in uncompared.items()]


def uncompared(runs: Sequence[Run], figures: pd.DataFrame, sides: Sides = RUNS) -> dict[str, str]:
    """What no figure was compared of with any run, in words, with the reason: servers, and single
    points of others of which no run knows anything. Without those that the machine lacks something
    for in all runs, and those that were traced in all. `sides` name the runs in words."""
    servers = _servers(runs, figures, sides)
    reasons = {sides.compared(server): why for server, why in servers.items()}
    table, nowhere = points(runs[0]).table, _unmeasured_in_all(runs) - set(figures[KEY])
    names = labels(table)
    for key in (one for one in table.index if one in nowhere):
        if table.loc[key, "server"] in servers:
            continue
        trials = pd.concat([run.trials[keys(run) == key] for run in runs])
        traced = trials["traced"].fillna(value=False).any()
        # A limit stops a server in any run: it is told as one, and hides nothing.
        if not (traced or causes.lacking(trials) or limit_reached(trials).all()):
            reasons[str(names[key])] = f"it was measured {sides.nowhere} ({_reason(trials)})"
    return reasons


def _servers(runs: Sequence[Run], figures: pd.DataFrame, sides: Sides) -> dict[str, str]:
    """The whole servers among them. What failed is a figure of its own, and none of these."""
    measured = figures[np.isfinite(figures["p"]) | (figures["why"] == "")]
    compared = set(measured.loc[measured["metric"].isin(METRICS), "server"].astype(str))
    reasons = {}
    for server in in_order(runs[0].trials["server"].unique()):
        if server in compared:
            continue
        mine = [run.trials[run.trials["server"] == server] for run in runs]
        if not any(len(trials) for trials in mine) or all(causes.lacking(one) for one in mine):
            continue
        if not any(len(untraced(one)) for one in mine):
            continue
        if any(one["measured"].any() for one in mine):
            what = "of its points was measured"
            if _is_in_two(runs, server):
                told = server in set(figures.loc[figures["metric"].isin(METRICS), "server"])
                known = "is known well enough" if told else "was measured"
                what = f"of these metrics {known} at a point"
            reasons[server] = f"none {what} {sides.in_both}"
            continue
        reasons[server] = f"it was measured {sides.nowhere} ({_reason(pd.concat(mine))})"
    return reasons


def _is_in_two(runs: Sequence[Run], server: str) -> bool:
    """Whether a point of the server was measured in the first run and in another."""
    tables = [points(run).table for run in runs]
    first, *others = (
        set(one.index[(one["server"] == server) & (one["unmeasured"] < one["trials"])])
        for one in tables
    )
    return any(first & other for other in others)


def _reason(trials: pd.DataFrame) -> str:
    """The commonest one."""
    return str(trials["reason"].astype("string").fillna("no reason given").mode().iloc[0])


def _shifts(figures: pd.DataFrame) -> list[str]:
    """How the reference trials of each run changed: it concerns every figure."""
    sentences = []
    for run, mine in figures.groupby("run", sort=False):
        beside = set(mine.loc[mine["beside"], "metric"])
        changes = [
            f"{changed(figure)} ({ALL_METRICS[figure.metric].title})"
            for figure in compared_figures(mine[mine["reference"]])
            if figure.metric in beside or figure.word == CHANGED
        ]
        if not changes:
            continue
        more = " Figures “beside the reference” are ratios to them, block by block."
        sentences.append(
            f"The reference trials of {run} are {listed(changes)}: the machine changed, or "
            f"something that all servers share.{more if beside else ''}"
        )
    return sentences


def _unmeasured(runs: Sequence[Run]) -> list[str]:
    """Points that no run measured."""
    common = _unmeasured_in_all(runs)
    if not common:
        return []
    verb = "was" if len(common) == 1 else "were"
    of = len(points(runs[0]).table)
    return [f"{plural(len(common), 'point')} of {of} {verb} measured in no run."]


def _unmeasured_in_all(runs: Sequence[Run]) -> set[str]:
    """The keys of those points."""
    tables = [points(run).table for run in runs]
    return set.intersection(
        *(set(table.index[table["unmeasured"] == table["trials"]]) for table in tables)
    )
