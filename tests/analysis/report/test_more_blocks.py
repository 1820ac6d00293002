"""A report tells what was measured beyond the plan, for which claims, and what stays open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import analysis
from analysis.claims.judgement import Part, Word
from analysis.claims.verdicts import Verdict
from analysis.outcomes.basis import Basis
from analysis.outcomes.causes import Causes
from analysis.report import more_blocks
from analysis.report.report import build
from analysis.statistics.estimates import estimate
from tests.support import made_up_run as made
from tests.support import two_servers as two
from tests.support.claim_data import rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAN: dict[str, Any] = {"repeats": 5, "budget_s": 600.0}


def block(number: int, claim: int, took_s: float | None = 30.0) -> dict[str, Any]:
    return {"block": number, "question": f"claim {claim}", "points": ["p"], "took_s": took_s}


def open_verdict(number: int, *, hopeless: bool = False) -> Verdict:
    found = estimate(np.exp(np.linspace(-0.2, 0.2, 5)), 5)
    basis = (Basis("b", Causes(valid=5, failed=5 * hopeless), points=("p",), blocks=5),)
    parts = (Part("figure", found, "x", 0.9, basis=basis),)
    return Verdict(number, f"title {number}", Word.INCONCLUSIVE, parts=parts)


def test_blocks_are_counted_by_claim_with_the_time_that_they_took(
    run_of: Callable[..., analysis.Run],
) -> None:
    more = [block(6, 3), block(7, 2), block(8, 2, None)]
    run = run_of(rows(8, server="poll"), more_blocks=more, **PLAN)
    decided = Verdict(2, "title", Word.REPRODUCED)
    (told,) = more_blocks.notes(run, [decided])
    assert told.startswith(
        "Beyond the 5 planned blocks 3 more were measured in 1.0 min of a budget of 10.0, each "
        "with the trials of what was open: 2 for claim 2 and 1 for claim 3."
    )
    assert more_blocks.over(run) == "5 blocks, up to 8 where something was open"


def test_a_block_that_was_stopped_is_told_without_a_time(
    run_of: Callable[..., analysis.Run],
) -> None:
    run = run_of(rows(6, server="poll"), more_blocks=[block(6, 3, None)], **PLAN)
    (told,) = more_blocks.notes(run, [Verdict(2, "title", Word.REPRODUCED)])
    assert "1 for claim 3. The time of 1 that was stopped is not counted. Intervals" in told


def test_a_block_without_a_row_was_not_measured(run_of: Callable[..., analysis.Run]) -> None:
    run = run_of(rows(5, server="poll"), more_blocks=[block(6, 3, None)], **PLAN)
    assert more_blocks.over(run) == "5 blocks"
    (told,) = more_blocks.notes(run, [Verdict(2, "title", Word.REPRODUCED)])
    assert told == "No block was measured beyond the 5 planned blocks."


def test_what_is_open_is_told_with_what_it_would_take(run_of: Callable[..., analysis.Run]) -> None:
    run = run_of(rows(5, server="poll"), **PLAN)
    none, still = more_blocks.notes(run, [open_verdict(2), open_verdict(3, hopeless=True)])
    assert none == "No block was measured beyond the 5 planned blocks."
    needed = 12 - 5
    assert f"claim 2, about {needed} blocks more" in still or "claim 2, about" in still
    assert still.endswith("; claim 3, which more blocks would not decide.")


@pytest.mark.parametrize("changes", [{"repeats": 5}, {"repeats": 5, "budget_s": 0.0}])
def test_a_run_that_looks_once_tells_nothing_of_it(
    run_of: Callable[..., analysis.Run], changes: dict[str, Any]
) -> None:
    run = run_of(rows(5, server="poll"), **changes)
    assert more_blocks.notes(run, [open_verdict(2)]) == []
    assert more_blocks.over(run) == "5 blocks"


@pytest.mark.usefixtures("no_pictures")
def test_the_pages_say_over_how_many_blocks_and_that_intervals_are_of_all_looks(
    tmp_path: Path,
) -> None:
    run = made.write_run(tmp_path / "run", made.trials(6), more_blocks=[block(6, 2)], **PLAN)
    found = build(run)
    page, plain = found.html.read_text(), found.markdown.read_text()
    assert "over 5 blocks, up to 6 where something was open, as wide as all looks" in page
    assert "all looks of this run together need" in plain
    assert any("Beyond the 5 planned blocks 1 more was measured" in one for one in found.notes)
    once = build(made.write_run(tmp_path / "once", made.trials(5), repeats=5))
    assert "all looks" not in once.html.read_text() + once.markdown.read_text()


def test_blocks_of_runs_that_had_only_claims_open_are_read(
    run_of: Callable[..., analysis.Run],
) -> None:
    before = {"block": 6, "claim": 3, "points": ["p"], "took_s": 30.0}
    run = run_of(rows(6, server="poll"), more_blocks=[before], **PLAN)
    assert [one.question for one in run.manifest.more_blocks] == ["claim 3"]


def test_open_thresholds_are_told_with_the_points_that_cross_them(
    run_of: Callable[..., analysis.Run],
) -> None:
    crossing = [
        {"block": block, "point": "p", "requests_per_s": rate}
        for block, rate in enumerate((800.0, 900.0, 950.0, 1050.0, 1200.0), 1)
    ]
    run = run_of(crossing, thresholds=["requests_per_s > 800"], **PLAN)
    none, still = more_blocks.notes(run, [])
    assert none.startswith("No block was measured beyond")
    assert still.startswith("Still open: threshold requests_per_s > 800 at 1 point, about ")
    assert still.endswith("blocks more, and now by its median alone.")


def test_open_pairs_of_servers_are_told(tmp_path: Path) -> None:
    run = analysis.load(two.write(tmp_path / "run", noise=0.12))
    (_, still) = more_blocks.notes(run, [])
    assert still.startswith("Still open: shop_2 beside shop_1 at ")


def test_pairs_that_no_number_of_blocks_would_tell_are_still_open(tmp_path: Path) -> None:
    run = analysis.load(two.write(tmp_path / "run", noise=3.0))
    told = " ".join(more_blocks.notes(run, []))
    assert "Still open: " in told
    hopeless = r"shop_2 beside shop_1 at \d points? of 3, which more blocks would not tell"
    assert re.search(hopeless, told)
