"""The answers of two servers that are asked by turns, from all rounds and from each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.checkup.answer import Answer, Asked, Value
from analysis.checkup.answers.holds import held
from analysis.checkup.questions import ask
from contract.checkup.description import HOLDS
from contract.checkup.way import way_of


@dataclass(frozen=True, slots=True)
class Rounds:
    """A server's answers by question: `whole`, whose figures are means over the rounds and whose
    words are those of the first round that has any; and `each` round's."""

    asked: Asked
    whole: Mapping[str, Answer]
    each: Sequence[Mapping[str, Answer]]

    def values(self, question: str, figure: str) -> list[float | None]:
        """Of a figure, by round."""
        return [one[question].value(figure) for one in self.each]

    def endless(self, question: str, figure: str) -> bool:
        """Whether it may have been any longer in one of the rounds."""
        value = self.whole[question].figures.get(figure)
        return value is not None and value.bounded and value.high is None

    def failures(self, question: str) -> list[bool]:
        """Whether the server failed it, by round."""
        return [one[question].failed for one in self.each]


def both(asked: Sequence[Asked]) -> list[Rounds]:
    """Of the servers of a comparison, which have the rate in common that the lesser one holds."""
    loaded = [replace(one, way=way_of(one.rows)) for one in asked]
    rates = [found.belief.median for one in loaded if (found := held(one))]
    return [_rounds(replace(one, common_per_s=min(rates, default=None))) for one in loaded]


def mean(values: Sequence[float]) -> float:
    """The geometric one where there is one, as ratios have it."""
    if len(set(values)) == 1:
        return values[0]
    if min(values) > 0:
        return float(np.exp(np.log(values).mean()))
    return float(np.mean(values))


def _rounds(asked: Asked) -> Rounds:
    each = [ask(asked.in_round(one)) for one in range(1, asked.about.rounds + 1)]
    whole = {name: _whole([one[name] for one in each]) for name in each[0]}
    return Rounds(asked, {**whole, HOLDS: each[0][HOLDS]}, each)


def _whole(answers: Sequence[Answer]) -> Answer:
    """Of one question, over the rounds."""
    first = next((one for one in answers if one.figures), answers[0])
    names = dict.fromkeys(name for one in answers for name in one.figures)
    seen = {name: [one.figures[name] for one in answers if name in one.figures] for name in names}
    return replace(
        first,
        figures={name: _mean(some) for name, some in seen.items()},
        failed=any(one.failed for one in answers),
        unread=any(one.unread for one in answers),
    )


def _mean(values: Sequence[Value]) -> Value:
    """Without an upper end where one of them has none."""
    value = mean([one.value for one in values])
    endless = any(one.bounded and one.high is None for one in values)
    return Value(value, value, None, bounded=True) if endless else Value(value)
