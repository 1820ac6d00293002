"""From a figure and a bound to a word; what is said of a word; the claims as files."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from analysis.claims.claim import Cause, load_claims
from analysis.claims.judgement import Judgement, Part, Word, against, joined, most_telling
from analysis.claims.judges import all_judges, find_judge
from analysis.claims.verdicts import _cause
from analysis.statistics.estimates import Estimate, estimate
from contract.exits import LabError

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.records.run import Run


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (1.0, 1.1, Word.REPRODUCED),
        (0.9, 1.1, Word.REPRODUCED),
        (0.8, 1.0, Word.INCONCLUSIVE),
        (0.5, 0.89, Word.REFUTED),
        (1.2, 1.3, Word.REFUTED),
        (0.5, 2.0, Word.INCONCLUSIVE),
    ],
)
def test_an_interval_against_a_bound(low: float, high: float, word: Word) -> None:
    assert against(Estimate(1.0, low, high, 5), 0.9, 1.1) is word
    assert against(Estimate(1.0, low, high, 4), 0.9, 1.1) is Word.INCONCLUSIVE


def test_the_strictest_part_decides() -> None:
    assert joined([Word.REPRODUCED, Word.INCONCLUSIVE, Word.REFUTED]) is Word.REFUTED
    assert joined([Word.REPRODUCED, Word.INCONCLUSIVE]) is Word.INCONCLUSIVE
    assert joined([Word.REPRODUCED]) is Word.REPRODUCED
    assert joined([]) is Word.INCONCLUSIVE


def test_every_claim_has_its_judge() -> None:
    assert {claim.judge for claim in load_claims().values()} <= set(all_judges())
    with pytest.raises(LabError, match="expected one of"):
        find_judge("nobody")


def test_a_judge_has_a_name_and_a_schema() -> None:
    judge = find_judge("compare")
    with pytest.raises(ValueError, match="no name of a judge"):
        replace(judge, name="no name")
    with pytest.raises(TypeError, match="no schema"):
        replace(judge, parameters=dict)


def test_faulty_claims_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: 0\ntitel: x\n")
    (tmp_path / "b.yaml").write_text("id: [\n")
    with pytest.raises(LabError) as caught:
        load_claims(tmp_path)
    text = str(caught.value)
    assert "a.yaml: titel: Extra inputs" in text
    assert "a.yaml: title: Field required" in text
    assert "b.yaml: not valid YAML" in text


def test_a_part_knows_how_many_repeats_it_lacks() -> None:
    part = Part("x", Estimate(1.0, 0.8, 1.2, 3, spread=0.05), low=0.9, high=1.1)
    assert part.more_repeats is not None


def test_a_cause_is_told_of_the_parts_that_it_explains() -> None:
    ends = Estimate(2.0, 1.9, 2.1, 5)
    good, bad = Part("kept", ends, high=3.0), Part("broken", ends, high=1.0)
    run = SimpleNamespace()
    found = Judgement((good, bad), "", bad)
    for explains, words in (([], "Why."), (["broken"], "Why."), (["kept"], "It is broken that")):
        cause = Cause(text="Why.", explains=explains)
        assert _cause(cause, found, cast("Run", run)).startswith(words)


def test_every_cause_names_parts_that_there_are() -> None:
    for claim in load_claims().values():
        labels = {part.get("label") for part in claim.parameters.get("parts", {}).values()}
        assert set(claim.refuted_because.explains) <= labels | {None}


def test_the_worst_of_many_equal_parts_refutes_no_oftener_than_one() -> None:
    """Each part is exactly at its bound, and its interval outside in 2.5% of runs."""
    rng = np.random.default_rng(8)
    parts, runs = 8, 600
    alone, together = 0, 0
    for _ in range(runs):
        found = [estimate(np.exp(rng.normal(0, 0.08, 5))) for _ in range(parts)]
        made_of = [Part(str(n), one, low=1.0) for n, one in enumerate(found)]
        alone += any(part.verdict is Word.REFUTED for part in made_of)
        whole = Judgement(tuple(made_of), "", most_telling(made_of))
        together += whole.verdict is Word.REFUTED
    assert alone / runs > 0.12
    assert together / runs <= 0.025 + 0.02


def test_a_part_far_outside_refutes_whatever_stands_beside_it() -> None:
    good = Part("good", estimate([1.0, 1.01, 1.02, 1.0, 0.99]), low=0.5)
    bad = Part("bad", estimate([0.2, 0.21, 0.2, 0.22, 0.2]), low=0.5)
    assert Judgement((good, bad, good), "", bad).verdict is Word.REFUTED
    edge = Part("edge", Estimate(0.45, 0.42, 0.49, 5, "Student's t", 0.05), low=0.5)
    assert Judgement((edge,), "", edge).verdict is Word.REFUTED
    several = Judgement((good, edge, good), "", edge)
    assert several.verdict is Word.INCONCLUSIVE
    assert "one of 3 parts" in several.parts[1].why


def test_nought_is_further_below_a_bound_than_any_other_figure() -> None:
    half = Part("half", estimate([0.2, 0.21, 0.2, 0.22, 0.2]), "x", low=0.5)
    none = Part("none", estimate([0.0] * 5), "x", low=0.5)
    assert half.verdict is none.verdict is Word.REFUTED
    assert most_telling([half, none]).label == "none"
    assert most_telling([none, half]).label == "none"


def test_any_figure_is_infinitely_far_above_a_bound_of_nought() -> None:
    twice = Part("twice", estimate([2.0, 2.1, 2.0, 2.2, 2.0]), "x", high=1.0)
    some = Part("some", estimate([0.1, 0.11, 0.1, 0.12, 0.1]), "x", high=0.0)
    assert twice.verdict is some.verdict is Word.REFUTED
    assert most_telling([twice, some]).label == "some"
    kept = [Part("none", estimate([0.0] * 5), "x", low=0.0), replace(twice, high=2.5)]
    assert most_telling(kept).label == "twice"
