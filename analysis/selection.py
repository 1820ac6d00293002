"""Trials by their settings, exactly: what a selection does not name is as usual.

`usual` in a run's manifest is what each setting is where nobody says otherwise: the lab's own
value, or the experiment's for all its sweeps. So no selection mixes trials that differ in a
setting of which it says nothing, whatever else an experiment sweeps.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.judgement import NotRunError
from analysis.pairs import IDENTITY, RUNS, take
from experiments.record import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from analysis.records import Run

    Flags = NDArray[np.bool_]
Value = str | bool | int | float | None


def select(run: Run, settings: Mapping[str, Value], columns: Collection[str] = ()) -> pd.DataFrame:
    """The trials with exactly these settings and the usual ones besides, void ones included: what
    tells them apart, and these `columns`; NotRunError when the run does not say what is usual."""
    odd = _unusual(run)
    wrong = odd.sum(axis=1).to_numpy()
    keep = np.ones(len(run.trials), dtype=bool)
    for name, value in settings.items():
        wrong = wrong - odd[name].to_numpy()
        keep &= _equal(run.trials[name], value)
    rows = np.flatnonzero(keep & (wrong == 0))
    return take(run.trials, rows, list(dict.fromkeys((*IDENTITY, *columns))))


@lru_cache(maxsize=RUNS)
def _unusual(run: Run) -> pd.DataFrame:
    """Per trial and setting, 1 where it is not the usual one."""
    usual = run.manifest.usual
    missing = [name for name in SETTINGS if name not in usual]
    if missing:
        raise NotRunError(
            f"the manifest does not say what is usual for {missing[0]}, so its trials cannot be "
            "told apart: run the experiment again"
        )
    trials = run.trials
    return pd.DataFrame(
        {name: (~_equal(trials[name], usual[name])).astype("int16") for name in SETTINGS}
    )


def _equal(values: pd.Series, value: Value) -> Flags:
    if value is None:
        return values.isna().to_numpy(dtype=bool)
    return (values == value).to_numpy(dtype=bool, na_value=False)
