"""The caller's own thresholds: kept, not kept, or nobody can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.checkup.answer import Answer, Value
from contract.checkup.figures import FIGURES
from contract.exits import Exit
from contract.thresholds import Threshold

Word = Literal["kept", "not kept", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One of them, with the figure that it is about; None where there is none."""

    threshold: str
    figure: str
    word: Word
    value: Value | None


def judge(wanted: Sequence[Threshold], answers: Mapping[str, Answer], whole: bool) -> list[Judged]:
    """A figure with an interval keeps a threshold, or breaks it, if both its ends do. What a server
    failed to show, in any of its rounds or at an end that is open, it does not keep. Of a check-up
    that is not `whole` nothing is kept yet."""
    return [_judged(one, answers, whole) for one in wanted]


def ending(judged: Sequence[Judged]) -> Exit:
    """EXCEEDED where one is not kept, CANNOT_TELL where one is not known."""
    words = {one.word for one in judged}
    if "not kept" in words:
        return Exit.EXCEEDED
    return Exit.CANNOT_TELL if "cannot tell" in words else Exit.OK


def _judged(one: Threshold, answers: Mapping[str, Answer], whole: bool) -> Judged:
    question = next(figure.question for figure in FIGURES if figure.name == one.column)
    answer = answers[question]
    value = answer.figures.get(one.column)
    if one.column in answer.survived:
        value = None  # of the rounds that are left
    if value is None:
        return Judged(one.text, one.column, "not kept" if answer.failed else "cannot tell", None)
    keeps = {one.holds(end) for end in value.ends}
    shown = math.isfinite(sum(value.ends)) or not answer.failed
    if keeps == {False} or (False in keeps and not shown):
        return Judged(one.text, one.column, "not kept", value)
    return Judged(
        one.text, one.column, "kept" if keeps == {True} and whole else "cannot tell", value
    )
