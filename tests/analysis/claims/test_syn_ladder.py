"""The ladder of a dropped SYN, read from the histograms beside the records."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import analysis
from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word
from analysis.claims.verdicts import Verdict, judge
from contract.columns import COLUMNS, NAMES, SETTINGS
from contract.exits import LabError
from contract.result.document import to_json
from contract.settings.trial import Settings
from loadgen.engine.recorder import to_histogram
from loadgen.engine.summary import encode
from tests.support import made_up_run as made
from tests.support.results import a_distribution, a_window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Counts = dict[int, int]

S = 1_000_000
QUICK = {40: 9_000}
LINEAR = {int(1.01 * S): 500, int(2.04 * S): 80, int(3.06 * S): 20}
CLASSIC = {int(1.01 * S): 500, int(3.03 * S): 60}


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Verdict]:
    def run(linear: Counts, classic: Counts, blocks: int = 5) -> Verdict:
        base: dict[str, Any] = made.one_row() | {
            name: getattr(Settings(), name) for name in SETTINGS
        }
        base |= {"server": "iterative", "load": "connection_per_request", "backlog": 1}
        base["path"] = "/cpu/100"
        rows: list[dict[str, Any]] = []
        for timeouts, counts in ((4, linear), (0, classic)):
            for block in range(1, blocks + 1):
                place = len(rows)
                names = {"trial": f"t{place}", "point": "p", "sweep": "s", "position": place + 1}
                own = {"active_connections": 100, "syn_linear_timeouts": timeouts}
                rows.append({**base, **names, **own, "block": block, "repeat": block})
                details = tmp_path / "trials" / f"t{place}"
                details.mkdir(parents=True, exist_ok=True)
                (details / "result.json").write_text(json.dumps(result(QUICK | counts)))
        whole = {column.name: "Int64" for column in COLUMNS if column.kind == "int"}
        frame = pd.DataFrame(rows).reindex(columns=list(NAMES)).astype(whole)
        return judge(load_claims()[15], analysis.load(made.write_run(tmp_path, frame)))

    return run


def result(counts: Counts) -> dict[str, Any]:
    """A trial's result as the load writes it (loadgen/engine/summary.py)."""
    return window({"connect": encode(to_histogram(counts))})


def window(histograms: dict[str, str]) -> dict[str, Any]:
    distributions = {name: a_distribution(one) for name, one in histograms.items()}
    return {"window": to_json(a_window(window_s=6.0, distributions=distributions))}


def test_both_ladders_are_told_by_their_steps(judged: Callable[..., Verdict]) -> None:
    found = judged(LINEAR, CLASSIC)
    assert found.verdict is Word.REPRODUCED
    assert found.label == "late connects on the linear ladder"  # a bare 1 says nothing
    assert "1 s (83%), 2 s (13%) and 3 s (3.3%)" in found.explanation
    assert "1 s (89%) and 3 s (11%)" in found.explanation


def test_connects_between_the_steps_refute(judged: Callable[..., Verdict]) -> None:
    assert judged(LINEAR | {int(1.5 * S): 400}, CLASSIC).verdict is Word.REFUTED


def test_the_linear_ladder_is_not_the_classic_one(judged: Callable[..., Verdict]) -> None:
    assert judged(LINEAR, LINEAR).verdict is Word.REFUTED
    assert judged(CLASSIC, CLASSIC).verdict is Word.REFUTED


def test_a_step_that_was_never_seen_refutes(judged: Callable[..., Verdict]) -> None:
    assert judged({int(1.01 * S): 5}, CLASSIC).verdict is Word.REFUTED


def test_without_late_connects_nothing_can_be_told(judged: Callable[..., Verdict]) -> None:
    assert judged({}, CLASSIC).verdict is not Word.REPRODUCED


def test_four_repeats_decide_nothing(judged: Callable[..., Verdict]) -> None:
    assert judged(LINEAR, CLASSIC, blocks=4).verdict is Word.INCONCLUSIVE


@pytest.mark.parametrize("text", ["[", json.dumps(window({"connect": "eA=="})), "[1]"])
def test_a_spoilt_result_is_named(
    judged: Callable[..., Verdict], tmp_path: Path, text: str
) -> None:
    judged(LINEAR, CLASSIC)
    (tmp_path / "trials" / "t0" / "result.json").write_text(text)
    with pytest.raises(LabError, match=r"t0/result\.json: no result of a trial"):
        judge(load_claims()[15], analysis.load(tmp_path))


def test_without_its_histograms_it_is_not_run(
    judged: Callable[..., Verdict], tmp_path: Path
) -> None:
    judged(LINEAR, CLASSIC)
    shutil.rmtree(tmp_path / "trials")
    found = judge(load_claims()[15], analysis.load(tmp_path))
    assert found.verdict is Word.NOT_RUN
    assert "histograms" in found.explanation
