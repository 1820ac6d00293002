"""Share of connections and of CPU time per worker, for servers with several processes."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.charts import label_of, panels, run_styles
from analysis.explore import Chart, Metric, line_of
from analysis.figures._idle import RUNS
from analysis.palette import MUTED, PAPER, in_order
from analysis.text import number, server_name, share
from analysis.ticks import percent, tick_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.records import Run

NAME = "worker_shares"
TITLE = "Share per worker"
QUESTION = "Do the workers of one port share the work, or does one take it all?"
ORDER = 70
CLAIMS = (20, 21, 22)
COLUMNS = {"worker_connections": "Connections", "worker_cpu_shares": "CPU time"}
"""JSON lists, a number for each worker of the server."""


@lru_cache(maxsize=RUNS)
def chosen(run: Run) -> pd.DataFrame:
    """Valid trials of servers with several workers; records of an older lab have none."""
    trials = run.trials
    had = [name for name in COLUMNS if name in trials]
    several = np.zeros(len(trials), dtype=bool)
    for name in had:
        listed = trials[name].cat
        long = np.array([*("," in cell for cell in listed.categories), False])  # -1 is an empty one
        several |= long[listed.codes]
    return run.counted(["server", *had])[several[trials["valid"]]]


@lru_cache(maxsize=RUNS)
def table(run: Run) -> pd.DataFrame:
    """By server and what is shared out: the largest and smallest worker's share, medians over
    the trials, each trial's workers sorted by their share."""
    rows = []
    for (server, column), shares in _shares(run).items():
        middle = np.median(shares, axis=0)
        rows.append(
            {"server": server, "shared": COLUMNS[column], "n": len(shares),
             "workers": shares.shape[1], "largest_share": middle[0], "smallest_share": middle[-1],
             "largest_to_smallest_ratio": middle[0] / middle[-1] if middle[-1] else np.nan}
        )  # fmt: skip
    return pd.DataFrame(rows)


def draw(run: Run) -> Figure:
    """A bar per server, parted by its workers, the largest first; dotted, equal parts."""
    found = _shares(run)
    shown = [name for name in COLUMNS if any(column == name for _, column in found)]
    servers = in_order(server for server, _ in found)
    figure, axes = panels(
        [f"{COLUMNS[name]} by worker" for name in shown], height=1.3 + 0.42 * len(servers)
    )
    for axis, name in zip(axes, shown, strict=True):
        for row, server in enumerate(servers):
            if (server, name) in found:
                _bar(axis, row, found[server, name], run_styles(run)[server].colour)
        axis.set_xlim(0, 1)
        axis.set_ylim(len(servers) - 0.5, -0.5)
        axis.set_yticks(range(len(servers)), [label_of(s) for s in servers])
        axis.tick_params(axis="y", labelleft=axis is axes[0])
        axis.grid(visible=False, axis="y")
        axis.xaxis.set_major_formatter(tick_texts(percent))
        axis.set_xlabel("share, workers from the busiest to the least busy")
    return figure


def chart(run: Run) -> Chart | None:
    """The share of each worker, ordered, with the lowest and highest trial."""
    found = _shares(run)
    metrics = [Metric(name, f"share of {label.lower()}", "share", log=False)
               for name, label in COLUMNS.items() if any(c == name for _, c in found)]  # fmt: skip
    looks, lines = run_styles(run), []
    for server in in_order(server for server, _ in found):
        parts = {name: found[server, name] for name in COLUMNS if (server, name) in found}
        width = max(shares.shape[1] for shares in parts.values())
        line = line_of(server, looks[server], [float(n) for n in range(1, width + 1)])
        line.values = {
            name: [
                [round(float(f(part)), 4) for f in (np.median, np.min, np.max)] for part in shares.T
            ]
            for name, shares in parts.items()
        }
        lines.append(line)
    most = max(len(line.at) for line in lines)
    ticks = [(float(n), str(n)) for n in range(1, most + 1)]
    return Chart("worker, from the busiest", ticks, metrics, lines)


def reading(run: Run) -> str:
    """The most and the least even server."""
    points = table(run)
    points = points[points["shared"] == points["shared"].iloc[0]].sort_values("largest_share")
    what = str(points["shared"].iloc[0]).lower()
    even, skewed = points.iloc[0], points.iloc[-1]
    text = (
        f"The busiest worker of {server_name(skewed['server'])} has "
        f"{share(skewed['largest_share'])} of the {what}, where an equal part would be "
        f"{share(1 / skewed['workers'])}"
    )
    if len(points) > 1:
        text += f"; of {server_name(even['server'])} it has {share(even['largest_share'])}"
    if not np.isfinite(skewed["largest_to_smallest_ratio"]):
        return f"{text}. Its idlest worker has nothing at all to do."
    return f"{text}. Busiest to idlest is {number(skewed['largest_to_smallest_ratio'])} to one."


@lru_cache(maxsize=RUNS)
def _shares(run: Run) -> dict[tuple[str, str], np.ndarray]:
    """(trials, workers) by server and column, each trial's shares falling; of trials with the
    usual number of workers."""
    trials = chosen(run)
    found: dict[tuple[str, str], np.ndarray] = {}
    for server in in_order(trials["server"]):
        for name in (one for one in COLUMNS if one in trials):
            texts = trials.loc[trials["server"] == server, name].dropna()
            lists = [sorted(map(float, json.loads(text)), reverse=True) for text in texts]
            lists = [one for one in lists if len(one) > 1 and sum(one) > 0]
            if lists:
                width = pd.Series([len(one) for one in lists]).mode().iloc[0]
                kept = np.array([one for one in lists if len(one) == width])
                found[server, name] = kept / kept.sum(axis=1, keepdims=True)
    return found


def _bar(axis: Axes, row: int, shares: np.ndarray, colour: str) -> None:
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
