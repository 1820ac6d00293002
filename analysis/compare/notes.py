"""What a reader has to know before the figures of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.charts.palette import in_order
from analysis.compare.compared_figure import compared_figures
from analysis.compare.matching import points
from analysis.compare.metrics import ALL_METRICS, CHANGED, METRICS
from analysis.compare.wording import changed
from analysis.outcomes import causes
from analysis.records import repeated, unreadable_rows
from analysis.statistics.noise_floor import warnings
from analysis.wording import listed, plural, server_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from analysis.records.run import Run


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
        f"{name} has no valid reference trial: what the machine itself changed is not known."
        for run, name in zip(runs, names, strict=True)
        if not ((run.trials["sweep"] == "reference") & run.trials["valid"]).any()
    ]
    sentences += _void(runs)
    sentences += [
        f"Nothing of {server_name(server)} was compared: {why}."
        for server, why in uncompared.items()
    ]
    for run, name in zip(runs, names, strict=True):
        if run.unfinished:
            sentences.append(f"{name}: {run.unfinished}.")
        if text := causes.no_evidence(causes.causes(run.trials)):
            sentences.append(f"{name}: {text}.")
        sentences += [f"{name}: {warning}" for warning in warnings(run.trials)]
    return sentences


def uncompared_servers(runs: Sequence[Run], figures: pd.DataFrame) -> dict[str, str]:
    """Servers of which no figure was compared with any run, with the reason; without those that
    the machine lacks something for in all runs, and those that were traced in all."""
    measured = figures[np.isfinite(figures["p"]) | (figures["why"] == "")]
    compared = set(measured.loc[measured["metric"].isin(METRICS), "server"].astype(str))
    reasons = {}
    for server in in_order(runs[0].trials["server"].unique()):
        if server in compared:
            continue
        mine = [run.trials[run.trials["server"] == server] for run in runs]
        if not any(len(trials) for trials in mine) or all(causes.lacking(one) for one in mine):
            continue
        if all(one["traced"].fillna(False).all() for one in mine):
            continue  # its speeds mean nothing
        if any(one["valid"].any() for one in mine):
            reasons[server] = "none of its points has valid trials in two runs"
            continue
        first = str(mine[0]["reason"].astype("string").fillna("no reason given").mode().iloc[0])
        reasons[server] = f"all its trials are void in every run ({first})"
    return reasons


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


def _void(runs: Sequence[Run]) -> list[str]:
    """Points that are void in every run."""
    tables = [points(run).table for run in runs]
    empty = [set(table.index[table["void"] == table["trials"]]) for table in tables]
    common = set.intersection(*empty)
    if not common:
        return []
    verb = "is" if len(common) == 1 else "are"
    return [f"{plural(len(common), 'point')} of {len(tables[0])} {verb} void in every run."]
