"""A traced server's speed is the tracer's: no figure may show it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.records.run import load
from analysis.selection.trials import keep_alive, per_request
from tests.support.made_up_run import trials, write_run


def traced_copy(frame: pd.DataFrame, copies: int) -> pd.DataFrame:
    """The same trials under the tracer, so many times, ten times slower."""
    parts = [
        frame.assign(
            traced=True,
            requests_per_s=frame["requests_per_s"] / 10,
            trial=frame["trial"] + f"-traced{number}",
            position=frame["position"] + (number + 1) * len(frame),
        )
        for number in range(copies)
    ]
    return pd.concat(parts)


@pytest.mark.parametrize("copies", [1, 3], ids=["some", "most of all"])
def test_traced_trials_are_left_out_however_many_there_are(tmp_path: Path, copies: int) -> None:
    plain = trials(2)
    both = pd.concat([plain, traced_copy(plain, copies)])
    alone = load(write_run(tmp_path / "plain", plain))
    mixed = load(write_run(tmp_path / "mixed", both))
    for chosen in (keep_alive, per_request):
        assert set(chosen(mixed)["trial"]) == set(chosen(alone)["trial"])


def test_where_all_are_traced_nothing_is_left(tmp_path: Path) -> None:
    run = load(write_run(tmp_path / "run", traced_copy(trials(1), 1)))
    assert keep_alive(run).empty
    assert per_request(run).empty
