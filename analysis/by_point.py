"""`summary.csv`: a row per point of the run, its settings, medians and intervals.

For people who want a spreadsheet and not half a million trials. Units are in the
names; `_low` and `_high` are the ends of the 95% interval of the median before them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import pandas as pd

from analysis import goodput
from analysis.spreads import first_rows, numbers, spreads
from experiments.record import COLUMNS, SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records import Run

FILE = "summary.csv"
SUMMARISED = (
    *("requests_per_s", "errors", "server_cpu_us_per_request", "server_cpu_share"),
    *("generator_cpu_share", "response_p50_us", "response_p90_us", "response_p99_us"),
    *("response_p999_us", "response_max_us", "service_p99_us", "connect_p50_us"),
    *("connect_p99_us", "connect_max_us", "first_response_p50_us", "server_rss_bytes"),
    *("server_threads", "kernel_socket_bytes", "listen_overflows", "listen_drops"),
    *("retransmits", "resets", "segments_out_per_response"),
)


@lru_cache(maxsize=2)
def summary(run: Run) -> pd.DataFrame:
    """`point`, the settings, `n` valid and `void` trials, the shares and the goodput of
    `analysis.goodput`, then each of SUMMARISED with its interval; a point that has only void trials
    keeps its row. Sorted by the order of the run."""
    known, trials = spreads(run), run.trials
    table = trials[["point", *SETTINGS]].iloc[first_rows(trials)]
    table = table.set_axis(numbers(table))
    counts = {"n": known.valid[table.index], "void": known.void[table.index]}
    failing = goodput.shares(trials, numbers(trials), len(trials["point"].cat.categories))
    whole = table.assign(**counts).join(failing).join(known.of(SUMMARISED))
    return whole.reset_index(drop=True)


def columns() -> pd.DataFrame:
    """The documented columns of `trials`: name, kind, meaning, whether always filled in."""
    rows = [[c.name, c.kind, c.meaning, c.required] for c in COLUMNS]
    rows.append(["valid", "flag", "completed and not void: it counts", True])
    return pd.DataFrame(rows, columns=["name", "kind", "meaning", "required"])


def write(run: Run) -> Path:
    """Write `summary.csv` into the run's folder; columns that hold nothing are left out."""
    path = run.path / FILE
    table = summary(run).dropna(axis="columns", how="all")
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
    return path
