"""Errors and requests without an answer in two runs, by Welch's t on shares.

They come in clusters, so the sample is the block and not the attempt: the share of each block on
the scale of arcsin sqrt, where chance alone spreads all shares alike (Anscombe, Biometrika 35,
1948), by Welch's t (*The generalization of Student's problem*, Biometrika 34, 1947). No variance
counts as less than that of as many independent attempts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from analysis.compare.failure_counts import FIRST, SECOND, FailureRow
from analysis.compare.matching import KEY
from analysis.outcomes.goodput import ERRORS, UNANSWERED

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from analysis.compare.failure_counts import FailureCounts
    from analysis.statistics.estimates import Floats

SMALLEST_RISE = {ERRORS: 0.001, UNANSWERED: 0.01}
"""Smaller rises are reported and are no regression: one in a thousand attempts, and the requests
that are on their way as any window closes."""
PARTS = {ERRORS: ("errors", ["errors", "requests"])}
PARTS |= {UNANSWERED: ("unanswered", ["unanswered", "requests", "errors"])}
"""The count of each share, and the counts that it is a share of."""


def error_shares(
    table: pd.DataFrame, labels: pd.Series[str], base: FailureCounts, run: FailureCounts
) -> Iterator[FailureRow]:
    """A row per point and share of which either run has any."""
    for metric, (part, whole) in PARTS.items():
        blocks = (base.blocks, run.blocks)
        some = {key for one in blocks for key in one.index[one[part] > 0].get_level_values(KEY)}
        for key in table.index[table.index.isin(some)]:
            recorded = [metric == ERRORS or key in one.recorded for one in (base, run)]
            counts = [_counts(one, key, part, whole) for one in blocks]
            base_value, value = (
                float(few.sum() / of.sum()) if of.sum() else np.nan for few, of in counts
            )
            if not all(recorded) and np.nanmax([base_value, value]) <= SMALLEST_RISE[metric]:
                continue
            made = [int((of > 0).sum()) for _, of in counts]
            why = _why(made, recorded)
            yield FailureRow(
                *(key, labels[key], str(table["server"][key]), bool(table["reference"][key])),
                metric,
                base_value if recorded[0] else np.nan,
                value if recorded[1] else np.nan,
                made[0],
                made[1],
                np.nan if why else welch(*counts[0], *counts[1]),
                why,
            )


def _counts(blocks: pd.DataFrame, key: str, part: str, whole: list[str]) -> tuple[Floats, Floats]:
    """The count of each block of a point, and what it is a share of."""
    mine = blocks[blocks.index.get_level_values(KEY) == key]
    return mine[part].to_numpy(), mine[whole].sum(axis=1).to_numpy()


def _why(made: list[int], recorded: list[bool]) -> str:
    """Why the shares cannot be compared; '' where they can."""
    for blocks, name in zip(made, (FIRST, SECOND), strict=True):
        if not blocks:
            return f"no request was made in the {name} run"
    for known, name in zip(recorded, (FIRST, SECOND), strict=True):
        if not known:
            return f"the {name} run did not record it"
    return ""


def welch(few_base: Floats, of_base: Floats, few: Floats, of: Floats) -> float:
    """The two-sided p of the shares few / of, a value per block, against those of the base; NaN
    where a run has fewer than two blocks."""
    middles, errors, freedoms = [], [], []
    for part, whole in ((few_base, of_base), (few, of)):
        counted = whole > 0
        n = int(counted.sum())
        if n < 2:
            return float("nan")
        angles = np.arcsin(np.sqrt(part[counted] / whole[counted]))
        least = float((1 / (4 * whole[counted])).mean())
        middles.append(angles.mean())
        errors.append(max(float(angles.var(ddof=1)), least) / n)
        freedoms.append(n - 1)
    total = sum(errors)
    freedom = total**2 / sum(e**2 / f for e, f in zip(errors, freedoms, strict=True))
    t = abs(middles[1] - middles[0]) / np.sqrt(total)
    return float(2 * special.stdtr(freedom, -t))
