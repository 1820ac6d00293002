"""Share of connections and of CPU time per worker, for servers with several processes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.charts.model import SHARE, Axis, Bar, Chart, Panel, Series
from analysis.charts.palette import run_styles
from analysis.figures import Figure, _workers
from analysis.figures._workers import COLUMNS, bars
from analysis.figures._workers import Bar as Workers
from analysis.records.run import Run, remembered
from analysis.wording import number, share

EDGE_IN, ROW_IN = 1.3, 0.42
chosen = _workers.chosen


@remembered
def table(run: Run) -> pd.DataFrame:
    """By server, settings and what is shared out: the largest and smallest worker's share, medians
    over the trials, each trial's workers sorted by their share."""
    rows = []
    for bar in bars(run):
        for column, shares in bar.parts.items():
            middle = np.median(shares, axis=0)
            rows.append(
                {"server": bar.server, "settings": bar.label, "shared": COLUMNS[column],
                 "trials": len(shares), "workers": shares.shape[1], "largest_share": middle[0],
                 "smallest_share": middle[-1],
                 "largest_to_smallest_ratio": middle[0] / middle[-1] if middle[-1] else np.nan}
            )  # fmt: skip
    return pd.DataFrame(rows)


def chart(run: Run) -> Chart:
    """A bar per server and settings, parted by its workers, the largest first; on the page the
    share of each worker, with the lowest and highest trial."""
    found, shown, styles = bars(run), _shown(run), run_styles(run)
    across = Axis("busiest first; dotted, equal parts", SHARE, low=0, high=1)
    most = max(bar.workers for bar in found)
    workers = Axis(
        "worker, from the busiest", ticks=tuple((float(n), str(n)) for n in range(1, most + 1))
    )
    pictured = [
        Panel(
            *(across, Axis(), f"Share of {COLUMNS[name]}"),
            bars=tuple(_bar(bar, name, styles[bar.server].colour) for bar in found),
        )
        for name in shown
    ]
    offered = [
        Panel(
            *(workers, Axis(unit=SHARE)),
            series=tuple(_each(run, bar, name) for bar in found if name in bar.parts),
            choice=f"share of {COLUMNS[name]}",
            pictured=False,
        )
        for name in shown
    ]
    return Chart((*pictured, *offered), height_in=EDGE_IN + ROW_IN * len(found))


def reading(run: Run) -> str:
    """What is shared out most and least evenly, by how far the busiest worker is
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


def _bar(workers: Workers, name: str, colour: str) -> Bar:
    """Medians over the trials, as parts of a whole; none where this was not recorded."""
    if name not in workers.parts:
        return Bar(workers.label, colour, ())
    middle = np.median(workers.parts[name], axis=0)
    return Bar(workers.label, colour, tuple((middle / middle.sum()).tolist()))


def _each(run: Run, workers: Workers, name: str) -> Series:
    shares, style = workers.parts[name], run_styles(run)[workers.server]
    return Series(
        *(workers.label, style.colour, np.arange(1.0, shares.shape[1] + 1)),
        *(np.median(shares, axis=0), shares.min(axis=0), shares.max(axis=0)),
        marker=style.marker,
    )


FIGURE = Figure(
    name="worker_shares",
    title="Share per worker",
    question="Do the workers of one port share the work, or does one take it all?",
    order=70,
    claims=(20, 21, 22),
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
    candidates=_workers.candidates,
)
