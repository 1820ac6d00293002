"""Comparisons inside a run: like with like, block by block.

A ratio is taken within each block, where both sides met the same machine within
a minute or so, and the block is then one observation.
"""

from __future__ import annotations

import pandas as pd

from analysis.statistics.estimates import Estimate, estimate


def by_block(trials: pd.DataFrame, metric: str) -> pd.Series[float]:
    """One value per block: the median over its trials. Indexed by block."""
    return block_medians(trials[metric], trials["block"])


def block_medians(values: pd.Series[float], blocks: pd.Series[int]) -> pd.Series[float]:
    """The same of values that are no column; a block without any is not there."""
    return values.astype("float64").groupby(blocks.astype("int64")).median().dropna()


def paired_ratio(above: pd.DataFrame, below: pd.DataFrame, metric: str) -> Estimate:
    """The ratio above/below of `metric` over the blocks that have both."""
    return estimate(by_block(above, metric) / by_block(below, metric))
