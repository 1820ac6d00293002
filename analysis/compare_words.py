"""A figure of a comparison in words; never a bare p-value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.compare_figures import CANNOT_TELL, CHANGED
from analysis.compare_metrics import METRICS
from analysis.tables import writer
from analysis.text import known, number, plural, share

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

FACTOR_FROM = 2.0
MOST_REPEATS = 500


def in_words(row: Mapping[Hashable, object]) -> str:
    """'faster by 12% to 18%', 'within noise (±6%)', 'cannot tell: 3 repeats, needs about 9'.

    The first two say where they are of ratios to the reference.
    """
    beside = " beside the reference" if row["beside"] else ""
    if row["word"] == CHANGED:
        return f"{changed(row)}{beside}"
    if row["word"] == CANNOT_TELL:
        if row["why"]:
            return f"cannot tell: {row['why']}"
        repeats = int(min(_number(row["n_base"]), _number(row["n"])))
        return f"cannot tell: {plural(repeats, 'repeat')}{_needs(_number(row['repeats']), repeats)}"
    return f"within noise (±{share(_number(row['noise']))}){beside}"


def changed(row: Mapping[Hashable, object]) -> str:
    """How far a figure went that has changed: 'faster by 12% to 18%'."""
    ratio, low, high = (_number(row[name]) for name in ("ratio", "low", "high"))
    return f"{METRICS[str(row['metric'])].word(ratio)} by {_extent(ratio, low, high)}"


def side_by_side(row: Mapping[Hashable, object]) -> tuple[str, str]:
    """The two figures, in their unit."""
    write = writer(str(row["metric"]))
    return write(_number(row["base_value"])), write(_number(row["value"]))


def times(row: Mapping[Hashable, object]) -> str:
    """The ratio with its interval: '1.15 (1.12 to 1.18)'."""
    ratio, low, high = (_number(row[name]) for name in ("ratio", "low", "high"))
    if not known(low):
        return number(ratio)
    return f"{number(ratio)} ({number(low)} to {number(high)})"


def _extent(ratio: float, low: float, high: float) -> str:
    """How far the interval lies from 1: in percent, or as a factor beyond twofold."""
    if ratio >= FACTOR_FROM:
        return f"a factor of {number(low)} to {number(high)}"
    if ratio <= 1 / FACTOR_FROM:
        return f"a factor of {number(1 / high)} to {number(1 / low)}"
    ends = sorted((abs(low - 1), abs(high - 1)))
    return f"{share(ends[0])} to {share(ends[1])}"


def _needs(needed: float, repeats: int) -> str:
    if not np.isfinite(needed):
        return ""
    if needed > MOST_REPEATS:
        return f", needs more than {MOST_REPEATS}"
    return f", needs about {max(int(needed), repeats + 1)}"


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]  # a cell of a numeric column
