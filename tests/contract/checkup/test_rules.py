"""What `checkup.yaml` may say, and what is told of what it may not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from contract.checkup.figures import FIGURES, QUESTION_NAMES
from contract.checkup.rules import RulesError, rules_of
from experiments.checkup.rules_file import USUAL


@pytest.fixture
def usual() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(USUAL.read_text())
    return found


def faults(document: object) -> str:
    with pytest.raises(RulesError) as told:
        rules_of(document)
    return str(told.value)


def test_the_usual_file_has_rules_for_every_question(usual: dict[str, Any]) -> None:
    rules = rules_of(usual)
    assert {one.question for one in rules.marks} == set(QUESTION_NAMES)
    assert (rules.limits.p99_ms, rules.limits.error_share) == (50, 0.001)
    assert (rules.connections, rules.idle_connections, rules.crowd) == (64, 10_000, 1_000)
    assert not rules.thresholds


def test_every_figure_belongs_to_a_question() -> None:
    assert {one.question for one in FIGURES} == set(QUESTION_NAMES)


def test_all_faults_are_told_at_once(usual: dict[str, Any]) -> None:
    usual |= {
        "p99_ms": -1,
        "crowd": 10.5,
        "error_share": True,
        "tresholds": [],
        "slow_writers": "many",
    }
    usual |= {"thresholds": ["holds_per_s => 1", 5, "rate > 3"]}
    usual["marks"] = [
        {"question": "cost", "mark": "bad", "when": "holds_per_s < 1", "do": ""},
        {"question": "cost"},
        {"question": "price", "mark": "breaks", "when": "holds_per_s < 1", "do": "Think."},
    ]
    told = faults(usual).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "tresholds",
        *("p99_ms", "error_share", "crowd", "slow_writers"),
        *("thresholds[0]", "thresholds[1]", "thresholds[2]"),
        *("marks[0]", "marks[0]", "marks[0]", "marks[1]", "marks[2]"),
    ]
    assert told[0] == "tresholds: no such key; did you mean 'thresholds'?"
    assert told[3] == "crowd: 10.5; has to be a whole number from 2 to 10,000"
    assert told[7] == "thresholds[2]: 'rate > 3': rate is no figure of a check-up"
    assert "holds_per_s is a figure of holds, not of cost" in told[10]


def test_more_failures_than_a_percentile_leaves_out_are_no_limit(usual: dict[str, Any]) -> None:
    told = faults({**usual, "error_share": 0.02})
    assert told == "error_share: 0.02; has to be a number from 0 to 0.01"


@pytest.mark.parametrize("document", [None, [], "text"])
def test_a_document_without_keys(document: object) -> None:
    assert "has to be keys with values" in faults(document)


@pytest.mark.parametrize("name", ["thresholds", "marks"])
def test_what_has_to_be_a_list(usual: dict[str, Any], name: str) -> None:
    assert faults({**usual, name: "holds_per_s > 1"}) == f"{name}: has to be a list"
