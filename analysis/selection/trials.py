"""Choosing the trials of a run, in two ways.

- Claims choose by exact settings (`with_settings`): what a claim does not name is as usual. `usual`
  in a run's manifest is what each setting is where nobody says otherwise: the lab's own value, or
  the experiment's for all its sweeps.
- Figures choose what most trials have in common (`keep_alive`, `nothing_idle`, `per_request`,
  `open_loop`), so that a run shows a figure whatever its experiment set.

Neither mixes trials that differ in a setting of which it says nothing. `at` narrows down what was
chosen. Trials that were not measured are among the chosen ones. Frames are shared: nobody writes
into them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import pandas as pd

from analysis.arrays import Flags
from analysis.records.run import Run, remembered
from contract.columns import COLUMNS, SETTINGS

Value = str | bool | int | float | None

ENVIRONMENT = ("network", "somaxconn")
COMPARED = ("server", "load", "active_connections", "idle_connections", "backlog")
OTHERS = tuple(name for name in SETTINGS if name not in (*ENVIRONMENT, *COMPARED))
"""Settings that no figure varies: kinds of requests and clients, flags of servers."""
OWN = (
    *("workers", "accepts_per_wakeup", "epoll_exclusive", "switch_interval_us"),
    *("thread_stack_bytes", "sigpending"),
)
"""Settings of how a server works: another server may have no such thing."""
PLAIN = {
    column.name: "int64" if column.kind == "int" and column.required else "float64"
    for column in COLUMNS
    if column.is_number
}


class NotRunError(Exception):
    """The run holds no trial that is needed; the message says which."""


@remembered
def plain(run: Run) -> pd.DataFrame:
    """All trials with plain numbers: a missing one is NaN."""
    return pd.DataFrame(  # columns of a kind in one array
        {
            name: values.to_numpy(PLAIN[name], na_value=np.nan) if name in PLAIN else values
            for name, values in run.trials.items()
        }
    )


def untraced(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials but those of a traced server: its speed is the tracer's, which also starves it."""
    return at(trials, traced=False)


def at(trials: pd.DataFrame, **settings: Hashable) -> pd.DataFrame:
    """The trials with these values; None is a missing one."""
    keep = np.ones(len(trials), dtype=bool)
    for name, value in settings.items():
        keep &= _equal(trials[name], value)
    return trials[keep]


def with_settings(
    run: Run, settings: Mapping[str, Value], free: Iterable[str] = ()
) -> pd.DataFrame:
    """The trials with exactly these settings and the usual ones besides, but for the `free` ones,
    which may be any; NotRunError if the manifest does not say what is usual."""
    trials, unusual = plain(run), _unusual(run)
    keep = np.ones(len(trials), dtype=bool)
    for name in unusual.keys() - settings.keys() - set(free):
        keep &= ~unusual[name]
    for name, value in settings.items():
        keep &= _equal(trials[name], value)
    return trials[keep]


@remembered
def _unusual(run: Run) -> dict[str, Flags]:
    """By setting, the trials in which it is not the usual one. Of one that was added after the run
    the manifest says nothing: its default is usual, and so is an empty cell."""
    usual, found = run.manifest.usual, {}
    for column in COLUMNS:
        if column.name not in SETTINGS:
            continue
        values = run.trials[column.name]
        if column.name in usual:
            found[column.name] = ~_equal(values, usual[column.name])
        elif column.added:
            found[column.name] = ~(_equal(values, column.default) | _equal(values, None))
        else:
            raise NotRunError(
                f"the manifest does not say what is usual for {column.name}, so its trials cannot "
                "be told apart: run the experiment again"
            )
    return found


@remembered
def keep_alive(run: Run) -> pd.DataFrame:
    """Keep-alive trials on the most common path with the most common backlog."""
    return alike(_unmixed(at(plain(run), load="keep_alive")), (*ENVIRONMENT, "backlog"))


@remembered
def nothing_idle(run: Run) -> pd.DataFrame:
    """Those of `keep_alive` without idle connections."""
    return at(keep_alive(run), idle_connections=0)


@remembered
def per_request(run: Run) -> pd.DataFrame:
    """Trials with a connection per request on the most common path."""
    return alike(_unmixed(at(plain(run), load="connection_per_request")))


@remembered
def open_loop(run: Run) -> pd.DataFrame:
    """Open-loop trials, whatever their rates, with the most common value of every other setting; of
    those of its own, a server has what most of its trials have."""
    trials = at(plain(run), load="open_loop")
    shared = [name for name in OTHERS if name not in ("rate_per_s", *OWN)]
    names = (*ENVIRONMENT, "backlog", "active_connections", "idle_connections")
    trials = alike(_unmixed(trials, shared), names)
    if not len(trials):
        return trials
    own = trials[list(OWN)].astype("string").fillna("").agg("|".join, axis=1)
    usual = own.groupby(trials["server"].astype(str)).agg(lambda one: one.mode().iloc[0])
    return _kept(trials, (own == trials["server"].astype(str).map(usual)).to_numpy(dtype=bool))


def varying(trials: pd.DataFrame, axis: str, fixed: str) -> pd.DataFrame:
    """The part of `trials` that shows `axis` best: at the value of `fixed` which
    has the most values of `axis` (the smallest such value, where several do)."""
    if not len(trials):
        return trials
    return at(trials, **{fixed: trials.groupby(fixed)[axis].nunique().idxmax()})


def alike(trials: pd.DataFrame, names: Iterable[str] = ENVIRONMENT) -> pd.DataFrame:
    """The trials that share the most common value of each of these settings (the smallest of
    several). Those that have none, as a foreign server has no backlog of ours, stay."""
    for name in names:
        values = trials[name]
        common = values.mode()
        if len(common):
            trials = _kept(trials, _equal(values, common.iloc[0]) | _equal(values, None))
    return trials


def _unmixed(trials: pd.DataFrame, names: Iterable[str] = OTHERS) -> pd.DataFrame:
    """The trials that share the most common value of each of these settings; having none is a value
    too, but for a server of somebody else's, which takes no flags of ours. None is of a traced
    server, even where all are."""
    trials = untraced(trials)
    for name in names:
        missing, common = _equal(trials[name], None), trials[name].mode()
        if not len(common):
            continue
        same = _equal(trials[name], common.iloc[0])
        foreign = ~_equal(trials["origin"], "lab")
        more = same.sum() > missing.sum()
        trials = _kept(trials, same | (missing & foreign) if more else missing)
    return trials


def _kept(trials: pd.DataFrame, keep: Flags) -> pd.DataFrame:
    return trials if keep.all() else trials[keep]


def _equal(values: pd.Series, value: Hashable) -> Flags:
    if value is None:
        return values.isna().to_numpy(dtype=bool)
    return (values == value).to_numpy(dtype=bool, na_value=False)
