"""Share of connections and of CPU time per worker, for servers with several processes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.charts.drawing import panels, run_styles
from analysis.charts.interactive import Chart, Metric, line_of, numbers
from analysis.charts.palette import MUTED, PAPER
from analysis.charts.ticks import percent, tick_texts
from analysis.figures import _workers
from analysis.figures._idle import RUNS
from analysis.figures._workers import COLUMNS, bars
from analysis.wording import number, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.figures._workers import Shares
    from analysis.records.run import Run

NAME = "worker_shares"
TITLE = "Share per worker"
QUESTION = "Do the workers of one port share the work, or does one take it all?"
ORDER = 70
CLAIMS = (20, 21, 22)
chosen = _workers.chosen


@lru_cache(maxsize=RUNS)
def table(run: Run) -> pd.DataFrame:
    """By server, settings and what is shared out: the largest and smallest worker's share, medians
    over the trials, each trial's workers sorted by their share."""
    rows = []
    for bar in bars(run):
        for column, shares in bar.parts.items():
            middle = np.median(shares, axis=0)
            rows.append(
                {"server": bar.server, "settings": bar.label, "shared": COLUMNS[column],
                 "n": len(shares), "workers": shares.shape[1], "largest_share": middle[0],
                 "smallest_share": middle[-1],
                 "largest_to_smallest_ratio": middle[0] / middle[-1] if middle[-1] else np.nan}
            )  # fmt: skip
    return pd.DataFrame(rows)


def draw(run: Run) -> Figure:
    """A bar per server and settings, parted by its workers, the largest first; dotted, equal
    parts."""
    found, shown = bars(run), _shown(run)
    figure, axes = panels(
        [f"Share of {COLUMNS[name]}" for name in shown], height=1.3 + 0.42 * len(found)
    )
    for axis, name in zip(axes, shown, strict=True):
        for row, bar in enumerate(found):
            if name in bar.parts:
                _bar(axis, row, bar.parts[name], run_styles(run)[bar.server].colour)
        axis.set_xlim(0, 1)
        axis.set_ylim(len(found) - 0.5, -0.5)
        axis.set_yticks(range(len(found)), [bar.label for bar in found])
        axis.tick_params(axis="y", labelleft=axis is axes[0])
        axis.grid(visible=False, axis="y")
        axis.xaxis.set_major_formatter(tick_texts(percent))
        axis.set_xlabel("busiest worker first; dotted, equal parts")
    return figure


def chart(run: Run) -> Chart | None:
    """The share of each worker, ordered, with the lowest and highest trial."""
    looks, lines = run_styles(run), []
    for bar in bars(run):
        line = line_of(bar.server, looks[bar.server], [n + 1.0 for n in range(bar.workers)])
        line.label = bar.label
        for name, shares in bar.parts.items():
            ends = np.array([np.median(shares, axis=0), shares.min(axis=0), shares.max(axis=0)])
            none: list[list[float | None]] = [[None]] * (bar.workers - shares.shape[1])
            line.values[name] = [numbers(worker) for worker in ends.T] + none
        lines.append(line)
    metrics = [
        Metric(name, f"share of {COLUMNS[name]}", "share", log=False) for name in _shown(run)
    ]
    most = max(bar.workers for bar in bars(run))
    ticks = [(n + 1.0, str(n + 1)) for n in range(most)]
    return Chart("worker, from the busiest", ticks, metrics, lines)


def reading(run: Run) -> str:
    """Of what is shared out: the most and the least even one, by how far the busiest worker is
    above an equal part."""
    points = table(run)
    points = points[points["shared"] == COLUMNS[_shown(run)[0]]]
    over = (points["largest_share"] * points["workers"]).to_numpy()
    even, skewed = points.iloc[over.argmin()], points.iloc[over.argmax()]
    text = (
        f"Of {_named(skewed)} the busiest worker has {share(skewed['largest_share'])} of the "
        f"{skewed['shared']}, where an equal part would be {share(1 / skewed['workers'])}"
    )
    ratio = skewed["largest_to_smallest_ratio"]
    if np.isfinite(ratio):
        text += f", {number(ratio)} times what the idlest has"
    else:
        text += ", and the idlest nothing at all"
    if len(points) == 1:
        return f"{text}."
    return (
        f"{text}. Of {_named(even)} the busiest has {share(even['largest_share'])}, where an equal "
        f"part would be {share(1 / even['workers'])}."
    )


def _named(row: pd.Series[Any]) -> str:
    """'prefork epoll (4 workers, 10,000 idle)'."""
    name, _, rest = str(row["settings"]).partition(", ")
    return f"{name} ({rest})"


def _shown(run: Run) -> list[str]:
    return [name for name in COLUMNS if any(name in bar.parts for bar in bars(run))]


def _bar(axis: Axes, row: int, shares: Shares, colour: str) -> None:
    left = 0.0
    middle = np.median(shares, axis=0)
    middle /= middle.sum()
    for place, part in enumerate(middle):
        axis.barh(
            row,
            part,
            left=left,
            height=0.62,
            color=colour,
            alpha=1.0 - 0.65 * place / max(1, len(middle) - 1),
            edgecolor=PAPER,
            linewidth=1.2,
        )
        left += float(part)
    for n in range(1, len(middle)):
        axis.plot(
            [n / len(middle)] * 2,
            [row - 0.4, row + 0.4],
            color=MUTED,
            linewidth=1,
            linestyle=(0, (1, 2)),
        )
