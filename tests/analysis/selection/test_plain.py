"""Columns of trials as plain numbers hold what the nullable ones do, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.selection.plain import IDENTITY, SHOWN, take
from tests.support.made_up_run import write_run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def trials(tmp_path: Path) -> pd.DataFrame:
    """The columns of a run, read as a report reads them, with a gap in one that has numbers."""
    found = analysis.load(write_run(tmp_path)).trials
    found.loc[found.index[::3], "response_p99_us"] = pd.NA
    return found


@pytest.mark.parametrize("rows", [[], [3], [5, 0, 2, 3], None])
@pytest.mark.parametrize("names", [SHOWN, IDENTITY, ("valid", "server"), ("response_p99_us",)])
def test_every_cell_is_the_same(
    rows: list[int] | None, names: Sequence[str], trials: pd.DataFrame
) -> None:
    places = np.array(range(len(trials)) if rows is None else rows, dtype=np.intp)
    found = take(trials, places, names)
    assert sorted(found.columns) == sorted(names)
    pd.testing.assert_index_equal(found.index, trials.index[places])
    for name in names:
        wanted = trials[name].iloc[places].astype(object)
        pd.testing.assert_series_equal(
            found[name].astype(object).where(found[name].notna(), None),
            wanted.where(wanted.notna(), None),
        )


def test_columns_of_a_kind_are_one_array(trials: pd.DataFrame) -> None:
    found = take(trials, np.arange(len(trials)))
    kinds = found.dtypes.astype(str)
    assert kinds["block"] == kinds["position"] == "int64"
    assert kinds["valid"] == "bool"
    assert kinds["server"] == "category"
    for kind in ("int64", "float64", "bool"):
        assert len(found[kinds.index[kinds == kind]]._mgr.blocks) == 1


def test_the_trials_stay_as_they_are(trials: pd.DataFrame) -> None:
    before = trials.copy()
    found = take(trials, np.arange(len(trials)))
    found["requests_per_s"] = -1.0
    found.loc[found.index[0], "block"] = -1
    pd.testing.assert_frame_equal(trials, before)
