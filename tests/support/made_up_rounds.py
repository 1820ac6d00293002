"""Made-up answers about two servers that are asked by turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.checkup.answer import Answer, ServerRows, Value
from analysis.checkup.two_servers.change import Change
from analysis.checkup.two_servers.changes import changes
from analysis.checkup.two_servers.rounds import Rounds, whole_of
from contract.checkup.description import ComparedWith, Described
from contract.checkup.figures import FIGURES, QUESTIONS
from contract.checkup.rules import rules_of
from experiments.checkup.rules_file import read_rules

N = 5
Values = Mapping[str, Sequence[float | Value | None]]


def rounds(
    server: str,
    values: Values,
    failed: Mapping[str, int] | None = None,
    silent: Mapping[str, int] | None = None,
    number: int = N,
) -> Rounds:
    """Answers with these figures by round. Of a question the first so many are `failed`, and so
    many are `silent`, the last ones: they say nothing."""
    compared = ComparedWith("old", number, 0.1)
    about = Described("new", ("old",), 12, rules_of(read_rules(None)), compared)
    each = []
    for at in range(number):
        answers = {}
        for question in (one.name for one in QUESTIONS):
            said = at < number - (silent or {}).get(question, 0)
            known = {
                one.name: value if isinstance(value, Value) else Value(value)
                for one in FIGURES
                if said and one.question == question and one.name in values
                if (value := values[one.name][at]) is not None
            }
            fails = at < (failed or {}).get(question, 0)
            answers[question] = Answer(question, server, "", "", known, fails)
        each.append(answers)
    whole = {name: whole_of([one[name] for one in each], [False] * number, ()) for name in each[0]}
    return Rounds(ServerRows(about, server, []), whole, each)


def compared(
    base: Values, other: Values, failed: Mapping[str, int] | None = None
) -> dict[str, Change]:
    """What changed, by figure; the other fails the first so many rounds of a question."""
    found = changes(rounds("old", base), rounds("new", other, failed))
    return {one.figure: one for one in found}


def same(value: float | Value | None, number: int = N) -> list[float | Value | None]:
    """In each round."""
    return [value] * number
