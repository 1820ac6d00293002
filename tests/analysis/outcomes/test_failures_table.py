"""docs/failures.md tells what each way of failing does: every cell is tried on made-up records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge
from contract.outcomes import not_measured
from contract.void_causes import SPOILED_BY
from experiments.paths import ROOT
from tests.support.claim_data import SLOW, rows, with_part
from tests.support.failing_check_ups import (
    breaks,
    breaks_and_tells_how_far,
    errors_are_marked,
    hanging_ones_are_not_held,
    is_not_told,
    longer_times_are_not_told,
    missing_figures_are_not_told,
    starved_breaks,
)
from tests.support.failing_judgements import (
    as_by_any_value,
    broken,
    broken_where_answers_are_limited,
    broken_where_errors_are_limited,
    counts_for_its_limit,
    decide_as_bounds,
    decide_what_longer_ones_would,
    failures_are_compared,
    kept_as_by_longer_ones,
    no_evidence_compared,
    no_evidence_for_a_claim,
    no_evidence_for_a_threshold,
    not_told_of_few,
    open_beyond_a_tenth,
    open_beyond_a_tenth_of_attempts,
    open_without_figures,
    shares_are_compared,
    slower_alone_is_told,
    told_beside_figures,
    untold_rise,
)
from tests.support.failing_records import (
    Records,
    failed_beside_a_rate,
    failed_beside_percentiles,
    limit_beside_a_rate,
    marked_from_half_on,
    only_void,
    percentiles_only_void,
    share_beside_a_rate,
    share_beside_percentiles,
    starved_in_a_rate,
    starved_in_percentiles,
    told_beside_a_rate,
    told_beside_percentiles,
    usual_rate,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.records.run import Run

TEXT = (ROOT / "docs" / "failures.md").read_text()


def table() -> dict[str, dict[str, str]]:
    """The first table of the page: by way of failing and column, the cell."""
    lines = TEXT[TEXT.index("| failed |") :].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = cells[0][1:]
    return {row[0].strip("`"): dict(zip(heads, row[1:], strict=True)) for row in cells[2:]}


CHECKS: dict[str, dict[str, Callable[[Records], None]]] = {
    "rates": {
        "left out; failed share and goodput beside": failed_beside_a_rate,
        "left out, its limit marked; failed share and goodput beside": limit_beside_a_rate,
        "in them, at most (≤) so much where some were served; failed share and goodput beside": (
            starved_in_a_rate
        ),
        "not in the rate; share and goodput beside": share_beside_a_rate,
        "not in the rate": usual_rate,
        "left out; told": told_beside_a_rate,
        "left out; counted as void": only_void,
    },
    "percentiles": {
        "left out; failed share beside": failed_beside_percentiles,
        "in them, as lower bounds; failed share beside": starved_in_percentiles,
        "their ages are in them, as lower bounds; share beside": share_beside_percentiles,
        "not in them; share beside": share_beside_percentiles,
        "the figures themselves; ≥ where half of the repeats are": marked_from_half_on,
        "left out; counted as void": percentiles_only_void,
        "left out; told": told_beside_percentiles,
    },
    "claims": {
        "open beyond one trial in ten; told": open_beyond_a_tenth,
        "open beyond one trial in ten; told; counts where the claim is about the limit": (
            counts_for_its_limit
        ),
        "decide as bounds do, nought as nought; told": (
            decide_as_bounds  # and test_silence_is_nought
        ),
        "told beside the figures; open where a rate would tell otherwise had they been answered": (
            told_beside_figures
        ),
        "open beyond one attempt in ten, more than a percentile leaves out, or where a rate would "
        "tell otherwise had they been answered; told; not where the claim is about the failure": (
            open_beyond_a_tenth_of_attempts
        ),
        "decide what every longer time would; told": decide_what_longer_ones_would,
        "no evidence; told; open beyond half of the trials": no_evidence_for_a_claim,
        "open beyond one trial in ten without a figure; told": open_without_figures,
    },
    "thresholds": {
        "broken": broken,
        "broken in any trial where `unanswered` is limited; told beside other limits": (
            broken_where_answers_are_limited
        ),
        "broken in any trial where `errors` is limited; told beside other limits; a percentile "
        "that leaves out fewer is a lower bound": broken_where_errors_are_limited,
        "kept or broken as by every longer time; told": kept_as_by_longer_ones,
        "no evidence; told; cannot tell beyond half of the trials": no_evidence_for_a_threshold,
        "kept or broken as by any value; told": as_by_any_value,
    },
    "comparisons": {
        "a figure; more is worse whatever the tolerance": failures_are_compared,
        "a figure; more is worse beyond one in a hundred": shares_are_compared,
        "a figure; more is worse beyond one in a thousand": shares_are_compared,
        "only that the run which has them is slower is told": slower_alone_is_told,
        "no evidence; told; cannot tell beyond half of the trials": no_evidence_compared,
        "cannot tell beyond one trial in ten without a figure; told": not_told_of_few,
        "no evidence; told; cannot tell beyond half of the trials, or where failures would be a "
        "rise": untold_rise,
    },
}
CHECKS["check-ups"] = {
    "breaks; nothing is kept": breaks,
    "breaks; nothing is kept; of idle ones how far it went marks it": breaks_and_tells_how_far,
    "breaks; figures of those who were served, times as lower bounds": starved_breaks,
    "times are lower bounds; told": longer_times_are_not_told,
    "times are lower bounds; told; a rate that leaves more of them than may fail is not held": (
        hanging_ones_are_not_held
    ),
    "marked; told; a percentile that leaves out fewer is a lower bound; no cost or leak is told of "
    "where one in ten failed": errors_are_marked,
    "not told; cannot tell": is_not_told,
    "not told where it might speak against the server; cannot tell": missing_figures_are_not_told,
}
CELLS = [(way, column) for way, cells in table().items() for column in cells]


def test_every_way_of_failing_has_its_row() -> None:
    others = {"unanswered", "errors", "lower bounds", "no figure", "unknown"}
    assert set(table()) == {*SPOILED_BY, *others}
    assert set(CHECKS) == {column for _, column in CELLS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all runs, which many cells share."""
    return tmp_path_factory.mktemp("records")


@pytest.mark.parametrize(("way", "column"), CELLS)
def test_each_cell_is_what_happens(folder: Path, way: str, column: str) -> None:
    CHECKS[column][table()[way][column]](Records(folder, way))


def test_silence_is_nought(run_of: Callable[..., Run]) -> None:
    """The rest of the cell of `server_starved`."""
    assert "nought as nought" in table()["server_starved"]["claims"]
    nobody: dict[str, Any] = {
        "requests": 0,
        "requests_per_s": 0.0,
        **not_measured("server_starved"),
    }
    silent = rows(server="poll", **nobody)
    found = judge(with_part(max=0.1), run_of(silent, SLOW))
    assert found.verdict is Word.REPRODUCED
    assert found.measured == 0
