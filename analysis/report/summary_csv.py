"""`summary.csv`: a row per point of the run, its settings, medians and intervals, for spreadsheets.

Units are in the names; `_low` and `_high` are the ends of the 95% interval of the median.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.outcomes import goodput
from analysis.outcomes.lower_bounds import UPPER
from analysis.records.csv_out import write_csv
from analysis.records.run import Run, remembered
from analysis.statistics.point_medians import first_rows, numbers, point_medians
from contract.columns import COLUMNS, SETTINGS

FILE = "summary.csv"
SUMMARISED = (
    *("requests_per_s", "errors", "server_cpu_us_per_request", "server_cpu_share"),
    *("generator_cpu_share", "response_p50_us", "response_p90_us", "response_p99_us"),
    *("response_p999_us", "response_max_us", "service_p99_us", "connect_p50_us"),
    *("connect_p99_us", "connect_max_us", "first_response_p50_us", "server_rss_bytes"),
    *("server_threads", "kernel_socket_bytes", "listen_overflows", "listen_drops"),
    *("retransmits", "resets", "segments_out_per_response"),
)
NO_RANGE = (np.nan, np.nan)


@remembered
def summary(run: Run) -> pd.DataFrame:
    """`point`, the settings, `n` trials that were measured and those that were `limit_reached`,
    `starved` or `void`, the shares and the goodput of `analysis.outcomes.goodput`, each of
    SUMMARISED (of measured and starved ones) with its interval, and `lower_bounds`, the names of
    those that are. A point without figures keeps its row. In the order of the run."""
    known, trials = point_medians(run), run.trials
    table = trials[["point", *SETTINGS]].iloc[first_rows(trials)]
    table = table.set_axis(numbers(table))
    failing = goodput.shares(trials, numbers(trials), len(trials["point"].cat.categories))
    table = table.join(known.words).join(failing).join(known.of(SUMMARISED))
    return table.assign(lower_bounds=_lower_bounds(run)[table.index]).reset_index(drop=True)


def _lower_bounds(run: Run) -> NDArray[Any]:
    """By number of the point, the names of the medians that are lower bounds; None without any."""
    known = point_medians(run)
    found = [""] * len(known.words)
    for name in (one for one in SUMMARISED if one not in UPPER):
        for place in np.flatnonzero(known.bounded(run, name)):
            found[place] = f"{found[place]} {name}".strip()
    return np.array([text or None for text in found], dtype=object)


def columns() -> pd.DataFrame:
    """The columns of `trials`: name, kind, meaning, whether always filled in, range of numbers."""
    rows = [
        [
            *(c.name, c.kind, c.meaning, c.required),
            *((c.minimum, c.largest) if c.is_number else NO_RANGE),
        ]
        for c in COLUMNS
    ]
    rows += [
        ["measured", "flag", "neither limit reached nor starved nor void", True, *NO_RANGE],
        ["valid", "flag", "measured, or starved in a window: it has figures", True, *NO_RANGE],
    ]
    names = ["name", "kind", "meaning", "required", "minimum", "maximum"]
    return pd.DataFrame(rows, columns=names)


def write(run: Run) -> Path:
    """Write `summary.csv` into the run's folder, without empty columns."""
    path = run.path / FILE
    table = summary(run).dropna(axis="columns", how="all")
    write_csv(table, path)
    return path
