"""The points of a run by their settings, so that the same points of another run are matched.

The name of a point holds a hash of all settings that its version of the lab knew; the settings
themselves say whether two points are the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.arrays import Flags, Objects
from analysis.point_labels import label
from analysis.records.run import Run, remembered
from analysis.wording import number, server_name
from contract.columns import REFERENCE_SWEEP, SETTINGS
from contract.exits import Exit, LabError
from contract.outcomes import WORD_OF

KEY = "key"
KEYED = (*SETTINGS, "warm_up_s")
OWN_WINDOW = "own_window_s"
"""The length of a point's windows, where points of its settings have windows of several lengths."""
ALIKE_WINDOWS = 1.1
"""The factor by which windows may differ that are of one length."""
MOST_NAMED = 6
DEFAULTS = {"pipeline_depth": 1}
"""Values that no label mentions; those of other settings are 0, None and False."""


@dataclass(frozen=True, slots=True)
class Points:
    """`table` has a row per point, indexed by its key: the settings, `own_window_s`, `reference`,
    `trials`, `unmeasured`, the word for one of those and its `reason`, `window_s`. `key_of` maps
    the names of the run's points to keys."""

    table: pd.DataFrame
    key_of: dict[str, str]


def _own_windows(trials: pd.DataFrame, key_of: dict[str, str]) -> list[str]:
    """For each point in `key_of`, how long its windows are, in seconds of two digits; '' unless
    others with its key have windows of another length."""
    windows = trials.groupby("point")["window_s"].median().rename("window_s").to_frame()
    windows[KEY] = windows.index.map(key_of)
    of_key = windows.groupby(KEY)["window_s"]
    unlike = of_key.transform("max") > ALIKE_WINDOWS * of_key.transform("min")
    return [f"{windows['window_s'][point]:.2g}" if unlike[point] else "" for point in key_of]


@remembered
def points(run: Run) -> Points:
    """The points of a run; not to be written into."""
    trials = run.trials
    first = trials.drop_duplicates("point")
    settings = first[list(KEYED)].astype(object)
    settings = settings.where(settings.notna(), None)
    settings["reference"] = (first["sweep"] == REFERENCE_SWEEP).to_numpy()
    settings[KEY] = [_key(row) for row in settings.to_dict("records")]
    alike = dict(zip(first["point"], settings[KEY], strict=True))
    settings[OWN_WINDOW] = _own_windows(trials, alike)
    settings[KEY] += [f", window_s={own}" if own else "" for own in settings[OWN_WINDOW]]
    key_of = dict(zip(first["point"].astype(str), settings[KEY], strict=True))
    per_trial = pd.DataFrame(
        {
            KEY: trials["point"].astype(str).map(key_of),
            "unmeasured": ~trials["measured"].to_numpy(dtype=bool),
            "reason": _why(trials),
            "window_s": trials["window_s"].to_numpy(dtype="float64"),
        }
    )
    counts = per_trial.groupby(KEY).agg(
        trials=("unmeasured", "size"),
        unmeasured=("unmeasured", "sum"),
        window_s=("window_s", "median"),
    )
    reasons = per_trial[per_trial["unmeasured"]].groupby(KEY)["reason"].first()
    table = settings.drop_duplicates(KEY).set_index(KEY)
    return Points(table.join(counts).join(reasons), key_of)


def keys(run: Run) -> Objects:
    """The key of each trial's point."""
    return run.trials["point"].astype(str).map(points(run).key_of).to_numpy()


def check_alike(runs: Sequence[Run], names: Sequence[str]) -> None:
    """LabError(BAD_INPUT) says what makes the runs unlike: another experiment, points that one
    of them lacks, or windows of another length."""
    problems: list[str] = []
    base, base_name = runs[0], names[0]
    for run, name in zip(runs[1:], names[1:], strict=True):
        if run.name != base.name:
            problems.append(f"{base_name} is of experiment {base.name}, {name} of {run.name}")
            continue
        mine, theirs = points(base).table, points(run).table
        for here, other, lacking in ((mine, theirs, name), (theirs, mine, base_name)):
            missing = ~here.index.isin(other.index)
            if missing.any():
                problems.append(f"{lacking} lacks {_named(here, missing)}")
        if unlike := unlike_windows((base, base_name), (run, name)):
            problems.append(unlike)
    if problems:
        raise LabError(
            "these runs cannot be compared:\n  " + "\n  ".join(problems) + "\nCompare runs of the "
            "same experiment file with the same choice of servers; resume one that was stopped.",
            Exit.BAD_INPUT,
        )


def unlike_windows(first: tuple[Run, str], second: tuple[Run, str]) -> str:
    """'windows of 2 s in RUN, of 20 s in OTHER', of the points that both runs have; '' where they
    are of one length. Each run is given with its name."""
    (base, base_name), (run, name) = first, second
    windows = points(base).table["window_s"]
    there = points(run).table["window_s"].reindex(windows.index)
    unlike = np.abs(np.log((there / windows).to_numpy(dtype="float64"))) > np.log(ALIKE_WINDOWS)
    if not unlike.any():
        return ""
    return (
        f"windows of {number(windows[unlike].iloc[0])} s in {base_name}, "
        f"of {number(there[unlike].iloc[0])} s in {name}"
    )


def labels(table: pd.DataFrame) -> pd.Series[str]:
    """A label for each point of `table`: its server, and the settings that vary."""
    varying = {name for name in SETTINGS if table[name].nunique(dropna=False) > 1}
    # How many connections were active belongs to every label, even where it never varies.
    shown = [n for n in SETTINGS if n in varying | {"active_connections"} and n != "server"]
    return pd.Series(
        [_label(row, shown) for row in table.to_dict("records")], index=table.index, dtype=object
    )


def _why(trials: pd.DataFrame) -> list[str]:
    """By trial, its word and its reason: 'void: the server ended'."""
    words = trials["validity"].astype(str).map(WORD_OF)
    reasons = trials["reason"].astype("string").fillna("no reason given")
    return [f"{word}: {reason}" for word, reason in zip(words, reasons, strict=True)]


def _label(row: dict[Hashable, object], shown: Sequence[str]) -> str:
    names = [name for name in shown if row[name] not in (None, False, DEFAULTS.get(name, 0))]
    settings = label({str(name): value for name, value in row.items()}, names)
    if row[OWN_WINDOW]:
        settings += f", windows of {row[OWN_WINDOW]} s"
    server = server_name(str(row["server"]))
    return f"{'reference: ' if row['reference'] else ''}{server}: {settings}"


def _key(row: dict[Hashable, object]) -> str:
    """'load=keep_alive, active_connections=8 ...'; equal numbers are written alike."""
    pairs = [
        f"{name}={row[name]:g}" if isinstance(row[name], int | float) else f"{name}={row[name]}"
        for name in KEYED
        if row[name] is not None
    ]
    return ("reference " if row["reference"] else "") + ", ".join(pairs)


def _named(table: pd.DataFrame, missing: Flags) -> str:
    texts = list(labels(table)[missing])
    more = f"; and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
    return f"{len(texts)} of {len(table)} points: {'; '.join(texts[:MOST_NAMED])}{more}"
