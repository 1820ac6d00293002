"""Runs of one machine that are compared: in some a server is slower."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from click.testing import CliRunner, Result

from analysis.cli.commands import cli
from analysis.compare.comparison import RunComparison, compare
from analysis.compare.metrics import METRICS
from tests.support import made_up_run as made

RATE, CPU = "requests_per_s", "server_cpu_us_per_request"
TIMES = [name for name in METRICS if name.endswith("_us")]


def slowed(frame: pd.DataFrame, server: str, factor: float) -> pd.DataFrame:
    """The same records with `server` slower by a factor; the reference stays."""
    chosen = (frame["server"] == server) & (frame["sweep"] != "reference")
    frame.loc[chosen, RATE] /= factor
    frame.loc[chosen, [CPU, *TIMES]] *= factor
    return frame


def written(folder: Path, name: str, frame: pd.DataFrame | None = None, **changes: Any) -> Path:
    return made.write_run(folder / name, frame, **{"run": name, **changes})


def both(
    folder: Path, repeats: int = 3, noise: float = 0.05, factor: float = 1.0, **options: Any
) -> RunComparison:
    """Two runs of the same machine; poll is slower in the second."""
    first = written(folder, "a", made.trials(repeats, seed=11, noise=noise))
    frame = slowed(made.trials(repeats, seed=12, noise=noise), "poll", factor)
    return compare([first, written(folder, "b", frame)], **options)


def ratios(comparison: RunComparison) -> pd.DataFrame:
    """The figures but for what failed: select reaches its limit in any run."""
    return comparison.figures[comparison.figures["metric"].isin(METRICS)]


def words(comparison: RunComparison, server: str, metric: str = RATE) -> pd.Series[str]:
    figures = comparison.figures
    chosen = (figures["server"] == server) & (figures["metric"] == metric)
    return figures.loc[chosen, "word"]


def invoked(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["compare", *map(str, arguments)])
