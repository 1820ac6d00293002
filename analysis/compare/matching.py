"""The points of a run, so that those of another can be found: by settings, not by name.

The name of a point holds a hash of all settings that its version of the lab knew;
the settings themselves are what makes two points the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.wording import count, number, server_name
from contract.columns import SETTINGS
from contract.exits import Exit, LabError
from contract.loads import CONNECTING_LOADS

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from analysis.records.run import Run

RUNS = 64
KEY = "key"
ALIKE_WINDOWS = 1.1
SHOWN = 6
LOADS = {
    "keep_alive": "keep-alive",
    "connection_per_request": "a connection per request",
    "open_loop": "open loop",
    "open_connections": "open loop, a connection per request",
}
"""The loads that the backlog concerns."""
USUAL = {"pipeline_depth": 1}
"""What needs no word; for other settings it is 0."""
PHRASES = {
    "active_connections": "{} busy",
    "idle_connections": "{} idle",
    "backlog": "backlog {}",
    "rate_per_s": "{}/s",
    "pipeline_depth": "pipelined {} deep",
    "network": "on the {}",
    "path": "{}",
}


@dataclass(frozen=True, slots=True)
class Points:
    """`table` has a row per point, indexed by its key: the settings, `reference`,
    `trials`, `void`, a `reason` of a void one, `window_s`. `key_of` maps the names
    of the run's points to keys."""

    table: pd.DataFrame
    key_of: dict[str, str]


@lru_cache(maxsize=RUNS)
def points(run: Run) -> Points:
    """The points of a run; not to be written into."""
    trials = run.trials
    first = trials.drop_duplicates("point")
    settings = first[[*SETTINGS, "warm_up_s"]].astype(object)
    settings = settings.where(settings.notna(), None)
    reference = (first["sweep"] == "reference").to_numpy()
    keys = [
        ("reference " if is_one else "") + ", ".join(_pairs(row))
        for is_one, row in zip(reference, settings.to_dict("records"), strict=True)
    ]
    key_of = dict(zip(first["point"].astype(str), keys, strict=True))
    table = settings.assign(reference=reference)
    table[KEY] = keys
    table = table.drop_duplicates(KEY)
    per_trial = pd.DataFrame(
        {
            KEY: trials["point"].astype(str).map(key_of),
            "void": ~trials["valid"].to_numpy(dtype=bool),
            "reason": trials["reason"].astype(object),
            "window_s": trials["window_s"].to_numpy(dtype="float64"),
        }
    )
    groups = per_trial.groupby(KEY)
    counts = groups.agg(
        trials=("void", "size"), void=("void", "sum"), window_s=("window_s", "median")
    )
    reasons = per_trial[per_trial["void"]].groupby(KEY)["reason"].first()
    return Points(table.set_index(KEY).join(counts).join(reasons), key_of)


def check_alike(runs: Sequence[Run], labels: Sequence[str]) -> None:
    """LabError(BAD_INPUT) says what makes the runs unlike: another experiment, points
    that one of them lacks, or windows of another length."""
    problems: list[str] = []
    base, base_label = runs[0], labels[0]
    for run, label in zip(runs[1:], labels[1:], strict=True):
        if run.name != base.name:
            problems.append(f"{base_label} is of experiment {base.name}, {label} of {run.name}")
            continue
        mine, theirs = points(base).table, points(run).table
        for here, other, name in ((mine, theirs, label), (theirs, mine, base_label)):
            missing = here[~here.index.isin(other.index)]
            if len(missing):
                problems.append(f"{name} lacks {_some(missing, here)}")
        windows = mine["window_s"]
        there = theirs["window_s"].reindex(mine.index)
        unlike = np.abs(np.log((there / windows).to_numpy(dtype="float64"))) > np.log(ALIKE_WINDOWS)
        if unlike.any():
            problems.append(
                f"windows of {number(windows[unlike].iloc[0])} s in {base_label}, "
                f"of {number(there[unlike].iloc[0])} s in {label}"
            )
    if problems:
        raise LabError(
            "these runs cannot be compared:\n  " + "\n  ".join(problems) + "\nCompare runs of the "
            "same experiment file with the same choice of servers; resume one that was stopped.",
            Exit.BAD_INPUT,
        )


def labelled(table: pd.DataFrame) -> pd.Series[str]:
    """A few words for each point of `table`: its server, and the settings that vary."""
    varying = [
        name
        for name in (*SETTINGS, "warm_up_s")
        if name != "server" and table[name].nunique(dropna=False) > 1
    ]
    # How busy it was belongs to every label, even where all were equally so.
    shown = [n for n in SETTINGS if n in varying or n == "active_connections"]
    texts = [_label(row, shown) for row in table.to_dict("records")]
    return pd.Series(texts, index=table.index, dtype=object)


def _label(row: dict[Hashable, object], names: Sequence[str]) -> str:
    told = [name for name in names if name != "backlog" or row["load"] in CONNECTING_LOADS]
    words = [_phrase(n, row[n]) for n in told if row[n] not in (None, False, USUAL.get(n, 0))]
    server = server_name(str(row["server"]))
    return f"{'reference: ' if row['reference'] else ''}{server}: {', '.join(words)}"


def _phrase(name: str, value: object) -> str:
    if name == "load":
        return LOADS.get(str(value), str(value))
    if value is True:
        return name.replace("_", " ")
    written = count(value) if isinstance(value, int | float) and value == int(value) else str(value)
    return PHRASES.get(name, name.replace("_", " ") + " {}").format(written)


def _pairs(row: dict[Hashable, object]) -> list[str]:
    return [f"{name}={_plain(value)}" for name, value in row.items() if value is not None]


def _plain(value: object) -> str:
    """Equal numbers are written alike, whole or not."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _some(missing: pd.DataFrame, of: pd.DataFrame) -> str:
    texts = list(labelled(of).loc[missing.index])
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return f"{len(texts)} of {len(of)} points: {'; '.join(texts[:SHOWN])}{more}"
