"""What a check-up holds a server to: its limits, thresholds, and the rules by which answers are
marked, as `checkup.yaml` has them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from contract.checkup.figures import BY_RATE, FIGURES, NAMES, QUESTION_NAMES
from contract.checkup.kept import Limits
from contract.thresholds import Threshold, parse

Mark = Literal["breaks", "look at this"]
MARKS: Final[tuple[Mark, ...]] = get_args(Mark)
"""The worst first."""
AnyMark = Literal["good", "look at this", "breaks", "not told"]
"""An answer's mark: that of a rule, or that none applies, or that nobody can tell."""
GOOD: Final = "good"
UNTOLD: Final = "not told"
NUMBERS: Final[Mapping[str, tuple[float, float]]] = {
    "p99_ms": (0.1, 60_000),
    "error_share": (0, 0.01),  # what a 99th percentile leaves out: beyond it, that is unknown
    "connections": (1, 10_000),
    "idle_connections": (1, 50_000),
    "crowd": (2, 10_000),
    "slow_writers": (0, 1_000),
    "vanishing_per_s": (0, 1_000),
    "slow_readers": (0, 1_000),
    "hostile_per_s": (0, 1_000),
    "flood_descriptors": (0, 20_000),
    "habits_s": (0, 120),
}
"""Keys of numbers, with the range of each."""
WHOLE: Final = (
    *("connections", "idle_connections", "crowd", "slow_writers", "slow_readers"),
    "flood_descriptors",
)
RULE_KEYS: Final = ("question", "mark", "when", "do")


class RulesError(ValueError):
    """All that is wrong with a document, a line each."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An answer to the question has this mark when its figure is as said; `do` says what helps."""

    question: str
    mark: Mark
    when: Threshold
    do: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of a rate that is held; what is asked; the caller's own thresholds; and the rules
    for marks, of which the worst that applies to an answer counts."""

    limits: Limits
    questions: tuple[str, ...]
    """Those that are asked, in the order of all."""
    connections: int
    idle_connections: int
    crowd: int
    slow_writers: int
    vanishing_per_s: float
    slow_readers: int
    hostile_per_s: float
    flood_descriptors: int
    """That each process may have while it is flooded; 0: it is not."""
    habits_s: float
    """How long silent connections are watched; 0: its habits are not asked for."""
    thresholds: tuple[Threshold, ...]
    marks: tuple[Rule, ...]


def rules_of(document: object) -> Rules:
    """From the plain data of a whole file. Raises RulesError."""
    faults: list[str] = []
    given = document if isinstance(document, dict) else {}
    if not isinstance(document, dict):
        faults.append("has to be keys with values")
    known = [*NUMBERS, "questions", "thresholds", "marks"]
    faults += [
        f"{key}: no such key; {_nearest(str(key), known)}" for key in given if key not in known
    ]
    numbers = {name: _number(given, name, faults) for name in NUMBERS}
    questions = _questions(given, faults)
    thresholds = [
        _threshold(one, f"thresholds[{place}]", questions, faults)
        for place, one in enumerate(_list(given, "thresholds", faults))
    ]
    marks = [
        _rule(one, f"marks[{place}]", faults)
        for place, one in enumerate(_list(given, "marks", faults))
    ]
    if faults:
        raise RulesError("\n".join(faults))
    return Rules(
        Limits(numbers["p99_ms"], numbers["error_share"]),
        questions,
        int(numbers["connections"]),
        int(numbers["idle_connections"]),
        int(numbers["crowd"]),
        int(numbers["slow_writers"]),
        numbers["vanishing_per_s"],
        int(numbers["slow_readers"]),
        numbers["hostile_per_s"],
        int(numbers["flood_descriptors"]),
        numbers["habits_s"],
        tuple(one for one in thresholds if one),
        tuple(one for one in marks if one),
    )


def _number(given: Mapping[str, Any], name: str, faults: list[str]) -> float:
    low, high = NUMBERS[name]
    value: Any = given.get(name)
    kinds = (int,) if name in WHOLE else (int, float)
    if type(value) not in kinds or not low <= value <= high:  # a flag is no number
        kind = "a whole number" if name in WHOLE else "a number"
        said = "missing" if name not in given else f"{value!r}"
        faults.append(f"{name}: {said}; has to be {kind} from {low:,g} to {high:,g}")
        return low
    return float(value)


def _questions(given: Mapping[str, Any], faults: list[str]) -> tuple[str, ...]:
    """Rules that were recorded before there was a choice have none: all questions are asked."""
    wanted = _list(given, "questions", faults) if "questions" in given else QUESTION_NAMES
    asked = set(map(str, wanted))
    faults += [
        f"questions: {one}: no such question; {_nearest(one, [*QUESTION_NAMES])}"
        for one in sorted(asked - set(QUESTION_NAMES))
    ]
    if not asked:
        faults.append(f"questions: name at least one of {', '.join(QUESTION_NAMES)}")
    if asked & BY_RATE:
        asked.add("holds")
    return tuple(one for one in QUESTION_NAMES if one in asked)


def _list(given: Mapping[str, Any], name: str, faults: list[str]) -> list[object]:
    value = given.get(name, [])
    if not isinstance(value, list):
        faults.append(f"{name}: has to be a list")
        return []
    return value


def _threshold(
    text: object, where: str, questions: Collection[str], faults: list[str]
) -> Threshold | None:
    try:
        if not isinstance(text, str):
            raise ValueError(f"{text!r} is not FIGURE < NUMBER, as in holds_per_s > 2000")
        found = parse(text, NAMES, "no figure of a check-up")
        if (of := _question_of(found)) not in questions:
            raise ValueError(f"{found.column} is a figure of {of}, which is not asked")
    except ValueError as error:
        faults.append(f"{where}: {error}")
        return None
    return found


def _question_of(threshold: Threshold) -> str:
    return next(one.question for one in FIGURES if one.name == threshold.column)


def _rule(given: object, where: str, faults: list[str]) -> Rule | None:
    if not isinstance(given, dict) or set(given) != set(RULE_KEYS):
        faults.append(f"{where}: has to have the keys {', '.join(RULE_KEYS)}, and no other")
        return None
    before = len(faults)
    for key, choices in (("question", QUESTION_NAMES), ("mark", MARKS)):
        if given[key] not in choices:
            faults.append(f"{where}: {key} is {given[key]!r}; one of {', '.join(choices)}")
    if not isinstance(given["do"], str) or not given["do"].strip():
        faults.append(f"{where}: do has to be a sentence: what helps")
    when = _threshold(given["when"], where, QUESTION_NAMES, faults)
    of = _question_of(when) if when else None
    if when and given["question"] in QUESTION_NAMES and of != given["question"]:
        faults.append(f"{where}: {when.column} is a figure of {of}, not of {given['question']}")
    if len(faults) > before or when is None:
        return None
    return Rule(given["question"], given["mark"], when, given["do"].strip())


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"one of {', '.join(known)}"
