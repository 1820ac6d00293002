"""All answers of a check-up, and the mark of each by its rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from analysis.checkup.answer import Answer, Asked
from analysis.checkup.answers import (
    beyond,
    clients,
    cost,
    crowd,
    deploy,
    habits,
    holds,
    idle,
    leak,
    start,
)
from contract.checkup.figures import QUESTIONS, Question
from contract.checkup.rules import GOOD, UNTOLD, Rules

ANSWERS: Final[dict[str, Callable[[Asked], Answer]]] = {
    "holds": holds.answer,
    "cost": cost.answer,
    "beyond": beyond.answer,
    "idle": idle.answer,
    "crowd": crowd.answer,
    "clients": clients.answer,
    "deploy": deploy.answer,
    "start": start.answer,
    "leak": leak.answer,
    "habits": habits.answer,
}
FAILED: Final = "breaks"
"""The mark of an answer for which a server did not do what was asked, and that no rule marks."""
READ_ON: Final = "Read what happened in its trials below, and in its log, trials/TRIAL/server.log."


@dataclass(frozen=True, slots=True)
class Marked:
    """The answer to a question about the server that a check-up is of; `do` is what helps."""

    question: Question
    answer: Answer
    mark: str
    do: str
    beside: tuple[Answer, ...]
    """Those of the others."""


def ask(asked: Asked) -> dict[str, Answer]:
    """Every question about one server."""
    return {question.name: ANSWERS[question.name](asked) for question in QUESTIONS}


def mark(answer: Answer, rules: Rules) -> tuple[str, str]:
    """The mark and what to do: of the first rule that applies, or good, unless one might apply that
    nobody can tell."""
    for rule in rules.marks:
        value = answer.value(rule.when.column)
        if rule.question == answer.question and value is not None and rule.when.holds(value):
            return rule.mark, rule.do
    if answer.failed:
        return FAILED, READ_ON
    open_ = answer.unread or any(
        rule.question == answer.question
        and (figure := answer.figures.get(rule.when.column)) is not None
        and figure.bounded
        and figure.high is None
        and rule.when.holds(math.inf)
        for rule in rules.marks
    )
    return (GOOD, "") if answer.figures and not open_ else (UNTOLD, "")
