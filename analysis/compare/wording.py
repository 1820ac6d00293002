"""A figure of a comparison in words; never a bare p-value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.compare.figures import CANNOT_TELL, CHANGED
from analysis.compare.metrics import COUNTED, FIGURES
from analysis.outcomes.goodput import ERRORS, FAILED
from analysis.tables import writer
from analysis.wording import at_least, known, listed, number, plural, share

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

FACTOR_FROM = 2.0
MOST_REPEATS = 500


def in_words(row: Mapping[Hashable, object]) -> str:
    """'faster by 12% to 18%', 'within noise (±6%)', 'cannot tell: 3 repeats, needs about 9';
    'worse: it fails in 7 of 10 trials, in none of 10 before'.

    The first two say where they are of ratios to the reference, and all of what is left where the
    server failed.
    """
    if row["metric"] in COUNTED:
        return _of_counts(row)
    left = ""
    if row["failed"]:
        valid = int(_number(row["counted"]) - _number(row["failed"]))
        left = f", of the {valid:,} of {row['counted']:,} trials that it did not fail"
    return f"{_of_figure(row)}{left}"


def _of_figure(row: Mapping[Hashable, object]) -> str:
    if row["low_base"] or row["low_here"]:
        return _of_lower_bounds(row)
    beside = " beside the reference" if row["beside"] else ""
    if row["word"] == CHANGED:
        return f"{changed(row)}{beside}"
    if row["word"] == CANNOT_TELL:
        if row["why"]:
            return f"cannot tell: {row['why']}"
        repeats = int(min(_number(row["n_base"]), _number(row["n"])))
        return f"cannot tell: {plural(repeats, 'repeat')}{_needs(_number(row['repeats']), repeats)}"
    return f"within noise (±{share(_number(row['noise']))}){beside}"


def _of_lower_bounds(row: Mapping[Hashable, object]) -> str:
    """Of a time that may be any longer one in either run."""
    runs = [
        f"in {plural(int(_number(row[name])), 'trial')} of the {run} run"
        for name, run in (("low_base", "first"), ("low_here", "second"))
        if row[name]
    ]
    why = f"a lower bound {listed(runs)}, as requests had no answer when the window closed"
    if row["word"] == CHANGED:
        return f"{changed(row)} or more: {why}"
    return f"cannot tell: {row['why'] or why}"


def _of_counts(row: Mapping[Hashable, object]) -> str:
    """What failed, now and before; a failure is never called noise."""
    base_value, value = _number(row["base_value"]), _number(row["value"])
    now, before = (_amount(row, "value", "n"), _amount(row, "base_value", "n_base"))
    if row["metric"] == FAILED:
        text = f"it fails in {now} trials, in {before} before"
    elif row["metric"] == ERRORS:
        text = f"{now} of all attempts ended in errors, {before} before"
    else:
        text = f"{now} of all requests got no answer, {before} before"
    if row["why"]:
        return f"cannot tell: {row['why']} ({text})"
    if row["word"] == CHANGED:
        return f"{'worse' if value > base_value else 'better'}: {text}"
    return f"cannot tell: {text}" if row["word"] == CANNOT_TELL else text


def _amount(row: Mapping[Hashable, object], value: str, n: str) -> str:
    """'7 of 10' or 'none of 10' failed trials; other shares in percent, or 'none'."""
    found = _number(row[value])
    if row["metric"] != FAILED:
        return share(found) if found else "none"
    of = int(_number(row[n]))
    return f"{round(found * of):,} of {of:,}" if found > 0 else f"none of {of:,}"


def changed(row: Mapping[Hashable, object]) -> str:
    """How far a figure went that has changed: 'faster by 12% to 18%'."""
    if row["metric"] in COUNTED:
        return _of_counts(row)
    ratio, low, high = (_number(row[name]) for name in ("ratio", "low", "high"))
    return f"{FIGURES[str(row['metric'])].word(ratio)} by {_extent(ratio, low, high)}"


def side_by_side(row: Mapping[Hashable, object]) -> tuple[str, str]:
    """The two figures, in their unit, ≥ before one of lower bounds."""
    write = writer(str(row["metric"]))
    before, now = write(_number(row["base_value"])), write(_number(row["value"]))
    return (at_least(before) if row["low_base"] else before), (
        at_least(now) if row["low_here"] else now
    )


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
