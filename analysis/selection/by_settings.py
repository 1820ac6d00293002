"""Trials by their settings, exactly: what a selection does not name is as usual.

`usual` in a run's manifest is what each setting is where nobody says otherwise: the lab's own
value, or the experiment's for all its sweeps. So no selection mixes trials that differ in a
setting of which it says nothing, whatever else an experiment sweeps.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from analysis.claims.judgement import NotRunError
from analysis.selection.pairs import RUNS
from analysis.selection.plain import IDENTITY, take
from contract.columns import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from analysis.records.run import Run

    Flags = NDArray[np.bool_]
Value = str | bool | int | float | None


def select(run: Run, settings: Mapping[str, Value], columns: Collection[str] = ()) -> pd.DataFrame:
    """The trials with exactly these settings and the usual ones besides, void ones included: what
    tells them apart, and these `columns`; NotRunError when the run does not say what is usual."""
    odd = _unusual(run)
    wrong = np.zeros(len(run.trials), dtype=bool)
    for name in odd.keys() - settings.keys():
        wrong |= odd[name]
    keep = ~wrong
    for name, value in settings.items():
        keep &= _equal(run.trials[name], value)
    rows = np.flatnonzero(keep)
    return take(run.trials, rows, list(dict.fromkeys((*IDENTITY, *columns))))


@lru_cache(maxsize=RUNS)
def _unusual(run: Run) -> dict[str, Flags]:
    """The trials for which a setting is not the usual one, by setting, if there are any."""
    usual = run.manifest.usual
    missing = [name for name in SETTINGS if name not in usual]
    if missing:
        raise NotRunError(
            f"the manifest does not say what is usual for {missing[0]}, so its trials cannot be "
            "told apart: run the experiment again"
        )
    odd = {name: ~_equal(run.trials[name], usual[name]) for name in SETTINGS}
    return {name: flags for name, flags in odd.items() if flags.any()}


def _equal(values: pd.Series, value: Value) -> Flags:
    if value is None:
        return values.isna().to_numpy(dtype=bool)
    return (values == value).to_numpy(dtype=bool, na_value=False)
