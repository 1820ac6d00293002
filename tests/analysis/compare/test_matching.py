"""Which points of two runs are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.compare.comparison import compare
from analysis.compare.metrics import CHANGED
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

RATE = "requests_per_s"


def test_points_that_only_their_windows_tell_apart_are_not_one_point(tmp_path: Path) -> None:
    def run(name: str, factor: float) -> Path:
        frame = made.trials(5, noise=0.01)
        longer = frame[frame["server"] == "poll"].assign(window_s=6.0)
        longer["point"] += "-longer"
        longer["trial"] += "-longer"
        longer[RATE] /= factor
        return made.write_run(
            tmp_path / name, pd.concat([frame, longer], ignore_index=True), run=name
        )

    found = compare([run("a", 1.0), run("b", 2.0)])
    changed = found.figures[(found.figures["metric"] == RATE) & (found.figures["word"] == CHANGED)]
    assert not changed.empty
    assert changed["point"].str.endswith(", windows of 6 s").all()
    poll = found.figures[(found.figures["metric"] == RATE) & (found.figures["server"] == "poll")]
    assert poll["point"].is_unique
    assert poll["point"].str.contains(", windows of ").all()
    others = found.figures["server"] != "poll"
    assert not found.figures.loc[others, "point"].str.contains("windows").any()
    assert len(poll) == 2 * len(changed)
