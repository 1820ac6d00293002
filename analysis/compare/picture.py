"""The picture of a comparison: every ratio with its interval, a row per metric."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.charts.model import RATIO, Axis, Chart, Line, Panel, Series
from analysis.charts.palette import ALARM, INK, KNOWN, MUTED
from analysis.compare.metrics import CANNOT_TELL, CHANGED, FAILURES, METRICS, WITHIN_NOISE
from analysis.wording import plural

BETTER = KNOWN["epoll_level"].colour
ROW_IN, EDGE_IN = 0.62, 1.25
WIDTH = 0.72
"""Share of a row that its figures fill, from the first to the last."""
NARROWEST = 1.25
"""The axis reaches at least this factor to both sides, so that noise looks small."""
FAR = 1e12
"""Beyond this factor nothing is drawn where it is."""
STEPS = ((1.5, (1.1, 1.2)), (3.0, (1.25, 1.5, 2.0)), (20.0, (2.0, 5.0, 10.0)))
"""Ticks, by how far the axis reaches at most."""
POWERS = tuple(10.0**n for n in range(1, 13))
LOOKS = {
    "worse": (ALARM, "D", 0.95),
    "better": (BETTER, "o", 0.95),
    WITHIN_NOISE: (MUTED, "o", 0.73),
    CANNOT_TELL: (INK, "o", 0.8),
}
"""Colour, marker and size."""


def picture(figures: pd.DataFrame, run: str, base: str) -> Chart:
    """The figures of one pair of runs; those that have no ratio are left out, and what failed
    stands in the table."""
    shown = figures[drawn(figures)]
    metrics = [name for name in METRICS if name in set(shown["metric"])]
    rows = {name: len(metrics) - 1 - place for place, name in enumerate(metrics)}
    panel = Panel(
        _ratio_axis(shown, int(figures["metric"].isin(FAILURES).sum())),
        Axis(
            ticks=tuple((row, METRICS[name].title) for name, row in rows.items()),
            low=-0.5,
            high=len(rows) - 0.5,
        ),
        f"{run} beside {base}",
        _series(shown, rows),
        (Line(0, colour=INK, dash="solid"),),
        tuple((row - 0.5, row + 0.5) for row in rows.values() if row % 2 == 0),
    )
    return Chart((panel,), height_in=EDGE_IN + ROW_IN * len(metrics))


def drawn(figures: pd.DataFrame) -> pd.Series[bool]:
    """Which figures have a place in the picture."""
    return figures["ratio"].notna() & figures["metric"].isin(METRICS)


def _series(shown: pd.DataFrame, rows: dict[str, int]) -> tuple[Series, ...]:
    """A series for each kind of figure, at the logarithms of the ratios; the figures of a metric
    stand below each other in its row."""
    counted = shown.groupby("metric", observed=True)["ratio"]
    place, many = counted.cumcount().to_numpy(), counted.transform("size").to_numpy()
    within = np.where(many > 1, WIDTH / 2 - WIDTH * place / np.maximum(many - 1, 1), 0.0)
    y = shown["metric"].map(rows).to_numpy(dtype="float64") + within
    # An interval without an end is drawn out of the panel.
    ends = shown[["ratio", "low", "high"]].to_numpy(dtype="float64").clip(1 / FAR, FAR)
    ratio, low, high = np.log(ends).T
    kinds = _kinds(shown)
    return tuple(
        Series(
            *(label, colour, ratio[kinds == label], y[kinds == label]),
            x_low=low[kinds == label],
            x_high=high[kinds == label],
            marker=marker,
            dash=None,
            size=size,
            hollow=label == CANNOT_TELL,
        )
        for label, (colour, marker, size) in LOOKS.items()
    )


def _kinds(shown: pd.DataFrame) -> np.ndarray:
    """A key of LOOKS for each figure."""
    more_is_worse = shown["metric"].map(lambda name: METRICS[str(name)].more_is_worse)
    worse = (shown["ratio"] > 1) == more_is_worse.astype(bool)
    changed = np.where(worse, "worse", "better")
    return np.where(shown["word"] == CHANGED, changed, shown["word"])


def _ratio_axis(shown: pd.DataFrame, failing: int) -> Axis:
    """Logarithmic around 1, as far as the ratios reach; intervals may be cut off."""
    ratios = shown["ratio"].to_numpy(dtype="float64").clip(1 / FAR, FAR)
    furthest = float(np.exp(abs(np.log(ratios)).max())) * 1.15 if len(ratios) else NARROWEST
    reach = max(furthest, NARROWEST)
    steps = next((steps for most, steps in STEPS if reach <= most), POWERS)
    ticks = sorted({1.0, *steps, *(1 / step for step in steps)})
    more = f"; {plural(failing, 'figure')} of what failed: in the table" if failing else ""
    return Axis(
        f"figure beside that of the base; lines are 95% intervals{more}",
        ticks=tuple((float(np.log(t)), RATIO.text(t)) for t in ticks if 1 / reach <= t <= reach),
        low=-float(np.log(reach)),
        high=float(np.log(reach)),
    )
