"""The points of two servers that cannot be told yet, and that more blocks may tell.

Those are the points of figures that may hide a regression: too noisy to show a change of the
tolerance, or worse by more without being sure; and of failures that rose and may have done so by
chance. What was not measured, or is a lower bound, is no matter of how often. What would take the
fewest blocks comes first, those that take as many together.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from scipy import special

from analysis.compare.compared_figure import ComparedFigure, compared_figures
from analysis.compare.comparison import RunComparison
from analysis.compare.failures import ALL_POINTS
from analysis.compare.metrics import FAILURES, WITHIN_NOISE
from analysis.compare.paired import LEAST
from analysis.compare.two_servers import compare_servers, pair_of
from analysis.records.run import Run
from analysis.statistics.looks import MOST, Ahead, blocks_to_look, next_look, tail
from analysis.wording import plural
from contract.more_blocks import OpenQuestion


def open_pairs(run: Run) -> list[OpenQuestion]:
    """What the run compares and cannot tell yet; none without a comparison."""
    made, asked = compare_servers(run), run.manifest.compare
    if made is None or asked is None:
        return []
    pairs, by_point = pair_of(run), {key: one for key, one in _by_point(made).items() if one}
    groups: dict[int | None, list[str]] = defaultdict(list)
    for key, ahead in by_point.items():
        known = [one.needed for one in ahead if one.needed is not None]
        groups[max(known, default=None)].append(key)
    return [
        OpenQuestion(
            asked.question,
            f"{plural(len(keys), 'point')} of {len(pairs)}",
            max(one.next_look for key in keys for one in by_point[key]),
            needed,
            tuple(sorted({point for key in keys for point in pairs[key]})),
        )
        for needed, keys in sorted(groups.items(), key=lambda one: one[0] or math.inf)
    ]


def hopeless_pairs(run: Run) -> int:
    """Points that the run compares and cannot tell, and would not by more blocks."""
    made = compare_servers(run)
    return 0 if made is None else sum(not ahead for ahead in _by_point(made).values())


def _by_point(made: RunComparison) -> dict[str, list[Ahead]]:
    """What is ahead of the figures of each point that cannot be told; nothing where more blocks
    would not tell them."""
    found: dict[str, list[Ahead]] = defaultdict(list)
    firsts = made.unknown["first"].tolist()
    for figure, first in zip(compared_figures(made.unknown), firsts, strict=True):
        if not figure.key.startswith(ALL_POINTS):
            ahead = _ahead(figure, first, made)
            found[figure.key] += [ahead] if ahead else []
    return found


def _ahead(figure: ComparedFigure, first: int, made: RunComparison) -> Ahead | None:
    """None where more blocks would not tell, or more than anybody would measure."""
    n = min(figure.n_base, figure.n)
    if figure.why or n >= MOST or not first:
        return None
    step = blocks_to_look(n, first)
    if figure.metric in FAILURES:
        return Ahead(step, None)
    if figure.low_base or figure.low_here:
        return None
    if n < LEAST:
        return Ahead(step, None)
    noisy = figure.word == WITHIN_NOISE
    wanted = np.log1p(made.tolerance) if noisy else abs(np.log(figure.ratio))
    # To be called, a change has to stand out from as many figures as there are.
    of = 1 if noisy else len(made.figures)
    needed = _blocks(figure, first, float(wanted), of)
    return Ahead(step, needed - n) if needed else None


def _blocks(figure: ComparedFigure, first: int, wanted: float, of: int) -> int | None:
    """The blocks of the first look at which half the interval would be below `wanted`, with the
    spread seen so far; None beyond MOST."""
    n, spread = min(figure.n_base, figure.n), figure.spread * np.sqrt(2)
    look = next_look(n, first)
    while look <= MOST:
        freedom = figure.freedom + look - n
        half = special.stdtrit(freedom, 1 - tail(look, first) / of) * spread / np.sqrt(look)
        if half < wanted:
            return look
        look = next_look(look, first)
    return None
