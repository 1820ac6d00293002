"""The picture of a trend: what is a lower bound is drawn as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from analysis.history.picture import picture
from analysis.history.trend import history
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.charts.model import Series
P99 = "response_p99_us"


@pytest.mark.parametrize(
    ("bounded", "arrow", "low", "high"),
    [
        ((False, False), False, False, False),
        ((False, True), True, False, True),
        ((True, False), False, True, False),
        ((True, True), False, True, True),
    ],
)
def test_a_ratio_of_lower_bounds_is_drawn_open(
    tmp_path: Path, bounded: tuple[bool, bool], arrow: bool, low: bool, high: bool
) -> None:
    for number, some in enumerate(bounded):
        frame = made.trials(5, seed=number)
        rows = (frame["server"] == "poll") & some
        frame.loc[rows, "lower_bounds"] = P99
        made.write_run(tmp_path / f"2026010{number}-120000", frame)
    panel = picture(history(tmp_path)).panels[2]
    lines = {one.label: one for one in panel.series}
    assert panel.y.low is not None
    assert panel.y.high is not None
    poll, epoll = lines["poll"], lines["epoll (level)"]
    assert [_arrow(poll), poll.low[1] < panel.y.low, poll.high[1] > panel.y.high] == [
        arrow,
        low,
        high,
    ]
    assert not _arrow(epoll)
    assert panel.y.low < epoll.low[1] < epoll.high[1] < panel.y.high
    assert np.isnan(poll.low[0])
    assert not poll.bounds[0]


def _arrow(line: Series) -> bool:
    return bool(line.bounds[1])
