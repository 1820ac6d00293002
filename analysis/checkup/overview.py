"""Many servers in one table: which of them breaks on which question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.checkup.answer import Answer
from analysis.checkup.figures import MANY
from analysis.checkup.questions import mark
from analysis.tables import Table
from analysis.wording import server_name
from contract.checkup.rules import AnyMark, Rules

SIGNS: Final[dict[AnyMark, str]] = {
    "good": "✓",
    "look at this": "!",
    "breaks": "✗",
    "not told": "○",
}
"""A sign for each mark."""


def overview(answers: Sequence[Mapping[str, Answer]], rules: Rules) -> Table | None:
    """A row for each server, a column for each question, with the mark and the answer in a few
    words; None of a few servers."""
    if len(answers) < MANY:
        return None
    rows = [
        [
            server_name(next(iter(each.values())).server),
            *(_cell(each[name], rules) for name in rules.questions),
        ]
        for each in answers
    ]
    return Table(["server", *rules.questions], rows, [False] * (1 + len(rules.questions)))


def _cell(answer: Answer, rules: Rules) -> str:
    return f"{SIGNS[mark(answer, rules)[0]]} {answer.short}"
