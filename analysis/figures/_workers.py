"""What the workers of each server shared out, for the figure of their shares."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.arrays import Floats
from analysis.charts.palette import in_order
from analysis.records.run import Run, remembered
from analysis.selection.trials import untraced
from analysis.wording import count, plural, server_name
from contract.columns import SETTINGS

COLUMNS = {"worker_connections": "connections", "worker_cpu_shares": "CPU time"}
"""JSON lists, a number for each worker of the server."""
ONE_EACH = "process_per_connection"
"""Its processes have a connection each, and nothing to share out."""
TOLD = ("idle_connections", "epoll_exclusive", *SETTINGS)
"""Settings to tell bars of a server by, the most telling first."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A server under one set of settings. `parts` has by column (trials, workers): each trial's
    shares, falling; of trials with the usual number of workers."""

    server: str
    label: str
    parts: dict[str, Floats]

    @property
    def workers(self) -> int:
        """The most of any part."""
        return max(int(shares.shape[1]) for shares in self.parts.values())


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """Valid trials of servers whose several workers have a port together; records of an older
    lab have none."""
    trials = untraced(run.trials)
    had = [name for name in COLUMNS if name in trials]
    several = np.zeros(len(trials), dtype=bool)
    for name in had:
        listed = trials[name].cat
        long = np.array([*("," in cell for cell in listed.categories), False])  # -1 is an empty one
        several |= long[listed.codes]
    several &= (trials["server"] != ONE_EACH).to_numpy(dtype=bool)
    several &= trials["valid"].to_numpy(dtype=bool)
    return trials[["point", *SETTINGS, *had]][several]


def candidates(run: Run) -> pd.DataFrame:
    """All trials of these servers, whatever their words, but for those with one worker."""
    trials = untraced(run.trials)
    several = trials["server"].isin(chosen(run)["server"].unique()) | (trials["workers"] > 1)
    several &= trials["server"] != ONE_EACH
    return trials[(several & (trials["workers"] != 1).fillna(value=True)).fillna(value=False)]


@remembered
def bars(run: Run) -> list[Bar]:
    """In the order of all figures, and of a server by the number of its workers."""
    trials, found = chosen(run), []
    for _, mine in trials.groupby("point", observed=True, sort=False):
        parts = {name: _shares(mine[name]) for name in COLUMNS if name in mine}
        parts = {name: shares for name, shares in parts.items() if len(shares)}
        if parts:
            found.append((mine.iloc[0], Bar(str(mine["server"].iloc[0]), "", parts)))
    servers = in_order(bar.server for _, bar in found)
    found.sort(key=lambda one: (servers.index(one[1].server), one[1].workers))
    labels = [f"{server_name(bar.server)}, {plural(bar.workers, 'worker')}" for _, bar in found]
    labels = _told_apart(labels, [settings for settings, _ in found])
    return [replace(bar, label=label) for (_, bar), label in zip(found, labels, strict=True)]


def _told_apart(labels: Sequence[str], settings: Sequence[pd.Series[Any]]) -> list[str]:
    """The same, with as much of the settings as it takes."""
    found = list(labels)
    for name in TOLD:
        for same in set(found):
            rows = [n for n, label in enumerate(found) if label == same]
            words = [_word(name, settings[n][name]) for n in rows]
            if len(set(words)) > 1:
                for n, word in zip(rows, words, strict=True):
                    found[n] += f", {word}" if word else ""
    return found


def _word(name: str, value: Any) -> str:
    """A setting that tells bars apart; '' where it is the usual one."""
    if pd.isna(value):
        return ""
    if name in ("idle_connections", "active_connections"):
        return f"{count(value)} {name.partition('_')[0]}" if value else ""
    if name == "epoll_exclusive":
        return "" if value else "not exclusive"
    return f"{name.replace('_', ' ')} {value}"


def _shares(texts: pd.Series[Any]) -> Floats:
    """(trials, workers) of a column of lists; none of those that nothing was shared out in."""
    lists = [sorted(map(float, json.loads(text)), reverse=True) for text in texts.dropna()]
    lists = [one for one in lists if len(one) > 1 and sum(one) > 0]
    if not lists:
        return np.empty((0, 0))
    width = pd.Series([len(one) for one in lists]).mode().iloc[0]
    kept = np.array([one for one in lists if len(one) == width])
    shares: Floats = kept / kept.sum(axis=1, keepdims=True)
    return shares
