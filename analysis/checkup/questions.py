"""All answers of a check-up, and the mark of each by its rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from analysis.checkup.answer import Answer, ServerRows
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
from contract.checkup.figures import HOW_FAR, Question
from contract.checkup.rules import GOOD, MARKS, UNTOLD, AnyMark, Rules
from contract.thresholds import Threshold

ANSWERS: Final[dict[str, Callable[[ServerRows], Answer]]] = {
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
    mark: AnyMark
    do: str
    beside: tuple[Answer, ...]
    """Those of the others."""


def ask(asked: ServerRows) -> dict[str, Answer]:
    """Every question of its check-up about one server."""
    return {name: ANSWERS[name](asked) for name in asked.about.rules.questions}


def mark(answer: Answer, rules: Rules) -> tuple[AnyMark, str]:
    """The mark and what to do: of the worst rule that applies, or good, unless one might apply that
    nobody can tell. What the server failed breaks, whatever a rule says of its figures, but for
    a limit of its own, of which a figure says how far it went."""
    own = [rule for rule in rules.marks if rule.question == answer.question]
    for rule in sorted(own, key=lambda rule: MARKS.index(rule.mark)):
        value = answer.value(rule.when.column)
        if value is not None and rule.when.holds(value):
            hides = answer.failed and not (answer.met_limit and rule.when.column in HOW_FAR)
            return (FAILED if hides else rule.mark), rule.do
    if answer.failed:
        return FAILED, READ_ON
    unknown = answer.unread or any(_might_hold(rule.when, answer) for rule in own)
    return (GOOD, "") if answer.figures and not unknown else (UNTOLD, "")


def _might_hold(when: Threshold, answer: Answer) -> bool:
    """Whether it might, where the figure is missing, or at an end of it that is open."""
    figure = answer.figures.get(when.column)
    if figure is None:
        return when.column not in answer.without
    return any(math.isinf(end) and when.holds(end) for end in figure.ends)
